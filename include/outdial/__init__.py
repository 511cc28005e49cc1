"""Outbound voice and SMS campaigns on Apache Airflow."""

from __future__ import annotations
