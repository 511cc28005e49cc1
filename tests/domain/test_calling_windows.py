"""Calling windows: open if and only if the clock on the person's own wall is inside one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from outdial.domain.calling_windows import CallingWindow, Timetable, closes_at, is_open, next_opening
from outdial.domain.closed_days import ClosedDays
from tests.rules.depth import TIMEOUT_S, tried
from tests.rules.timetables import one_or_two_raw_timetables, situations
from tests.rules.wall_clock import closing_in, first_opening_in, is_open_in, open_spans

pytestmark = pytest.mark.timeout(TIMEOUT_S)

SEARCHED = timedelta(days=400)
FEW_DAYS = 20


def of(*windows: CallingWindow) -> list[Timetable]:
    """A campaign's windows as the only timetable."""
    return [Timetable("the campaign", windows)]


def infos(names: list[str]) -> list[ZoneInfo]:
    return [ZoneInfo(name) for name in names]


@given(situations())
@tried(1000)
def test_the_next_opening_is_the_first_open_instant_and_the_closing_the_first_that_is_not(situation):
    timetables, names, at = situation
    spans = open_spans(timetables, names, at, FEW_DAYS)
    end = at + timedelta(days=FEW_DAYS)

    assert next_opening(timetables, infos(names), at, end) == not_after(end, first_opening_in(spans, at))
    if is_open_in(spans, at):
        closes = closes_at(timetables, infos(names), at)
        assert closes == closing_in(spans, at, end) or (closes >= end and closing_in(spans, at, end) is None)


@given(situations(one_or_two_raw_timetables, most_zones=2))
@tried(150)
def test_who_cannot_be_called_within_a_year_and_a_month_never_can(situation):
    timetables, names, at = situation
    spans = open_spans(timetables, names, at, 400)

    opens, closes = next_opening(timetables, infos(names), at), closes_at(timetables, infos(names), at)

    assert opens == not_after(at + SEARCHED, first_opening_in(spans, at))
    if is_open_in(spans, at):
        assert closes == closing_in(spans, at, at + SEARCHED)


def not_after(end: datetime, opening: datetime | None) -> datetime | None:
    return None if opening is None or opening >= end else opening


@given(situations(one_or_two_raw_timetables, most_zones=2), st.integers(-3600, 9 * 86400))
@tried(1000)
def test_no_opening_is_found_at_or_after_the_end(situation, seconds):
    timetables, names, at = situation
    before = at + timedelta(seconds=seconds)

    opens = next_opening(timetables, infos(names), at, before)

    ever = first_opening_in(open_spans(timetables, names, at, FEW_DAYS), at)
    assert opens == not_after(before, ever)


@given(situations(one_or_two_raw_timetables, most_zones=2), st.integers(0, 3 * 86400))
@tried(1000)
def test_a_later_question_never_has_an_earlier_opening(situation, seconds):
    timetables, names, at = situation
    later = at + timedelta(seconds=seconds)
    end = at + timedelta(days=9)

    first = next_opening(timetables, infos(names), at, end)
    second = next_opening(timetables, infos(names), later, end)

    if first is None or second is None:
        assert second is None
    else:
        assert at <= first <= second
        assert second == first or first < later
        assert next_opening(timetables, infos(names), first, end) == first


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
    ("hour", "expected"),
    [(22, True), (23, True), (24 + 1, True), (24 + 2, False), (24 + 22, False), (48 + 1, False)],
)
def test_a_window_over_midnight_belongs_to_the_day_it_starts_on(hour, expected):
    saturday_night = of(CallingWindow(day_of_week=(6,), start_hour=22, end_hour=2))
    saturday = datetime(2026, 6, 20, tzinfo=UTC)

    assert is_open(saturday_night, [ZoneInfo("UTC")], saturday + timedelta(hours=hour)) is expected


@pytest.mark.parametrize("closed", [date(2026, 6, 20), date(2026, 6, 21)])
def test_nothing_reaches_into_a_closed_day_nor_starts_on_one(closed):
    saturday_night = CallingWindow(day_of_week=(6,), start_hour=22, end_hour=2)
    timetables = [Timetable("the campaign", (saturday_night,), ClosedDays(frozenset({closed})))]

    assert not is_open(timetables, [ZoneInfo("UTC")], datetime(2026, 6, 21, 1, tzinfo=UTC))


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


def test_what_never_closes_is_known_without_a_search():
    nights = CallingWindow(day_of_week=tuple(range(7)), start_hour=20, end_hour=8)
    days = CallingWindow(day_of_week=tuple(range(7)), start_hour=8, end_hour=20)
    weekdays = CallingWindow(day_of_week=(1, 2, 3, 4, 5), start_hour=8, end_hour=20)
    assert Timetable("round the clock", (nights, days)).never_closes
    assert not Timetable("not on weekends", (nights, weekdays)).never_closes
    christmas = ClosedDays(frozenset({date(2026, 12, 25)}))
    assert not Timetable("not at Christmas", (nights, days), christmas).never_closes
