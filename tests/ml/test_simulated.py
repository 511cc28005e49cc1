"""Simulated histories are what they say: the truth behind them, their propensities and clocks are right."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from ml.simulated import FIRST_DAY, LEGAL_HOURS, MOST_ATTEMPTS, SUNDAY, Plan, policy_shares, simulate
from ml.worlds import HALF, ROUGH, SMOOTH

PLAN = Plan(contacts=3_000, weeks=6, exploration=0.2)


@pytest.fixture(scope="module")
def history():
    return simulate(SMOOTH, 11, PLAN)


def test_the_same_seed_gives_the_same_history_and_another_seed_another(history):
    again, other = simulate(SMOOTH, 11, PLAN), simulate(SMOOTH, 12, PLAN)
    assert (again.attempts.attempted_at_s == history.attempts.attempted_at_s).all()
    assert (again.attempts.answered == history.attempts.answered).all()
    assert (again.logits == history.logits).all()
    assert len(other.attempts) != len(history.attempts)


def test_local_clocks_agree_with_the_hours_that_were_chosen(history):
    assert (history.attempts.local_hour == history.dials.hour).all()
    first = FIRST_DAY.toordinal() - date(1970, 1, 1).toordinal()
    assert (history.attempts.local_day == first + history.dials.day).all()
    assert not (history.dials.day % 7 == SUNDAY).any()


def test_the_clocks_change_within_thirteen_weeks():
    full = simulate(SMOOTH, 1, Plan(contacts=400))
    assert (full.attempts.local_hour == full.dials.hour).all()
    assert full.dials.day.max() > (date(2026, 3, 8) - FIRST_DAY).days


def test_logged_propensities_are_how_often_hours_were_chosen(history):
    """Weighing by them must make every hour count alike (the mean weight is one)."""
    dials = history.dials
    shares = policy_shares(history.traits, PLAN.exploration)
    assert shares.sum(axis=1) == pytest.approx(1)
    assert dials.propensity == pytest.approx(shares[dials.contact, dials.hour])
    for hour in LEGAL_HOURS:
        expected = shares[dials.contact, hour]
        error = np.sqrt((expected * (1 - expected)).sum())
        assert abs((dials.hour == hour).sum() - expected.sum()) < 4 * error


def test_answers_come_as_often_as_the_truth_says_at_every_level(history):
    truth = history.true_choices(history.dials)[np.arange(len(history.dials.hour)), history.dials.hour]
    for part in np.array_split(np.argsort(truth), 8):
        error = np.sqrt((truth[part] * (1 - truth[part])).sum()) / len(part)
        assert abs(history.dials.answered[part].mean() - truth[part].mean()) < 4 * error


def test_nobody_is_called_after_converting_nor_more_than_the_most(history):
    dials = history.dials
    assert np.bincount(dials.contact).max() <= MOST_ATTEMPTS
    converted_on = {
        int(c): int(d)
        for c, d in zip(dials.contact[dials.converted], dials.day[dials.converted], strict=True)
    }
    assert converted_on
    assert all(d <= converted_on.get(int(c), d) for c, d in zip(dials.contact, dials.day, strict=True))


def test_attempts_wear_off_and_a_failed_hour_is_worth_less(history):
    fresh = history.true_probabilities(FIRST_DAY)
    after = FIRST_DAY + timedelta(days=history.last_day + 3)
    assert after.weekday() == FIRST_DAY.weekday() + 2
    worn = history.true_probabilities(after)
    before, failed_hour = history.standing(history.last_day + 3)
    drop = np.log(fresh / (1 - fresh)) - np.log(worn / (1 - worn)) + history.day_effects[0] * -1
    rows = np.flatnonzero(failed_hour >= 0)
    at_failed = drop[rows, failed_hour[rows]] - drop[rows, (failed_hour[rows] + 1) % 24]
    assert at_failed == pytest.approx(0.25, abs=1e-3)
    untouched = drop[rows, (failed_hour[rows] + 1) % 24]
    assert untouched == pytest.approx(0.10 * before[rows], abs=1e-3)


def test_hours_differ_less_in_a_halved_world_and_more_in_a_rough_one():
    spread = [simulate(world, 3, PLAN).logits[0].std(axis=1).mean() for world in (HALF, SMOOTH, ROUGH)]
    assert spread[0] < spread[1] < spread[2]
