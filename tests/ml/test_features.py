"""What is known of the past: nothing of the day itself or after; the same in training and scoring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings, strategies as st

from ml.attempts import Attempts
from ml.features import by_hour, by_own_hour, history_of, order_of, past_of, standing
from tests.ml.histories import history


def features(attempts: Attempts) -> np.ndarray:
    """The features of each attempt of an ordered history, as training sees them."""
    past_all = history_of(attempts, np.full(len(attempts), 0.2))
    past = past_of(past_all, attempts.contact, attempts.local_day)
    return np.hstack([standing(past_all, past), by_own_hour(past_all, past, attempts.local_hour)])


def ordered(seed: int, attempts: int = 400) -> Attempts:
    found = history(count=25, attempts=attempts, seed=seed)
    return found.select(order_of(found))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), cut=st.integers(1, 27))
def test_later_rows_change_nothing(seed: int, cut: int):
    whole = ordered(seed)
    early = whole.local_day < whole.local_day.min() + cut
    assert np.array_equal(features(whole)[early], features(whole.select(early)))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999))
def test_outcomes_of_the_same_day_change_nothing(seed: int):
    whole = ordered(seed)
    day = int(np.median(whole.local_day))
    turned = replace(whole, answered=np.where(whole.local_day >= day, ~whole.answered, whole.answered))
    today = whole.local_day <= day
    assert np.array_equal(features(whole)[today], features(turned)[today])


def test_a_planted_leak_is_caught():
    """The two tests above can fail: a day that starts one later lets its own outcomes in."""
    whole = ordered(1)
    leaky = replace(whole, local_day=whole.local_day + 1)
    past_all = history_of(whole, np.full(len(whole), 0.2))
    seen = standing(past_all, past_of(past_all, leaky.contact, leaky.local_day))
    early = whole.local_day < whole.local_day.min() + 14
    cut = whole.select(early & (whole.local_day < whole.local_day.min() + 13))
    cut_past = history_of(cut, np.full(len(cut), 0.2))
    known = standing(cut_past, past_of(cut_past, whole.contact[early], whole.local_day[early]))
    assert not np.array_equal(seen[early], known)


def test_training_and_scoring_see_the_same():
    whole = ordered(3)
    past_all = history_of(whole, np.full(len(whole), 0.2))
    day = int(whole.local_day.max())
    rows = whole.local_day == day
    trained = features(whole)[rows]
    known = past_of(past_all, whole.contact[rows], np.full(rows.sum(), day))
    for row, hour in enumerate(whole.local_hour[rows]):
        served = np.hstack([standing(past_all, known), by_hour(past_all, known, int(hour))])[row]
        assert np.array_equal(trained[row], served)


def test_strangers_have_no_past():
    whole = ordered(4)
    past_all = history_of(whole, np.full(len(whole), 0.2))
    stranger = past_of(past_all, np.array([-1]), np.array([30_000]))
    assert not stranger.known.any()
    assert not by_hour(past_all, stranger, 12).any()
