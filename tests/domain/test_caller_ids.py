"""Which number a person is called from, and when a number is spent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from outdial.domain.caller_ids import CallerId, Candidate, choose, pool_cps, spent_until

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)


def a_caller_id(**limits: float) -> CallerId:
    return CallerId.model_validate({"number": "+12125550100", **limits})


def uses_let_through(one: CallerId, asked_at: list[datetime]) -> list[datetime]:
    """The uses that its limits allow of those asked for, in the order in which they are asked for."""
    used: list[datetime] = []
    for now in asked_at:
        earlier = [used[-limit.uses] if len(used) >= limit.uses else None for limit in one.limits]
        if spent_until(one.limits, earlier, now) is None:
            used.append(now)
    return used


@given(
    st.lists(st.integers(0, 4000), max_size=60),
    st.sampled_from([0.4, 1, 1.5, 3]),
    st.integers(1, 9),
)
def test_no_second_and_no_day_has_more_uses_than_the_limits(asked_ms, cps, cap) -> None:
    one = a_caller_id(cps=cps, dailyCap=cap)

    used = sorted(uses_let_through(one, [NOON + timedelta(milliseconds=ms) for ms in asked_ms]))

    span = timedelta(seconds=max(1, 1 / cps))
    most = max(1, int(cps))
    assert all(later - first >= span for first, later in zip(used, used[most:], strict=False))
    assert len(used) <= cap


def test_a_number_is_free_again_exactly_when_its_use_is_a_day_old() -> None:
    one = a_caller_id(dailyCap=1)
    day = timedelta(hours=24)

    assert spent_until(one.limits, [NOON], NOON + day - timedelta(microseconds=1)) == NOON + day
    assert spent_until(one.limits, [NOON], NOON + day) is None


def test_of_two_limits_the_one_that_holds_longer_decides() -> None:
    one = a_caller_id(cps=1, dailyCap=5)

    assert spent_until(one.limits, [NOON, NOON - timedelta(hours=1)], NOON) == NOON + timedelta(hours=23)


@pytest.mark.parametrize(
    ("written", "regions", "fit"),
    [
        ([], ("US-NY",), 0),
        (["US-NY"], ("US-NY",), 2),
        (["US"], ("US-NY",), 1),
        (["US"], ("US",), 1),
        (["US-NY"], ("US",), None),
        (["US-NY"], ("US-FL",), None),
        (["US-NY", "US"], ("US-FL",), 1),
        (["GB"], ("GB", "JE"), 1),
        (["US"], (), None),
        ([], (), 0),
    ],
)
def test_a_number_fits_a_part_better_than_its_country_and_that_better_than_everybody(
    written, regions, fit
) -> None:
    assert a_caller_id(regions=written).fit(regions) == fit


def test_the_best_fit_comes_first_and_among_equals_the_one_used_longest_ago() -> None:
    far = Candidate("far", fit=0)
    fresh = Candidate("fresh", fit=1, last_used_at=NOON)
    older = Candidate("older", fit=1, last_used_at=NOON - timedelta(hours=1))
    spent = Candidate("spent", fit=2, spent_until=NOON)

    assert choose([far, fresh, older, spent]) == older
    assert choose([far, spent]) == far
    assert choose([spent]) is None


def test_a_pool_is_as_fast_as_its_numbers_together_and_unlimited_where_one_is() -> None:
    assert pool_cps([a_caller_id(cps=2.9), a_caller_id(cps=0.5)]) == 2.5
    assert pool_cps([a_caller_id(cps=2), a_caller_id(dailyCap=3)]) is None
    assert pool_cps([]) is None
