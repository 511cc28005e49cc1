"""The model: learns who answers when, has a prediction for everybody, and is the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from ml.attempts import Contacts
from ml.columns import segment_of
from ml.model import CallHourModel, fit
from tests.ml.histories import contacts, history

AFTER = date(2026, 1, 29)


@pytest.fixture(scope="module")
def model() -> CallHourModel:
    return fit(history(), seed=1)


@pytest.fixture(scope="module")
def with_trees() -> CallHourModel:
    return fit(history(attempts=21_000), seed=1)


def test_people_are_expected_at_their_own_hours(model: CallHourModel):
    people = contacts()
    scores = model.probabilities(people, history(), AFTER)
    old = people.segments["age"].texts()[people.segments["age"].codes] == "old"
    assert (scores[old, 9] > scores[old, 19]).mean() > 0.95
    assert (scores[~old, 19] > scores[~old, 9]).mean() > 0.95


def test_few_attempts_are_learned_by_tables_alone(model: CallHourModel, with_trees: CallHourModel):
    assert model.trees is None
    assert with_trees.trees is not None


@pytest.mark.parametrize("name", ["model", "with_trees"])
def test_what_training_saw_is_what_scoring_says(name: str, request: pytest.FixtureRequest):
    """Train/serve parity: the same contacts, the same day, the same history."""
    fitted: CallHourModel = request.getfixturevalue(name)
    attempts = history()
    day = attempts.local_day.max()
    rows = np.flatnonzero(attempts.local_day == day)
    people = contacts()
    served = fitted.probabilities(people, attempts, date(2026, 1, 28))
    scored = served[attempts.contact[rows], attempts.local_hour[rows]]
    assert np.allclose(fitted.of_attempts(attempts)[rows], scored, atol=2e-6)


def test_what_happens_on_the_day_or_later_changes_no_score(model: CallHourModel):
    attempts = history()
    middle = date(2026, 1, 15)
    before = attempts.select(attempts.local_day < 20_454 + 14)
    assert np.array_equal(
        model.probabilities(contacts(), attempts, middle), model.probabilities(contacts(), before, middle)
    )


@pytest.mark.parametrize("name", ["model", "with_trees"])
def test_everybody_has_a_prediction(name: str, request: pytest.FixtureRequest):
    strangers = Contacts(
        np.array(["new", "newer", "c00001"]),
        segment_of(np.array(["Asia/Tokyo", "", "UTC"])),
        {"age": segment_of(np.array(["ancient", "", "old"])), "unheard": segment_of(np.array([1.0, 2, 3]))},
    )
    scores = request.getfixturevalue(name).probabilities(strangers, history(), date(2026, 3, 29))
    assert scores.shape == (3, 24)
    assert ((scores > 0) & (scores < 1)).all()


def test_the_same_seed_gives_the_same_model_whatever_the_order_of_rows(with_trees: CallHourModel):
    attempts = history(attempts=21_000)
    shuffled = attempts.select(np.random.default_rng(5).permutation(len(attempts)))
    again = fit(shuffled, seed=1)
    people = contacts()
    assert np.array_equal(
        with_trees.probabilities(people, attempts, AFTER), again.probabilities(people, shuffled, AFTER)
    )


@pytest.mark.parametrize("outcome", [False, True])
def test_a_history_of_one_outcome_still_gives_probabilities(outcome: bool):
    attempts = history(count=20, attempts=200)
    only = replace(attempts, answered=np.full(len(attempts), outcome))
    scores = fit(only, seed=1).probabilities(contacts(20), only, AFTER)
    assert ((scores > 0) & (scores < 1)).all()
