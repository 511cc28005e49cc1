"""Retries by disposition: when a contact is tried again, and when it is given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from outdial.domain.calling_windows import CallingWindow, Timetable, is_open
from outdial.domain.dispositions import UNCOUNTED, UNCOUNTED_CAP, Disposition
from outdial.domain.retries import (
    ATTEMPTS_EXHAUSTED,
    NO_WINDOW_BEFORE_END,
    CallingTime,
    Completed,
    GivenUp,
    RetryAt,
    Tries,
    retry_rules,
    what_follows,
)
from tests.rules.depth import TIMEOUT_S, tried
from tests.rules.timetables import one_or_two_raw_timetables, situations
from tests.rules.wall_clock import Span, is_open_in, open_spans
from tests.rules.zones import wall_of

pytestmark = pytest.mark.timeout(TIMEOUT_S)

WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)

delays = st.one_of(st.sampled_from([0, 60, 900, 7200]), st.integers(0, 4 * 86400))
wishes = st.dictionaries(
    st.sampled_from(Disposition),
    st.fixed_dictionaries(
        {},
        optional={
            "delay_seconds": delays,
            "max_attempts": st.integers(1, 4),
            "another_part_of_day": st.booleans(),
        },
    ),
    max_size=4,
)
tries = st.builds(
    Tries,
    counted=st.integers(0, 5),
    uncounted=st.integers(0, UNCOUNTED_CAP + 1),
    maximum=st.integers(1, 5),
    alike=st.integers(1, 5),
)


def part(wall: datetime) -> str:
    return "morning" if wall.hour < 12 else "afternoon" if wall.hour < 17 else "evening"


def first_in_another_part(
    spans: list[Span], names: list[str], ended_at: datetime, since: datetime, until: datetime
) -> datetime | None:
    """The first open minute from `since` on, walked one by one, in a part of the day that was not tried."""
    tried_parts = {part(wall_of(name, ended_at)) for name in names}
    at = since
    while at < until:
        if is_open_in(spans, at) and not any(part(wall_of(name, at)) in tried_parts for name in names):
            return at
        at = at.replace(second=0, microsecond=0) + MINUTE
    return None


@given(
    st.sampled_from(Disposition),
    tries,
    wishes,
    situations(one_or_two_raw_timetables, most_zones=2),
    st.integers(1, 12 * 86400),
)
@tried(1000)
def test_a_retry_is_due_after_its_delay_inside_every_window_and_before_the_end(
    disposition, so_far, written, situation, seconds
):
    timetables, names, ended_at = situation
    end = ended_at + timedelta(seconds=seconds)
    rules = retry_rules(written)
    time = CallingTime(timetables, [ZoneInfo(name) for name in names], end)

    follow_up = what_follows(disposition, so_far, rules, ended_at, time)

    if disposition is Disposition.ANSWERED:
        assert follow_up == Completed()
        return
    rule = rules.get(disposition)
    if rule is None:
        assert disposition is Disposition.INVALID_NUMBER
        assert follow_up == GivenUp("invalid_number")
        return
    spent = (
        so_far.counted >= so_far.maximum
        or (rule.max_attempts is not None and so_far.alike >= rule.max_attempts)
        or (disposition in UNCOUNTED and so_far.uncounted >= UNCOUNTED_CAP)
    )
    earliest = ended_at + timedelta(seconds=rule.delay_seconds)
    spans = open_spans(timetables, names, ended_at, 21)
    ever = any(
        span[1] > earliest.replace(tzinfo=None) and span[0] < end.replace(tzinfo=None) for span in spans
    )
    if spent:
        assert isinstance(follow_up, GivenUp)
        assert follow_up.reason in {ATTEMPTS_EXHAUSTED, disposition.value, "never_connected"}
        assert (follow_up.reason == ATTEMPTS_EXHAUSTED) == (so_far.counted >= so_far.maximum)
    elif not ever or earliest >= end:
        assert follow_up == GivenUp(NO_WINDOW_BEFORE_END)
    else:
        assert isinstance(follow_up, RetryAt)
        assert earliest <= follow_up.due_at < end
        assert is_open_in(spans, follow_up.due_at)


@given(situations(one_or_two_raw_timetables, most_zones=2), st.integers(0, 3 * 86400), st.integers(1, 20))
@tried(300)
def test_another_part_of_the_day_is_taken_where_one_opens_within_a_week(situation, delay, days):
    timetables, names, ended_at = situation
    end = ended_at + timedelta(days=days)
    time = CallingTime(timetables, [ZoneInfo(name) for name in names], end)
    usual = retry_rules({Disposition.MACHINE: {"delay_seconds": delay, "another_part_of_day": False}})
    another = retry_rules({Disposition.MACHINE: {"delay_seconds": delay, "another_part_of_day": True}})

    first = what_follows(Disposition.MACHINE, Tries(1, 0, 3), usual, ended_at, time)
    other = what_follows(Disposition.MACHINE, Tries(1, 0, 3), another, ended_at, time)

    if not isinstance(first, RetryAt):
        assert other == first
        return
    spans = open_spans(timetables, names, ended_at, 31)
    expected = first_in_another_part(spans, names, ended_at, first.due_at, min(end, first.due_at + WEEK))
    assert other == RetryAt(expected or first.due_at)


@given(situations(one_or_two_raw_timetables, most_zones=2), st.sampled_from(Disposition), tries)
@tried(300)
def test_a_retry_without_an_end_is_due_inside_the_windows_or_never(situation, disposition, so_far):
    timetables, names, ended_at = situation
    zones = [ZoneInfo(name) for name in names]

    follow_up = what_follows(
        disposition, so_far, retry_rules({}), ended_at, CallingTime(timetables[:1], zones[:1])
    )

    assert not isinstance(follow_up, RetryAt) or is_open(timetables[:1], zones[:1], follow_up.due_at)


def test_an_answering_machine_of_the_morning_is_tried_in_the_afternoon():
    ten_to_six = Timetable(
        "the campaign", (CallingWindow(day_of_week=tuple(range(7)), start_hour=10, end_hour=18),)
    )
    time = CallingTime([ten_to_six], [ZoneInfo("Asia/Jerusalem")])
    half_past_ten = datetime(2026, 6, 15, 7, 30, tzinfo=UTC)

    follow_up = what_follows(Disposition.MACHINE, Tries(1, 0, 3), retry_rules({}), half_past_ten, time)

    assert follow_up == RetryAt(half_past_ten + timedelta(hours=2))  # 12:30
    assert what_follows(
        Disposition.MACHINE, Tries(1, 0, 3), retry_rules({}), half_past_ten + timedelta(hours=2), time
    ) == RetryAt(
        datetime(2026, 6, 15, 14, tzinfo=UTC)  # 17:00, not 14:30, the afternoon having been tried
    )
