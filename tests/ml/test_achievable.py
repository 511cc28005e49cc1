"""The yardstick stands between guessing and knowing, and values are judged by the truth alone."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from ml.achievable import achievable_probabilities, equal_capacity, worth_of
from ml.simulated import FIRST_DAY, LEGAL_HOURS, Plan, simulate
from ml.worlds import SMOOTH

DAY = FIRST_DAY + timedelta(days=63)


@pytest.fixture(scope="module")
def history():
    return simulate(SMOOTH, 21, Plan(contacts=4_000, weeks=9))


@pytest.fixture(scope="module")
def truth(history):
    return history.true_probabilities(DAY)


@pytest.fixture(scope="module")
def achievable(history):
    return achievable_probabilities(history, DAY, particles=600)


def test_a_learner_reaches_much_but_never_what_an_oracle_knows(achievable, truth):
    oracle, reached = worth_of(truth, truth).uplift, worth_of(achievable, truth).uplift
    assert 0.3 * oracle < reached < 0.8 * oracle


def test_what_the_learner_expects_is_what_happens_at_every_level(achievable, truth):
    expected, real = achievable[:, LEGAL_HOURS].ravel(), truth[:, LEGAL_HOURS].ravel()
    for part in np.array_split(np.argsort(expected), 8):
        assert real[part].mean() == pytest.approx(expected[part].mean(), rel=0.08)


def test_attempts_tell_the_learner_more_than_traits(history, achievable, truth):
    before_any = achievable_probabilities(history, FIRST_DAY, particles=600)
    assert worth_of(before_any, truth).uplift < worth_of(achievable, truth).uplift - 0.03


def test_scores_that_prefer_no_hour_are_worth_as_much_as_chance(truth):
    alike = np.tile(truth.mean(axis=1, keepdims=True), (1, 24))
    assert worth_of(alike, truth).uplift == pytest.approx(0, abs=0.03)


def test_the_level_of_scores_is_free(truth):
    assert worth_of(truth * 2 - 5, truth).planned == pytest.approx(worth_of(truth, truth).planned, rel=1e-4)


def test_equal_capacity_takes_everybody_once_and_only_at_legal_hours():
    capacity = equal_capacity(130)
    assert capacity[LEGAL_HOURS].tolist() == [10] * 13
    assert capacity.sum() == 130
