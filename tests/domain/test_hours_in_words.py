"""Hours in words: what a rule says, and which one keeps a moment closed."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from outdial.domain.calling_windows import CallingWindow, Timetable
from outdial.domain.closed_days import ClosedDays
from outdial.domain.hours_in_words import rule_in_words, why_closed, why_open

NEW_YORK = ZoneInfo("America/New_York")
CHICAGO = ZoneInfo("America/Chicago")
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


def window(days: tuple[int, ...], start_hour: int, end_hour: int) -> CallingWindow:
    return CallingWindow(day_of_week=days, start_hour=start_hour, end_hour=end_hour)


OWN = Timetable("the campaign", (window(EVERY_DAY, 0, 24),))
LAW = Timetable(
    "Elsewhere", (window((1, 2, 3, 4, 5), 9, 13), window((1, 2, 3, 4, 5), 15, 20)), source="Act § 1"
)
"""Monday to Friday, closed over lunch."""


def at(wall: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(wall).replace(tzinfo=zone)


def test_windows_in_a_line() -> None:
    assert rule_in_words(LAW.windows) == (
        "Mon, Tue, Wed, Thu, Fri 09:00-13:00; Mon, Tue, Wed, Thu, Fri 15:00-20:00"
    )
    assert rule_in_words((window(EVERY_DAY, 22, 2),)) == "every day 22:00-02:00"


@pytest.mark.parametrize(
    ("wall", "why"),
    [
        ("2026-06-01T08:59", "Elsewhere: no calls before 09:00 (Act § 1)"),
        ("2026-06-01T13:00", "Elsewhere: no calls between 13:00 and 15:00 on Mondays (Act § 1)"),
        ("2026-06-01T20:00", "Elsewhere: no calls after 20:00 (Act § 1)"),
        ("2026-06-06T12:00", "Elsewhere: no calls on Saturdays (Act § 1)"),
        ("2026-06-01T09:00", None),
    ],
)
def test_the_law_says_what_it_closes(wall: str, why: str | None) -> None:
    assert why_closed((OWN, LAW), (NEW_YORK,), at(wall)) == why
    assert (why_open((OWN, LAW), (NEW_YORK,), at(wall)) is None) is (why is not None)


def test_the_law_may_close_within_an_hour() -> None:
    late = CallingWindow(day_of_week=EVERY_DAY, start_hour=9, start_minute=30, end_hour=13, end_minute=30)
    law = Timetable("Elsewhere", (late,), source="Act § 1")
    assert (
        why_closed((OWN, law), (NEW_YORK,), at("2026-06-01T09:29"))
        == "Elsewhere: no calls before 09:30 (Act § 1)"
    )
    assert (
        why_closed((OWN, law), (NEW_YORK,), at("2026-06-01T13:45"))
        == "Elsewhere: no calls after 13:30 (Act § 1)"
    )


def test_the_campaign_is_named_before_the_law() -> None:
    own = Timetable("the campaign", (window(EVERY_DAY, 10, 18),))
    assert why_closed((own, LAW), (NEW_YORK,), at("2026-06-01T08:00")) == "no window covers Mon 08:00"
    assert why_closed((own, LAW), (NEW_YORK,), at("2026-06-01T19:00")) == "no window covers Mon 19:00"


def test_a_zone_is_named_where_there_are_several() -> None:
    own = Timetable("the campaign", (window(EVERY_DAY, 9, 18),))
    assert why_closed((own,), (NEW_YORK, CHICAGO), at("2026-06-01T09:30")) == (
        "no window covers Mon 08:30, in America/Chicago"
    )


def test_the_windows_that_cover_each_clock_are_named_once() -> None:
    own = Timetable("the campaign", (window(EVERY_DAY, 8, 10), window(EVERY_DAY, 10, 18)))
    zones = (NEW_YORK, CHICAGO)
    assert why_open((own,), zones, at("2026-06-01T10:30")) == "every day 10:00-18:00; every day 08:00-10:00"
    assert why_open((own,), zones, at("2026-06-01T12:30")) == "every day 10:00-18:00"


def test_a_blocked_date_is_named_and_the_evening_it_takes_away() -> None:
    own = Timetable("the campaign", (window(EVERY_DAY, 20, 2),), ClosedDays(frozenset({date(2026, 6, 1)})))
    assert why_closed((own,), (NEW_YORK,), at("2026-06-01T21:00")) == "blocked date 2026-06-01"
    assert why_closed((own,), (NEW_YORK,), at("2026-06-01T01:00")) == "blocked date 2026-06-01"
    assert why_closed((own,), (NEW_YORK,), at("2026-06-02T01:00")) == (
        "blocked date 2026-06-01, the day on which the window starts"
    )
    assert why_closed((own,), (NEW_YORK,), at("2026-06-02T03:00")) == "no window covers Tue 03:00"


def test_a_window_that_did_not_start_is_not_named_as_the_one_that_covers() -> None:
    closed = ClosedDays(frozenset({date(2026, 6, 1)}))
    own = Timetable("the campaign", (window(EVERY_DAY, 20, 2), window(EVERY_DAY, 0, 6)), closed)
    assert why_open((own,), (NEW_YORK,), at("2026-06-02T01:00")) == "every day 00:00-06:00"
    assert why_open((own,), (NEW_YORK,), at("2026-06-03T01:00")) == "every day 20:00-02:00"
