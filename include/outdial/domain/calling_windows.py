"""When a person may be called: windows on the clock on their own wall.

The rule is about wall-clock time: a moment is open if and only if the local wall time at that moment is
inside a window. In the hour a DST change repeats, both passes are inside; the hour it skips never happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

MINUTES_A_DAY = 24 * 60
SEARCH_DAYS = 9
"""Windows repeat weekly; one more day each side covers windows over midnight and zone offsets."""


class CallingWindow(BaseModel):
    """One span of wall-clock time on some days of the week; it belongs to the day it starts on.

    `day_of_week` counts from 0 = Sunday. An end at or before the start lies on the following day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    day_of_week: tuple[int, ...] = Field(min_length=1)
    start_hour: int = Field(ge=0, le=23)
    end_hour: int = Field(ge=0, le=24)
    start_minute: int = Field(0, ge=0, le=59)
    end_minute: int = Field(0, ge=0, le=59)

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

    def covers(self, wall: datetime) -> bool:
        """Whether the wall-clock time `wall` is inside, start included and end excluded."""
        minute = wall.hour * 60 + wall.minute
        today, yesterday = wall.isoweekday() % 7, (wall.isoweekday() - 1) % 7
        return (today in self.day_of_week and self.starts_at <= minute < self.ends_at) or (
            yesterday in self.day_of_week and minute + MINUTES_A_DAY < self.ends_at
        )


def is_open(windows: Sequence[CallingWindow], zones: Sequence[ZoneInfo], at: datetime) -> bool:
    """Whether `at` lies inside a window on the wall clock of every one of `zones`.

    A number that may stand in several zones is open only while all of them are: the strictest reading.
    """
    walls = [at.astimezone(zone) for zone in zones]
    return all(any(window.covers(wall) for window in windows) for wall in walls)


def closes_at(windows: Sequence[CallingWindow], zones: Sequence[ZoneInfo], at: datetime) -> datetime | None:
    """The first instant after `at` that is not open, or None if that never comes."""
    return next((edge for edge in _edges(windows, zones, at) if not is_open(windows, zones, edge)), None)


def next_opening(
    windows: Sequence[CallingWindow], zones: Sequence[ZoneInfo], at: datetime
) -> datetime | None:
    """`at` itself where open, else the first instant after it that is; None if that never comes."""
    if is_open(windows, zones, at):
        return at
    return next((edge for edge in _edges(windows, zones, at) if is_open(windows, zones, edge)), None)


def _edges(
    windows: Sequence[CallingWindow], zones: Sequence[ZoneInfo], after: datetime
) -> Iterator[datetime]:
    """Every instant after `after`, in order, at which a window may open or close in one of `zones`."""
    minutes = {minute for window in windows for minute in (window.starts_at, window.ends_at)}
    edges: set[datetime] = set()
    for zone in zones:
        first_day = after.astimezone(zone).date() - timedelta(days=1)
        for day in (first_day + timedelta(days=n) for n in range(SEARCH_DAYS + 1)):
            edges.update(_zone_changes(zone, day))
            for minute in minutes:
                edges.update(_instants(zone, day, minute))
    return iter(sorted(edge for edge in edges if edge > after))


def _instants(zone: ZoneInfo, day: date, minute: int) -> set[datetime]:
    """The instants at which the wall clock shows `minute` of `day`: two where DST repeats the hour."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}


def _zone_changes(zone: ZoneInfo, day: date) -> set[datetime]:
    """The instant within `day` at which the zone's offset changes, to the minute, if any."""
    start = datetime.combine(day, time(), UTC)
    low, high = start, start + timedelta(days=1)
    if low.astimezone(zone).utcoffset() == high.astimezone(zone).utcoffset():
        return set()
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
            low = middle
        else:
            high = middle
    return {high}
