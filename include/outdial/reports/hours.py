"""Puts quarter hours on the wall clocks of the campaign and of the people called and texted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from outdial.domain.ranking import HOURS_A_DAY
from outdial.reports.figures import Hours, HourTotals
from outdial.reports.text_figures import TextHour, TextHours
from outdial.storage.report import QuarterHour
from outdial.storage.report_texts import TextQuarterHour

UNKNOWN_HOUR = -1
"""The hour of calls and texts to people whose possible zones show different hours."""


class _Quarter(NamedTuple):
    """What was begun in a quarter hour, and how much of it reached people."""

    zones: tuple[str, ...]
    at: datetime
    begun: int
    reached: int


_Sums = Mapping[int, tuple[int, int]]


def hours_of_day(quarters: Sequence[QuarterHour], zone: str) -> Hours:
    """Calls by hour of the day in `zone`, the campaign's own, and on the clocks of those called."""
    given = [_Quarter(tuple(q.zones), q.quarter, q.originates, q.answered) for q in quarters]
    own, local = _by_hour(given, (zone,)), _by_hour(given)
    return Hours(
        campaign_zone=[_calls(own, hour) for hour in range(HOURS_A_DAY)],
        local=[_calls(local, hour) for hour in range(HOURS_A_DAY)],
        local_unknown=_calls(local, UNKNOWN_HOUR),
    )


def text_hours_of_day(quarters: Sequence[TextQuarterHour], zone: str) -> TextHours:
    """Texts likewise."""
    given = [_Quarter(tuple(q.zones), q.quarter, q.texts, q.delivered) for q in quarters]
    own, local = _by_hour(given, (zone,)), _by_hour(given)
    return TextHours(
        campaign_zone=[_texts(own, hour) for hour in range(HOURS_A_DAY)],
        local=[_texts(local, hour) for hour in range(HOURS_A_DAY)],
        local_unknown=_texts(local, UNKNOWN_HOUR),
    )


@lru_cache(maxsize=4096)
def local_hour(zones: tuple[str, ...], at: datetime) -> int:
    """The hour all of `zones` show at `at`, or UNKNOWN_HOUR where they differ."""
    hours = {at.astimezone(ZoneInfo(zone)).hour for zone in zones}
    return hours.pop() if len(hours) == 1 else UNKNOWN_HOUR


def _by_hour(quarters: Iterable[_Quarter], zones: tuple[str, ...] | None = None) -> _Sums:
    """Sums by the hour on the clocks of `zones`, or on those of the people."""
    sums: dict[int, tuple[int, int]] = {}
    for quarter in quarters:
        hour = local_hour(zones or quarter.zones, quarter.at)
        begun, reached = sums.get(hour, (0, 0))
        sums[hour] = (begun + quarter.begun, reached + quarter.reached)
    return sums


def _calls(sums: _Sums, hour: int) -> HourTotals:
    originates, answered = sums.get(hour, (0, 0))
    return HourTotals(hour=hour, originates=originates, answered=answered)


def _texts(sums: _Sums, hour: int) -> TextHour:
    texts, delivered = sums.get(hour, (0, 0))
    return TextHour(hour=hour, texts=texts, delivered=delivered)
