"""Who comes first: the planned hour closest to the local hour now, then the oldest.

A score moves a contact forward; it never makes one callable.
"""

from __future__ import annotations

from dataclasses import dataclass

HOURS_A_DAY = 24
NO_PLANNED_HOUR = HOURS_A_DAY
"""The bucket of contacts for whom no hour is planned; they come last."""


@dataclass(frozen=True)
class Group:
    """Ready contacts that rank alike: one area, one bucket, and their level (0 comes first)."""

    area_id: int
    bucket: int
    level: int


def level_of(bucket: int, local_hour: int) -> int:
    """Hours between the planned and the local hour, the short way round the clock."""
    if bucket == NO_PLANNED_HOUR:
        return HOURS_A_DAY
    apart = abs(bucket - local_hour)
    return min(apart, HOURS_A_DAY - apart)
