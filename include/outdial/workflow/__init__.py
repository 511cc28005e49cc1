"""The only room that imports Airflow."""

from __future__ import annotations
