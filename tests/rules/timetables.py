"""Generated calling windows, closed days and timetables; many of them open or close near a given instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from outdial.domain.calling_windows import CallingWindow, Timetable
from outdial.domain.closed_days import ClosedDays
from tests.rules.zones import ZONES, instants_near_changes, wall_of

MINUTES = 24 * 60
CALENDARS = ("US", "US-FL", "US-LA", "GB", "GB-SCT", "IL")
_WEEK = 7 * MINUTES

zone_names = st.sampled_from(ZONES)


def written_window(days: Sequence[int], start: int, length: int) -> dict[str, Any]:
    """A window of `length` minutes from minute `start` of the days on, as a campaign file has it."""
    end = start + length
    return {
        "dayOfWeek": sorted(days),
        "startHour": start // 60,
        "startMinute": start % 60,
        # Midnight is written both as 24 of the day and as 0 of the next.
        "endHour": 24 if end == MINUTES and length % 2 == 0 else end % MINUTES // 60,
        "endMinute": end % 60,
    }


def _days(mask: int) -> list[int]:
    return [day for day in range(7) if mask >> day & 1]


USUAL = (
    written_window(range(7), 0, MINUTES),
    written_window(range(7), 8 * 60, 13 * 60),
    written_window(range(1, 6), 9 * 60, 8 * 60),
    written_window([0, 6], 22 * 60, 4 * 60),
    written_window(range(7), 90, 60),
)

# Plain numbers, made into windows when the instant is known: strategies that are built anew for every
# example would take most of the time.
raw_window = st.tuples(
    st.integers(0, 3), st.integers(0, 127), st.integers(0, MINUTES - 1), st.integers(1, MINUTES - 1)
)
_raw_closed = st.tuples(
    st.booleans(),
    st.lists(st.integers(-2, 9), max_size=3),
    st.lists(st.sampled_from(CALENDARS), max_size=2, unique=True).map(tuple),
)
_raw_timetable = st.tuples(st.lists(raw_window, min_size=1, max_size=3), _raw_closed)

RawTimetable = tuple[list[tuple[int, int, int, int]], tuple[bool, list[int], tuple[str, ...]]]


def window_near(wall: datetime, kind: int, mask: int, start: int, length: int) -> dict[str, Any]:
    """A usual window, any window, or one that starts or ends within two hours of `wall`."""
    if kind == 0:
        return USUAL[start % len(USUAL)]
    if kind == 1:
        return written_window(_days(mask or 127), start, length)
    edge = wall + timedelta(minutes=start % 240 - 120)
    begins = edge if kind == 2 else edge - timedelta(minutes=length)
    days = {begins.isoweekday() % 7, *_days(mask)}
    return written_window(days, begins.hour * 60 + begins.minute, length)


def timetable_near(wall: datetime, raw: RawTimetable) -> Timetable:
    """A timetable whose edges and closed days lie around `wall`; half of them are never closed."""
    windows, (closes, days, calendars) = raw
    written = [window_near(wall, *window) for window in windows]
    closed = ClosedDays(frozenset((wall + timedelta(days=n)).date() for n in days), calendars)
    return Timetable(
        "some hours",
        tuple(CallingWindow.model_validate(window) for window in written),
        closed if closes else ClosedDays(),
    )


raw_timetables = st.lists(_raw_timetable, min_size=1, max_size=3)
one_or_two_raw_timetables = st.lists(_raw_timetable, min_size=1, max_size=2)


@st.composite
def situations(
    draw: st.DrawFn, raw: st.SearchStrategy[list[RawTimetable]] = raw_timetables, most_zones: int = 3
) -> tuple[list[Timetable], list[str], datetime]:
    """Timetables, zones, and an instant at which one of the zones often changes its offset."""
    names = draw(st.lists(zone_names, min_size=1, max_size=most_zones))
    at = draw(instants_near_changes(names[0]))
    wall = wall_of(names[0], at)
    return [timetable_near(wall, one) for one in draw(raw)], names, at
