"""What may be known of a contact before a call: one place for training and for scoring.

Everything about the past counts as of the start of the contact's local day, so that a score of the night
before and a training row of the same day see the same. Sums are whole numbers, whatever the rows' order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.attempts import HOURS, Attempts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY_SPAN = 1 << 21
"""More days than any calendar here holds: a contact and a day make one number that sorts."""
UNIT = 1 << 20
"""Fractions are counted in millionths."""
NEAR_H = 1.5
WIDE_H = 4.0
"""How far, in hours, an attempt tells of its neighbours."""
PRIOR_WEIGHT = 2.0
"""How much evidence (Σ p (1 - p)) halves the belief that a contact is like others: 1 / variance."""
FORGOTTEN_DAYS = 90
MOST_FAILURES = 15
WEEK_DAYS = 7

STANDING = (
    "attempts", "answers", "level", "attempts_week",
    "days_since", "last_answered", "failures_running", "known",
)  # fmt: skip
"""Features of a contact on a day."""
BY_HOUR = ("near", "wide", "failures_here", "failed_here_last")
"""Features of a contact on a day, for one hour."""


@dataclass(frozen=True)
class History:
    """Attempts sorted by contact, day and moment, with what was expected of each.

    `key` (n,) is contact * DAY_SPAN + local day; `expected` (n,) how likely such people
    answer at that hour.
    """

    key: Ints
    hour: NDArray[np.int8]
    answered: NDArray[np.bool_]
    expected: Floats

    @property
    def surprise(self) -> Floats:
        """By how much each attempt went better than expected, -1 to 1."""
        return self.answered - self.expected

    @property
    def weight(self) -> Floats:
        """How much each attempt can tell: the variance of its outcome."""
        return self.expected * (1 - self.expected)


@dataclass(frozen=True)
class Past:
    """Which rows of the history were known for each question (a contact on a day): `first` ≤ row < `end`."""

    first: Ints
    end: Ints
    day: Ints
    week_before: Ints

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether anything was."""
        return self.end > self.first


def order_of(attempts: Attempts) -> Ints:
    """The rows of a history by contact, day and moment; the same whatever their order in the file."""
    keys = (
        attempts.answered,
        attempts.local_hour,
        attempts.attempted_at_s,
        _key(attempts.contact, attempts.local_day),
    )
    return np.lexsort(keys)


def history_of(attempts: Attempts, expected: Floats) -> History:
    """`attempts` must be in order (`order_of`); `expected` belongs to its rows."""
    return History(
        _key(attempts.contact, attempts.local_day), attempts.local_hour, attempts.answered, expected
    )


def past_of(history: History, contact: NDArray[Any], day: NDArray[Any]) -> Past:
    """What was known of each contact (-1: never seen) at the start of each local day."""
    start = _key(contact, np.zeros_like(day))
    today = _key(contact, day)
    return Past(
        first=np.searchsorted(history.key, start),
        end=np.where(contact < 0, np.searchsorted(history.key, start), np.searchsorted(history.key, today)),
        day=day.astype(np.int64),
        week_before=np.searchsorted(history.key, np.maximum(today - WEEK_DAYS, start)),
    )


def attempts_before(past: Past) -> Ints:
    """How many attempts were known."""
    return past.end - past.first


def standing(history: History, past: Past) -> Floats:
    """(questions, STANDING): how it stands with a contact, whatever the hour."""
    attempts = attempts_before(past)
    last = np.maximum(past.end - 1, 0)
    known = past.known
    answers = _between(_sums(history.answered), past)
    surprise = _between(_sums(history.surprise), past) / UNIT
    weight = _between(_sums(history.weight), past) / UNIT
    columns = [
        np.log1p(attempts),
        np.log1p(answers),
        surprise / (weight + PRIOR_WEIGHT),
        np.log1p(np.maximum(past.end - np.minimum(past.week_before, past.end), 0)),
        np.log1p(_days_since(history, past, last)),
        _at(history.answered, last) & known,
        np.minimum(_failures_running(history, past), MOST_FAILURES),
        known,
    ]
    return np.column_stack(columns).astype(np.float64)


def by_hour(history: History, past: Past, hour: int) -> Floats:
    """(questions, BY_HOUR): what the past says of one hour of the day."""
    near, wide = _nearness(hour, NEAR_H)[history.hour], _nearness(hour, WIDE_H)[history.hour]
    here = history.hour == hour
    last = np.maximum(past.end - 1, 0)
    columns = [
        _residual(history, past, near),
        _residual(history, past, wide),
        np.log1p(_between(_sums(here & ~history.answered), past)),
        _at(here & ~history.answered, last) & past.known,
    ]
    return np.column_stack(columns).astype(np.float64)


def by_own_hour(history: History, past: Past, hours: NDArray[np.int8]) -> Floats:
    """(questions, BY_HOUR) where each question has an hour of its own: what training rows need."""
    features = np.zeros((len(hours), len(BY_HOUR)))
    for hour in range(HOURS):
        rows = hours == hour
        if rows.any():
            features[rows] = by_hour(history, _select(past, rows), hour)
    return features


def _residual(history: History, past: Past, nearness: Floats) -> Floats:
    surprise = _between(_sums(history.surprise * nearness), past)
    weight = _between(_sums(history.weight * nearness), past)
    return surprise / (weight + PRIOR_WEIGHT * UNIT)


def _nearness(hour: int, width_h: float) -> Floats:
    apart = np.abs(np.arange(HOURS) - hour)
    apart = np.minimum(apart, HOURS - apart)
    return np.exp(-0.5 * (apart / width_h) ** 2)


def _days_since(history: History, past: Past, last: Ints) -> Floats:
    days = past.day - _at(history.key, last) % DAY_SPAN
    return np.where(past.known, np.clip(days, 0, FORGOTTEN_DAYS), FORGOTTEN_DAYS)


def _failures_running(history: History, past: Past) -> Ints:
    """How many of the last attempts known failed in a row."""
    rows = np.arange(1, len(history.key) + 1)
    answered_until = np.maximum.accumulate(np.concatenate([[0], np.where(history.answered, rows, 0)]))
    return past.end - np.maximum(answered_until[past.end], past.first)


def _sums(values: NDArray[Any]) -> Ints:
    whole = values if values.dtype.kind == "b" else np.rint(values * UNIT)
    return np.concatenate([[0], np.cumsum(whole, dtype=np.int64)])


def _between(sums: Ints, past: Past) -> Ints:
    return sums[past.end] - sums[past.first]


def _at(values: NDArray[Any], rows: Ints) -> NDArray[Any]:
    return values[rows] if len(values) else np.zeros(len(rows), dtype=values.dtype)


def _select(past: Past, rows: NDArray[np.bool_]) -> Past:
    return Past(past.first[rows], past.end[rows], past.day[rows], past.week_before[rows])


def _key(contact: NDArray[Any], day: NDArray[Any]) -> Ints:
    return contact.astype(np.int64) * DAY_SPAN + day.astype(np.int64)
