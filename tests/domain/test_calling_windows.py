"""Calling windows: open if and only if the clock on the person's own wall is inside one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

from outdial.domain.calling_windows import CallingWindow, Timetable, closes_at, is_open, next_opening

ZONES = sorted(available_timezones())
FAR = timedelta(days=8)


def of(*windows: CallingWindow) -> list[Timetable]:
    """A campaign's windows as the only timetable."""
    return [Timetable("the campaign", windows)]


windows = st.builds(
    lambda days, start, length: CallingWindow.model_validate({
        "dayOfWeek": sorted(days),
        "startHour": start // 60,
        "startMinute": start % 60,
        "endHour": (start + length) % 1440 // 60,
        "endMinute": (start + length) % 60,
    }),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(1, 1439),
)
instants = st.integers(0, 7 * 365 * 86400).map(
    lambda s: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)
# The hours around the DST changes of a zone that has them, where the rule is hardest.
dst_instants = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from([datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)]),
    st.integers(-180, 180),
)


def inside(window: CallingWindow, wall: datetime) -> bool:
    """The rule written the other way round: walk the days a window may have started on."""
    for days_ago in (0, 1):
        day = wall - timedelta(days=days_ago)
        if (day.isoweekday() % 7) not in window.day_of_week:
            continue
        start = day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=window.starts_at)
        length = timedelta(minutes=window.ends_at - window.starts_at)
        if start <= wall < start + length:
            return True
    return False


@given(
    st.lists(windows, min_size=1, max_size=3),
    st.lists(st.sampled_from(ZONES), min_size=1, max_size=2),
    instants,
)
@settings(max_examples=1000, deadline=None)
def test_calling_windows_are_open_exactly_on_the_wall_clock_of_every_zone(some, names, at):
    zones = [ZoneInfo(name) for name in names]

    walls = [at.astimezone(zone).replace(tzinfo=None) for zone in zones]

    assert is_open(of(*some), zones, at) == all(
        any(inside(window, wall) for window in some) for wall in walls
    )


def by_walking(timetables, zones, at, wanted: bool) -> datetime | None:
    """The first minute after `at` at which the windows are (not) open, found by asking every minute."""
    minute = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute - at < FAR:
        if is_open(timetables, zones, minute) == wanted:
            return minute
        minute += timedelta(minutes=1)
    return None


@given(
    st.lists(windows, min_size=1, max_size=2),
    st.sampled_from([
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Asia/Jerusalem",
        "Africa/Casablanca",
    ]),
    st.one_of(instants, dst_instants),
)
@settings(max_examples=150, deadline=None)
def test_next_opening_and_closing_are_the_first_minutes_that_differ(some, name, at):
    zones = [ZoneInfo(name)]

    if is_open(of(*some), zones, at):
        assert next_opening(of(*some), zones, at) == at
        assert closes_at(of(*some), zones, at) == by_walking(of(*some), zones, at, wanted=False)
    else:
        assert next_opening(of(*some), zones, at) == by_walking(of(*some), zones, at, wanted=True)


def test_two_zones_are_open_only_together():
    office = of(CallingWindow(day_of_week=(1, 2, 3, 4, 5), start_hour=9, end_hour=17))
    both = [ZoneInfo("America/New_York"), ZoneInfo("America/Los_Angeles")]
    monday_nine_in_new_york = datetime(2026, 6, 15, 13, tzinfo=UTC)

    assert not is_open(office, both, monday_nine_in_new_york)
    assert next_opening(office, both, monday_nine_in_new_york) == datetime(2026, 6, 15, 16, tzinfo=UTC)
    assert closes_at(office, both, datetime(2026, 6, 15, 16, tzinfo=UTC)) == datetime(
        2026, 6, 15, 21, tzinfo=UTC
    )


def test_around_the_clock_never_closes():
    always = of(CallingWindow(day_of_week=tuple(range(7)), start_hour=0, end_hour=24))

    assert closes_at(always, [ZoneInfo("Europe/London")], datetime(2026, 3, 28, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"dayOfWeek": [7], "startHour": 9, "endHour": 17}, "dayOfWeek takes 0"),
        ({"dayOfWeek": [1], "startHour": 9, "endHour": 9}, "the window is empty"),
        ({"dayOfWeek": [1], "startHour": 9, "endHour": 24, "endMinute": 1}, "endHour 24 is midnight"),
        ({"dayOfWeek": [], "startHour": 9, "endHour": 17}, "at least 1 item"),
        ({"dayOfWeek": [1], "startHour": 9, "endHour": 25}, "less than or equal to 24"),
    ],
)
def test_a_window_that_means_nothing_is_refused(written, sentence):
    with pytest.raises(ValidationError, match=sentence):
        CallingWindow.model_validate(written)
