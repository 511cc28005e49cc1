"""What PostgreSQL gives out, as a plan: never more than any pace allows, never past the horizon."""

from __future__ import annotations

from hypothesis import given, strategies as st

from outdial.pacing.postgres_slots import LONGEST_WAIT_FOR_OTHERS_US, plan_slots
from outdial.pacing.requests import PaceGap
from outdial.storage.pace import SlotTimes
from tests.pacing.starts import most_in_a_second

NOW_US = 1_800_000_000_000_000
SECOND_US = 1_000_000
RATES = st.floats(0.5, 2000)


def _gap(cps: float) -> int:
    return PaceGap("any", round(1e6 / (cps * 0.98)) + 1).gap_us


@given(
    st.lists(RATES, min_size=1, max_size=3), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 10**6)))
)
def test_plans_one_after_another_keep_every_pace(rates: list[float], asked: list[tuple[int, int]]) -> None:
    gaps = [_gap(cps) for cps in rates]
    now_us, next_us, starts = NOW_US, [0] * len(gaps), list[int]()
    for n, later_us in asked:
        given_now, next_us = plan_slots(SlotTimes(now_us, NOW_US, next_us), gaps, n)
        assert all(now_us <= start <= now_us + SECOND_US for start in given_now)
        starts += given_now
        now_us += later_us
    assert starts == sorted(starts)
    assert most_in_a_second(starts) <= max(1, -(-min(rates) // 1))


@given(st.integers(1, 300), st.integers(0, SECOND_US))
def test_nothing_starts_before_the_epoch_opens(n: int, opens_in_us: int) -> None:
    starts, _ = plan_slots(SlotTimes(NOW_US, NOW_US + opens_in_us, [0]), [_gap(100)], n)
    assert min(starts) == NOW_US + opens_in_us


@given(RATES, st.integers(0, 10**12))
def test_a_clock_set_back_costs_at_most_one_gap_and_the_horizon(cps: float, ahead_us: int) -> None:
    _, next_us = plan_slots(SlotTimes(NOW_US, NOW_US, [NOW_US + ahead_us]), [_gap(cps)], 1)
    assert next_us[0] <= NOW_US + SECOND_US + _gap(cps)


@given(st.floats(0.5, 100), st.integers(1, 50))
def test_a_slow_campaign_moves_the_pace_of_all_by_little(campaign_cps: float, n: int) -> None:
    gap_us = _gap(100)
    starts, next_us = plan_slots(SlotTimes(NOW_US, NOW_US, [0, 0]), [gap_us, _gap(campaign_cps)], n)
    assert starts
    assert next_us[0] - NOW_US <= len(starts) * (gap_us + LONGEST_WAIT_FOR_OTHERS_US)
