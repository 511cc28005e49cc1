"""Caps on calls to one number: in no 24 hours and in no 7 days are there more than allowed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from outdial.domain.number_caps import NumberCaps, capped_until
from tests.rules.depth import TIMEOUT_S, tried

pytestmark = pytest.mark.timeout(TIMEOUT_S)

NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)  # US clocks went forward this night
DAY_S, WEEK_S = 86400, 7 * 86400
MOMENT = timedelta(microseconds=1)

caps = st.builds(NumberCaps, st.one_of(st.none(), st.integers(1, 4)), st.one_of(st.none(), st.integers(1, 8)))
# Seconds before now; those of a day and a week ago are the ones that decide.
ages = st.one_of(
    st.integers(0, 9 * DAY_S),
    st.integers(-3, 3),
    st.integers(DAY_S - 3, DAY_S + 3),
    st.integers(WEEK_S - 3, WEEK_S + 3),
)
histories = st.lists(ages, max_size=14).map(lambda some: [NOW - timedelta(seconds=age) for age in some])


def is_free(calls: list[datetime], limits: NumberCaps, at: datetime) -> bool:
    """Whether one more call at `at` keeps every rolling window that ends with it within its cap."""
    for cap, seconds in ((limits.per_24_hours, DAY_S), (limits.per_7_days, WEEK_S)):
        inside = [call for call in calls if (at - call).total_seconds() < seconds]
        if cap is not None and len(inside) + 1 > cap:
            return False
    return True


@given(histories, caps)
@tried(1000)
def test_a_number_is_capped_until_the_first_instant_at_which_one_more_call_is_within_every_cap(calls, limits):
    until = capped_until(calls, limits, NOW)

    if until is None:
        assert is_free(calls, limits, NOW)
        return
    assert until > NOW
    assert is_free(calls, limits, until)
    edges = [call + timedelta(seconds=span) for call in calls for span in (DAY_S, WEEK_S)]
    for at in (NOW, until - MOMENT, *(edge for edge in edges if NOW <= edge < until)):
        assert not is_free(calls, limits, at)


@given(st.lists(st.integers(0, 5 * 3600), min_size=1, max_size=80), caps)
@tried(1000)
def test_who_calls_whenever_it_is_allowed_never_exceeds_a_cap_in_any_window(pauses, limits):
    calls: list[datetime] = []
    at = NOW
    for pause in pauses:
        at += timedelta(seconds=pause)
        if capped_until(calls, limits, at) is None:
            calls.append(at)

    for cap, seconds in ((limits.per_24_hours, DAY_S), (limits.per_7_days, WEEK_S)):
        for first in calls:
            inside = [call for call in calls if 0 <= (call - first).total_seconds() < seconds]
            assert cap is None or len(inside) <= cap


@given(histories, caps, st.one_of(st.none(), st.integers(1, 4)))
@tried(1000)
def test_a_jurisdiction_can_only_make_a_cap_stricter(calls, limits, stricter):
    before, after = capped_until(calls, limits, NOW), capped_until(calls, limits.narrowed(stricter), NOW)

    assert before is None or (after is not None and after >= before)
    if stricter is None:
        assert after == before


def test_a_call_begun_by_a_clock_that_is_ahead_of_ours_counts():
    ahead = NOW + timedelta(seconds=2)

    assert capped_until([ahead], NumberCaps(1), NOW) == ahead + timedelta(hours=24)
