"""Values of policies are found from logs of others, or refused where the log cannot tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml.policy_value import Logged, NotEvaluable, PolicyValue, chosen, clustered_interval, policy_value

EVENING = 19


def a_log(seed, contacts=2_000, calls=5, explored=0.3):
    """Mornings are dialled, evenings answered; people differ, so that a contact's calls are alike."""
    rng = np.random.default_rng(seed)
    contact = np.repeat(np.arange(contacts), calls)
    explores = rng.random(len(contact)) < explored
    hour = np.where(explores, rng.integers(8, 21, len(contact)), 10)
    propensity = np.where(hour == 10, 1 - explored + explored / 13, explored / 13)
    person = np.repeat(rng.normal(0, 0.8, contacts), calls)
    truth = 1 / (1 + np.exp(2.2 - person[:, None] - np.where(np.arange(24) >= 18, 1.2, 0.0)))
    answered = rng.random(len(contact)) < truth[np.arange(len(hour)), hour]
    wrong = np.full(truth.shape, 0.4, dtype=np.float32)
    return Logged(contact, hour, propensity, answered, wrong), truth


def always(hour, calls):
    return chosen(np.full(calls, hour))


def test_a_model_that_is_far_off_is_put_right_by_what_happened():
    logged, truth = a_log(1)
    found = policy_value(logged, always(EVENING, len(logged)), np.random.default_rng(0))
    assert isinstance(found, PolicyValue)
    assert found.low < truth[:, EVENING].mean() < found.high < 0.4
    assert found.mean_weight == pytest.approx(1, abs=0.2)
    assert found.effective_calls < len(logged) / 10


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = 0
    for seed in range(40):
        logged, truth = a_log(seed, contacts=600)
        found = policy_value(logged, always(EVENING, len(logged)), np.random.default_rng(seed))
        held += found.low <= truth[:, EVENING].mean() <= found.high
    assert held >= 35


def test_calls_to_one_contact_widen_the_interval():
    rng = np.random.default_rng(2)
    contacts = np.repeat(np.arange(300), 10)
    values = np.repeat(rng.normal(size=300), 10)
    apart = np.arange(len(values))
    low, high = clustered_interval(contacts, values, rng)
    low_apart, high_apart = clustered_interval(apart, values, rng)
    assert high - low > 2.5 * (high_apart - low_apart)


def test_a_log_without_propensities_is_not_evaluable():
    logged, _ = a_log(3, contacts=200)
    for none in (None, np.full(len(logged), np.nan)):
        found = policy_value(
            replace(logged, propensity=none), always(10, len(logged)), np.random.default_rng(0)
        )
        assert isinstance(found, NotEvaluable)
        assert "propensities" in found.reason


def test_hours_never_tried_are_not_evaluable_whatever_a_model_says_of_them():
    logged, _ = a_log(4, contacts=200)
    found = policy_value(logged, always(23, len(logged)), np.random.default_rng(0))
    assert isinstance(found, NotEvaluable)
    assert "never tried" in found.reason


def test_a_log_too_thin_for_the_policy_is_not_evaluable():
    logged, _ = a_log(5, contacts=200, explored=0.01)
    found = policy_value(logged, always(EVENING, len(logged)), np.random.default_rng(0))
    assert isinstance(found, NotEvaluable)


def test_propensities_that_are_not_how_hours_were_chosen_are_found_out():
    logged, _ = a_log(6)
    false = replace(logged, propensity=logged.propensity * 0.5)
    found = policy_value(false, always(10, len(logged)), np.random.default_rng(0))
    assert isinstance(found, NotEvaluable)
    assert "not the true ones" in found.reason


def test_a_policy_against_itself_is_worth_nothing_more():
    logged, truth = a_log(7)
    mornings, evenings = always(10, len(logged)), always(EVENING, len(logged))
    same = policy_value(logged, mornings, np.random.default_rng(0), mornings)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    more = policy_value(logged, evenings, np.random.default_rng(0), mornings)
    assert more.low < truth[:, EVENING].mean() - truth[:, 10].mean() < more.high
    assert more.low > 0


def test_contacts_left_out_of_a_plan_are_called_at_no_hour():
    assert chosen(np.array([-1, 3])).sum(axis=1).tolist() == [0, 1]
