"""Calls per second: slots from Redis, or from PostgreSQL while Redis is silent."""

from __future__ import annotations
