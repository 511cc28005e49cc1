"""Instants as people write them: those of years in which somebody may be called."""

from __future__ import annotations

from datetime import datetime

FIRST_YEAR, LAST_YEAR = 2000, 2999
"""What lies beyond is a slip of the pen, and at the ends of the calendar no zone can be reckoned with."""

OUT_OF_RANGE = f"write a year from {FIRST_YEAR} to {LAST_YEAR}"


def is_in_range(moment: datetime) -> bool:
    """Whether `moment` lies in a year that can be meant."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR
