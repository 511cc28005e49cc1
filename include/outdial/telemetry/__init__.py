"""Masked structured logs. Everything may import this room; it imports none."""

from __future__ import annotations
