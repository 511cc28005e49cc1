"""Who comes first: the planned hour closest to the local hour now, then the oldest.

A score moves a contact forward; it never makes one callable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def bucket_of(planned_hour: int | None) -> int:
    """The bucket in which a contact with this planned hour stands."""
    return NO_PLANNED_HOUR if planned_hour is None else planned_hour


def level_of(bucket: int, local_hour: int) -> int:
    """Hours between the planned and the local hour, the short way round the clock."""
    if bucket == NO_PLANNED_HOUR:
        return HOURS_A_DAY
    apart = abs(bucket - local_hour)
    return min(apart, HOURS_A_DAY - apart)


def rank_groups(local_hours: Mapping[int, int], buckets: Iterable[int]) -> list[Group]:
    """Every (area, bucket) with its level, for areas whose local hour is given."""
    buckets = list(buckets)
    return [
        Group(area_id, bucket, level_of(bucket, hour))
        for area_id, hour in local_hours.items()
        for bucket in buckets
    ]
