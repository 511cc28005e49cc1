"""Puts quarter hours on the wall clocks of the campaign and of the people called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from outdial.domain.ranking import HOURS_A_DAY
from outdial.reports.figures import Hours, HourTotals
from outdial.storage.report import QuarterHour

UNKNOWN_HOUR = -1
"""The hour of calls to people whose possible zones show different hours."""


def hours_of_day(quarters: Sequence[QuarterHour], zone: str) -> Hours:
    """Calls by hour of the day in `zone`, the campaign's own, and on the clocks of those called."""
    local = _sum_by_hour((local_hour(tuple(q.zones), q.quarter), q) for q in quarters)
    return Hours(
        campaign_zone=_whole_day(_sum_by_hour((local_hour((zone,), q.quarter), q) for q in quarters)),
        local=_whole_day(local),
        local_unknown=_entry(local, UNKNOWN_HOUR),
    )


@lru_cache(maxsize=4096)
def local_hour(zones: tuple[str, ...], at: datetime) -> int:
    """The hour all of `zones` show at `at`, or UNKNOWN_HOUR where they differ."""
    hours = {at.astimezone(ZoneInfo(zone)).hour for zone in zones}
    return hours.pop() if len(hours) == 1 else UNKNOWN_HOUR


def _sum_by_hour(placed: Iterable[tuple[int, QuarterHour]]) -> dict[int, tuple[int, int]]:
    sums: dict[int, tuple[int, int]] = {}
    for hour, quarter in placed:
        originates, answered = sums.get(hour, (0, 0))
        sums[hour] = (originates + quarter.originates, answered + quarter.answered)
    return sums


def _whole_day(sums: dict[int, tuple[int, int]]) -> list[HourTotals]:
    return [_entry(sums, hour) for hour in range(HOURS_A_DAY)]


def _entry(sums: dict[int, tuple[int, int]], hour: int) -> HourTotals:
    originates, answered = sums.get(hour, (0, 0))
    return HourTotals(hour=hour, originates=originates, answered=answered)
