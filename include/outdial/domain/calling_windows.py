"""When a person may be called: windows on the clock on their own wall, and days on which there are none.

The rule is about wall-clock time: a moment is open if and only if the local wall time at that moment is
inside a window. In the hour a DST change repeats, both passes are inside; the hour it skips never happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain, takewhile
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from outdial.domain.closed_days import NEVER_CLOSED, ClosedDays

MINUTES_A_DAY = 24 * 60
MINUTES_A_WEEK = 7 * MINUTES_A_DAY
ONE_DAY = timedelta(days=1)
SEARCH_DAYS = 400
"""Windows repeat weekly and holidays yearly: what does not open by then never does."""


class CallingWindow(BaseModel):
    """One span of wall-clock time on some days of the week; it belongs to the day it starts on.

    `day_of_week` counts from 0 = Sunday. An end at or before the start lies on the following day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    day_of_week: tuple[int, ...] = Field(min_length=1)
    start_hour: int = Field(ge=0, le=23)
    end_hour: int = Field(ge=0, le=24)
    start_minute: int = Field(default=0, ge=0, le=59)
    end_minute: int = Field(default=0, ge=0, le=59)

    @model_validator(mode="after")
    def _means_something(self) -> CallingWindow:
        if not all(0 <= day <= 6 for day in self.day_of_week):  # noqa: PLR2004 - days of a week
            raise ValueError("dayOfWeek takes 0 (Sunday) to 6 (Saturday)")
        if self.end_hour == 24 and self.end_minute:  # noqa: PLR2004 - midnight
            raise ValueError("endHour 24 is midnight and takes no endMinute")
        if (self.start_hour, self.start_minute) == (self.end_hour, self.end_minute):
            raise ValueError("the window is empty; for a whole day write startHour 0 and endHour 24")
        return self

    @property
    def starts_at(self) -> int:
        """Minutes after midnight of the window's day."""
        return self.start_hour * 60 + self.start_minute

    @property
    def ends_at(self) -> int:
        """Minutes after midnight of the window's day, more than a day where it runs over midnight."""
        end = self.end_hour * 60 + self.end_minute
        return end if end > self.starts_at else end + MINUTES_A_DAY

    def covers(self, wall: datetime, closed_on: ClosedDays = NEVER_CLOSED) -> bool:
        """Whether the wall-clock time `wall` is inside, start included and end excluded.

        A window that would start on a closed day does not, and none reaches into one.
        """
        minute, day = wall.hour * 60 + wall.minute, wall.date()
        if self.starts_on(day) and self.starts_at <= minute < self.ends_at:
            return day not in closed_on
        eve = day - ONE_DAY
        if not self.starts_on(eve) or minute + MINUTES_A_DAY >= self.ends_at:
            return False
        return day not in closed_on and eve not in closed_on

    def starts_on(self, day: date) -> bool:
        """Whether the window's weekdays include that of `day`."""
        return day.isoweekday() % 7 in self.day_of_week


@dataclass(frozen=True)
class Timetable:
    """Hours that somebody set: the campaign for itself, or a jurisdiction for everyone in it.

    `source` is where a jurisdiction's rule is written; the campaign's own has none.
    """

    name: str
    windows: tuple[CallingWindow, ...]
    closed_on: ClosedDays = field(default=NEVER_CLOSED)
    source: str | None = None

    def covers(self, wall: datetime) -> bool:
        """Whether the wall-clock time `wall` is inside a window, on a day that is not closed."""
        return any(window.covers(wall, self.closed_on) for window in self.windows)

    @property
    def never_closes(self) -> bool:
        """Whether every minute of every day is inside, as with windows from 0 to 24 on all days."""
        return self.closed_on == NEVER_CLOSED and _fill_the_week(self.windows)


@lru_cache(maxsize=1024)
def _fill_the_week(windows: tuple[CallingWindow, ...]) -> bool:
    covered = {
        (day * MINUTES_A_DAY + minute) % MINUTES_A_WEEK
        for window in windows
        for day in window.day_of_week
        for minute in range(window.starts_at, window.ends_at)
    }
    return len(covered) == MINUTES_A_WEEK


def is_open(timetables: Sequence[Timetable], zones: Sequence[ZoneInfo], at: datetime) -> bool:
    """Whether every timetable covers `at` on the wall clock of every one of `zones`.

    A number that may stand in several zones is open only while all of them are: the strictest reading.
    """
    walls = (at.astimezone(zone) for zone in zones)
    return all(timetable.covers(wall) for wall in walls for timetable in timetables)


def closes_at(timetables: Sequence[Timetable], zones: Sequence[ZoneInfo], at: datetime) -> datetime | None:
    """The first instant after `at` that is not open, or None if that never comes."""
    if all(timetable.never_closes for timetable in timetables):
        return None
    return next(
        (edge for edge in _edges(timetables, zones, at) if not is_open(timetables, zones, edge)), None
    )


def next_opening(
    timetables: Sequence[Timetable],
    zones: Sequence[ZoneInfo],
    at: datetime,
    before: datetime | None = None,
) -> datetime | None:
    """`at` itself where open, else the first instant after it that is; None if none comes `before` then."""
    last = datetime.max.replace(tzinfo=UTC) if before is None else before
    candidates = chain((at,), takewhile(lambda edge: edge < last, _edges(timetables, zones, at)))
    return next((edge for edge in candidates if edge < last and is_open(timetables, zones, edge)), None)


def _edges(timetables: Sequence[Timetable], zones: Sequence[ZoneInfo], after: datetime) -> Iterator[datetime]:
    """Every instant after `after`, in order, at which a timetable may open or close in one of `zones`."""
    minutes = {0} | {
        minute
        for timetable in timetables
        for window in timetable.windows
        for minute in (window.starts_at % MINUTES_A_DAY, window.ends_at % MINUTES_A_DAY)
    }
    start = after.astimezone(UTC)
    for _ in range(SEARCH_DAYS):
        end = start + ONE_DAY
        found = _edges_between(zones, minutes, start, end)
        yield from sorted(edge for edge in found if start < edge <= end)
        start = end


def _edges_between(
    zones: Sequence[ZoneInfo], minutes: set[int], start: datetime, end: datetime
) -> set[datetime]:
    """Instants between `start` and `end`, a day later, and some around them."""
    spans = [(zone, start.astimezone(zone), end.astimezone(zone)) for zone in zones]
    # Nearly every day clocks run beside UTC, which costs no zone arithmetic, and many show the same time.
    steady = {first.utcoffset() or timedelta() for _, first, last in spans if _is_steady(first, last)}
    found = {edge for offset in steady for edge in _steady_edges(offset, minutes, start, end)}
    for zone, first, last in spans:
        if not _is_steady(first, last):
            found.update(_changing_edges(zone, minutes, first, last))
    return found


def _is_steady(first: datetime, last: datetime) -> bool:
    return first.utcoffset() == last.utcoffset()


def _steady_edges(offset: timedelta, minutes: set[int], start: datetime, end: datetime) -> Iterator[datetime]:
    for day in _days((start + offset).date(), (end + offset).date()):
        midnight = datetime.combine(day, time(), UTC) - offset
        yield from (midnight + timedelta(minutes=minute) for minute in minutes)


def _changing_edges(zone: ZoneInfo, minutes: set[int], first: datetime, last: datetime) -> Iterator[datetime]:
    yield _zone_change(zone, first.astimezone(UTC), last.astimezone(UTC))
    # A clock that is put back shows the end of the day before once more.
    for day in _days(first.date() - ONE_DAY, last.date() + ONE_DAY):
        for minute in minutes:
            yield from _instants(zone, day, minute)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + n * ONE_DAY for n in range((last - first).days + 1))


def _instants(zone: ZoneInfo, day: date, minute: int) -> set[datetime]:
    """The instants at which the wall clock shows `minute` of `day`: two where DST repeats the hour."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}


def _zone_change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """The instant, to the second, at which the offset of `start` ends on the way to that of `end`."""
    low, high = start.replace(microsecond=0), end
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
