"""Figures an analyst reads: forward in time, calibrated against known truth, beside what others do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml.evaluate import (
    avoid_last_failure,
    best_global_hour,
    calibration_bins,
    even_capacity,
    first_in_first_out,
    forward_split,
    loss_difference,
    naive_argmax,
    planned_policy,
    policy_values,
    quality,
    quota_per_day_part,
    scores_of,
    tried_before,
)
from ml.model import fit
from ml.policy_value import NotEvaluable
from ml.simulated import Plan, simulate
from ml.worlds import SMOOTH


@pytest.fixture(scope="module")
def history():
    return simulate(SMOOTH, 31, Plan(contacts=4_000, weeks=9, exploration=0.4))


@pytest.fixture(scope="module")
def split(history):
    return forward_split(history.attempts, 14)


@pytest.fixture(scope="module")
def truth(history):
    return history.true_choices(history.dials.select(history.dials.day > history.last_day - 14))


def at_own_hour(truth, attempts):
    return truth[np.arange(len(attempts)), attempts.local_hour]


def test_nothing_learned_from_is_later_than_what_it_is_judged_by(split, history):
    assert split.before.local_day.max() < split.after.local_day.min()
    assert split.after.local_day.max() - split.after.local_day.min() <= 13
    assert len(split.before) + len(split.after) == len(history.attempts)


def test_the_truth_is_calibrated_and_overstated_chances_are_not(split, truth):
    chances = at_own_hour(truth, split.after)
    right = quality(chances, split.after.answered, split.after.propensity)
    assert right.calibration_error < 0.02
    assert right.calibration_slope == pytest.approx(1, abs=0.15)
    logits = np.log(chances / (1 - chances))
    bold = quality(1 / (1 + np.exp(-2 * (logits - logits.mean()) - logits.mean())), split.after.answered)
    assert bold.calibration_slope == pytest.approx(0.5, abs=0.1)
    assert bold.log_loss > right.log_loss
    assert bold.auc == pytest.approx(right.auc)
    assert bold.weighted_log_loss is None


def test_weighted_loss_counts_rare_hours_as_much_as_common_ones(split, truth):
    """Wrong only where hardly anybody was dialled: the plain loss forgives what the weighted one does not."""
    chances = at_own_hour(truth, split.after)
    rare = split.after.local_hour >= 18
    wrong = np.where(rare, 0.02, chances)
    kept, lost = (quality(c, split.after.answered, split.after.propensity) for c in (chances, wrong))
    plain = lost.log_loss - kept.log_loss
    assert lost.weighted_log_loss - kept.weighted_log_loss > 1.3 * plain > 0


def test_a_worse_model_is_told_from_a_better_one_on_the_same_attempts(split, truth):
    chances = at_own_hour(truth, split.after)
    constant = np.full(len(chances), split.after.answered.mean())
    difference, low, high = loss_difference(chances, constant, split.after, np.random.default_rng(0))
    assert low < difference < high < 0


def test_calibration_bins_hold_all_attempts(split, truth):
    bins = calibration_bins(at_own_hour(truth, split.after), split.after.answered)
    assert bins[:, 2].sum() == len(split.after)
    assert (np.diff(bins[:, 0]) >= 0).all()


def test_calls_are_scored_from_what_was_known_before_their_day(split, history):
    """What happens on the day of a call or later must not move its score."""
    model = fit(split.before, 1)
    calls = split.after.select(np.arange(400))
    scores = scores_of(model, history.attempts, calls)
    late = history.attempts.local_day >= calls.local_day.max()
    turned = replace(history.attempts, answered=history.attempts.answered ^ late)
    assert (scores_of(model, turned, calls) == scores).all()
    early = replace(history.attempts, answered=history.attempts.answered ^ ~late)
    assert (scores_of(model, early, calls) != scores).any()


def test_policies_are_valued_in_one_run_and_the_intervals_hold_the_truth(split, truth):
    values = policy_values(truth, split, np.random.default_rng(0))
    capacity = even_capacity(split.after.local_hour, len(split.after))
    planned = (planned_policy(truth, capacity) * truth).sum(axis=1).mean()
    fifo = (first_in_first_out(len(truth), capacity) * truth).sum(axis=1).mean()
    assert values["planned"].low < planned < values["planned"].high
    assert values["first in, first out"].low < fifo < values["first in, first out"].high
    gain = values["planned over first in, first out"]
    assert 0 < gain.low < planned - fifo < gain.high
    assert set(values) >= {"best global hour", "quota per day part", "avoid last failure", "naive argmax"}


def test_without_propensities_no_policy_has_a_value(split, truth):
    blind = replace(split, after=replace(split.after, propensity=None))
    values = policy_values(truth, blind, np.random.default_rng(0))
    assert all(isinstance(value, NotEvaluable) for value in values.values())


def test_the_naive_argmax_is_worth_less_than_the_plan(split, truth):
    capacity = even_capacity(split.after.local_hour, len(truth))
    naive, plan = naive_argmax(truth, capacity), planned_policy(truth, capacity)
    assert (naive.sum(axis=0) <= capacity).all()
    assert (naive.sum(axis=1) == 1).all()
    assert (naive * truth).sum() < (plan * truth).sum()


def test_quota_takes_the_part_of_the_day_tried_least():
    tried = np.zeros((1, 24), dtype=int)
    tried[0, [9, 10, 19]] = 1
    assert quota_per_day_part(tried)[0, [3, 9, 14, 20]].tolist() == [0, -2, 0, -1]


def test_avoidance_shuns_the_hours_about_a_failure_round_the_clock():
    scores = avoid_last_failure(np.array([10, 23, -1]), within_h=2)
    assert np.flatnonzero(scores[0]).tolist() == [8, 9, 10, 11, 12]
    assert np.flatnonzero(scores[1]).tolist() == [0, 1, 21, 22, 23]
    assert not scores[2].any()


def test_what_was_tried_before_is_all_before_the_cut(split, history):
    tried, failed_hour = tried_before(split.before, split.after)
    before, last_failed = history.standing(int(history.last_day) - 13)
    rows = history.dials.contact[history.dials.day > history.last_day - 14]
    assert (tried.sum(axis=1) == before[rows]).all()
    assert (failed_hour == last_failed[rows]).all()


def test_the_best_global_hour_is_the_same_for_everybody(split):
    scores = best_global_hour(split.before, 3)
    assert (scores == scores[0]).all()
    assert scores[0].argmax() in range(18, 21)
