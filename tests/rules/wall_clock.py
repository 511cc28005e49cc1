"""When somebody may be called, worked out another way than the code does it.

The code asks of one instant whether it is open, and looks for the next edge. Here the open spans of wall
time are written down day by day, carried over to UTC piece by piece between the zone's offset changes, and
cut with each other: an instant is open if it lies in what remains.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache

import holidays

from outdial.domain.calling_windows import CallingWindow, Timetable
from outdial.domain.closed_days import ClosedDays
from tests.rules.zones import offset_table

Span = tuple[datetime, datetime]
"""From the first instant, included, to the last, excluded; naive."""

DAY = timedelta(days=1)


def open_spans(timetables: Sequence[Timetable], names: Sequence[str], at: datetime, days: int) -> list[Span]:
    """The spans in UTC in which every timetable is open in every zone, from two days before `at` on."""
    first = at.astimezone(UTC).date() - 2 * DAY
    everything: list[Span] | None = None
    for timetable in timetables:
        wall = _wall_spans(timetable, first, days + 4)
        for name in names:
            spans = _in_utc(wall, name)
            everything = spans if everything is None else _both(everything, spans)
    assert everything is not None
    return everything


def is_open_in(spans: Sequence[Span], at: datetime) -> bool:
    """Whether `at` lies in one of the spans."""
    return _span_of(spans, at) is not None


def first_opening_in(spans: Sequence[Span], at: datetime) -> datetime | None:
    """`at` where it is open, else the start of the next span."""
    if is_open_in(spans, at):
        return at
    naive = _naive(at)
    return next((_aware(start) for start, _ in spans if start > naive), None)


def closing_in(spans: Sequence[Span], at: datetime, until: datetime) -> datetime | None:
    """The first instant after `at` in no span; None where that is not before `until`."""
    after = _naive(at) + timedelta(microseconds=1)
    span = _span_of(spans, _aware(after))
    closed = _aware(after) if span is None else _aware(span[1])
    return closed if closed < until else None


def _span_of(spans: Sequence[Span], at: datetime) -> Span | None:
    naive = _naive(at)
    index = bisect_right(spans, naive, key=lambda span: span[0]) - 1
    return spans[index] if index >= 0 and naive < spans[index][1] else None


def _wall_spans(timetable: Timetable, first: date, days: int) -> list[Span]:
    """Open spans of wall time from the day before `first` on, in order and not touching."""
    closed = is_closed(timetable.closed_on)
    spans: list[Span] = []
    for n in range(-1, days):
        day = first + n * DAY
        if closed(day):
            continue
        for window in timetable.windows:
            if int(day.strftime("%w")) in window.day_of_week:
                spans += _pieces(window, day, closed)
    return _merged(spans)


def _pieces(window: CallingWindow, day: date, closed: Callable[[date], bool]) -> Iterable[Span]:
    """The window that starts on `day`, cut at midnight where the next day is closed."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - wall time
    start = midnight + timedelta(hours=window.start_hour, minutes=window.start_minute)
    end = midnight + timedelta(hours=window.end_hour, minutes=window.end_minute)
    if end > start:
        yield start, end
        return
    yield start, midnight + DAY
    if not closed(day + DAY):
        yield midnight + DAY, end + DAY


def is_closed(closed_on: ClosedDays) -> Callable[[date], bool]:
    """Whether a day is one of the dates or a holiday, asked of the calendars themselves."""
    return lambda day: (
        day in closed_on.dates
        or any(day in holidays_of(calendar, day.year) for calendar in closed_on.calendars)
    )


@cache
def holidays_of(calendar: str, year: int) -> frozenset[date]:
    """The public holidays of one year."""
    country, _, part = calendar.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))


def _in_utc(wall: Sequence[Span], name: str) -> list[Span]:
    instants, offsets = offset_table(name)
    spans: list[Span] = []
    for n, (since, offset) in enumerate(zip(instants, offsets, strict=True)):
        until = instants[n + 1] if n + 1 < len(instants) else datetime.max  # noqa: DTZ901 - naive UTC
        if not wall or until <= wall[0][0] - DAY or since >= wall[-1][1] + DAY:
            continue
        for start, end in wall:
            start_utc, end_utc = max(start - offset, since), min(end - offset, until)
            if start_utc < end_utc:
                spans.append((start_utc, end_utc))
    return _merged(spans)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _both(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            found.append((start, end))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return found


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)
