"""Totals from rows, and their JSON, CSV and HTML."""

from __future__ import annotations
