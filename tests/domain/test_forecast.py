"""The forecast of a first pass: against a clock that ticks, and never faster than the pace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from outdial.domain.calling_windows import CallingWindow, Timetable, closes_at, is_open, next_opening
from outdial.domain.forecast import Crowd, FirstPass, Span, calls_within, first_pass, open_spans
from outdial.domain.number_caps import NumberCaps, capped_until
from outdial.domain.retries import CallingTime

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HORIZON = 600

spans = st.lists(st.integers(0, HORIZON), max_size=6, unique=True).map(
    lambda edges: [tuple(pair) for pair in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)]
)
crowds = st.lists(st.tuples(st.integers(1, 300), st.integers(0, HORIZON - 1), st.integers(0, 2)), max_size=6)


def as_spans(pairs: Sequence[tuple[int, int]]) -> Iterator[Span]:
    return iter([Span(NOON + opens * MINUTE, NOON + closes * MINUTE) for opens, closes in pairs])


def by_ticking(
    hours: Sequence[Sequence[tuple[int, int]]], some: Sequence[tuple[int, int, int]], per_minute: int
) -> tuple[float, int | None]:
    """The same, minute by minute: what is left, and in which minute the last call was placed."""
    left = [0.0, 0.0, 0.0]
    last = None
    for minute in range(HORIZON):
        for people, since, key in some:
            left[key] += people if since == minute else 0
        opened = [
            key
            for key in range(3)
            if any(opens <= minute < closes for opens, closes in hours[key]) and left[key]
        ]
        waiting = sum(left[key] for key in opened)
        if waiting:
            share = min(1.0, per_minute / waiting)
            last = minute
            for key in opened:
                left[key] *= 1 - share
                left[key] = 0 if left[key] < 1e-6 else left[key]
    return sum(left), last


@given(st.tuples(spans, spans, spans), crowds, st.integers(1, 40))
@settings(max_examples=1000, deadline=None, derandomize=True)
def test_the_first_pass_is_what_ticking_minute_by_minute_gives(hours, some, per_minute):
    result = first_pass(
        [Crowd(people, NOON + since * MINUTE, key) for people, since, key in some],
        lambda key: as_spans(hours[key]),
        per_minute / 60,
        NOON,
        NOON + HORIZON * MINUTE,
    )
    left, last = by_ticking(hours, some, per_minute)

    assert result.calls + result.left == sum(people for people, _, _ in some)
    assert result.left == pytest.approx(left, abs=1)
    if result.left == 0 and left < 0.5 and last is not None:
        assert result.ends_at is not None
        assert abs((result.ends_at - (NOON + last * MINUTE)).total_seconds()) <= 90


def test_people_share_the_pace_with_whoever_is_open_beside_them():
    # 60 a minute: 600 alone for 5 minutes, then beside 300 others.
    result = first_pass(
        [Crowd(600, NOON, 0), Crowd(300, NOON + 5 * MINUTE, 1)],
        lambda _key: as_spans([(0, 100)]),
        1,
        NOON,
        NOON + timedelta(hours=5),
    )

    assert result == FirstPass(NOON + 15 * MINUTE, 900, 0)


def test_whoever_does_not_fit_before_the_end_is_counted():
    result = first_pass(
        [Crowd(100, NOON, 0)], lambda _key: as_spans([(0, 1), (30, 31)]), 0.5, NOON, NOON + 9 * MINUTE
    )

    assert result == FirstPass(None, 30, 70)


def test_nobody_takes_no_time():
    assert first_pass([], lambda _key: as_spans([]), 1, NOON, NOON + MINUTE) == FirstPass(None, 0, 0)


def test_open_spans_end_with_the_campaign():
    office = [Timetable("the campaign", (CallingWindow(day_of_week=(1, 2), start_hour=9, end_hour=17),))]
    zone = [ZoneInfo("UTC")]
    end = datetime(2026, 6, 16, 10, tzinfo=UTC)

    found = list(open_spans(CallingTime(office, zone, end), NOON))

    assert found == [
        Span(NOON, datetime(2026, 6, 15, 17, tzinfo=UTC)),
        Span(datetime(2026, 6, 16, 9, tzinfo=UTC), end),
    ]
    assert all(is_open(office, zone, span.opens) for span in found)
    assert next_opening(office, zone, NOON) == found[0].opens
    assert closes_at(office, zone, NOON) == found[0].closes


@given(
    st.builds(NumberCaps, st.none() | st.integers(1, 4), st.none() | st.integers(1, 6)),
    st.integers(0, 30 * 24).map(lambda hours: timedelta(hours=hours)),
    st.integers(1, 12),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_as_many_calls_fit_as_the_cap_lets_through_one_after_another(caps, time, wanted):
    calls: list[datetime] = []
    at = NOON
    while len(calls) < wanted and at < NOON + time:
        free_at = capped_until(calls, caps, at)
        if free_at is None:
            calls.append(at)
        else:
            at = free_at

    assert calls_within(caps, time, wanted) == len(calls)
