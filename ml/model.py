"""The call-hour model: the probability that a contact answers, for each local hour of a date.

Smooth tables of trait x hour with the contact's own history (logistic regression), blended with gradient
boosted trees where there is enough to learn from. Below that the tables, shrunk by empirical Bayes, speak
alone. Training, scoring and evaluation call it; everybody gets a prediction, whatever is known of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier

from ml.attempts import HOURS, Attempts, Contacts, codes_in, weekday_of
from ml.columns import Segment
from ml.features import (
    History,
    Past,
    attempts_before,
    by_hour,
    by_own_hour,
    history_of,
    order_of,
    past_of,
    standing,
)
from ml.levels import Levels, Trait, learn_traits
from ml.logistic import Logistic, Rows, Term, fit_logistic

Floats = NDArray[np.float64]

ENOUGH_ATTEMPTS = 20_000
ENOUGH_ANSWERS = 1_000
"""Below either, trees learn noise: tables do better and are all that is fitted."""
WAVES = 8
FEW_LEVELS = 40
WAVES_OF_MANY = 4
"""A trait of many levels, such as areas, has too few attempts for each to tell a rough day from noise."""
MOST_COUNTED = 15
SATURDAY = 5
FEWEST_AT_HOUR = 200
"""An hour dialled less often than this is not the trees' to judge."""
LEAST_SPREAD = 1e-3
CHUNK = 250_000


@dataclass(frozen=True)
class Known:
    """What is known for each question (a contact on a day): (n,) levels of each trait, and the past."""

    levels: Sequence[Levels]
    weekday: NDArray[np.int8]
    past: Past
    stand: Floats

    def terms(self) -> list[Levels]:
        """(n,) levels of each of `_terms`."""
        attempts = np.minimum(attempts_before(self.past), MOST_COUNTED).astype(np.int32)
        return [np.zeros_like(attempts), self.weekday.astype(np.int32), attempts, *self.levels]

    def slots(self, hours: NDArray[Any]) -> NDArray[Any]:
        """(n,) where each hour stands in the tables."""
        return np.where(self.weekday >= SATURDAY, hours + HOURS, hours).astype(np.intp)


def _terms(traits: Sequence[Trait]) -> list[Term]:
    return [_term_of(1), _term_of(7), Term(MOST_COUNTED + 1, 0), *(_term_of(trait.size) for trait in traits)]


def _term_of(size: int) -> Term:
    return Term(size, WAVES if size <= FEW_LEVELS else WAVES_OF_MANY)


@dataclass(frozen=True)
class CallHourModel:
    """What was learned.

    `typical` expects an outcome from traits, hour and number of attempts alone; `own` adds how a contact did
    against that. `trees` is None below ENOUGH_ATTEMPTS or ENOUGH_ANSWERS, and speaks only at
    `dialled_hours` (24,).
    """

    traits: tuple[Trait, ...]
    typical: Logistic
    own: Logistic
    centre: Floats
    spread: Floats
    trees: HistGradientBoostingClassifier | None
    dialled_hours: NDArray[np.bool_]

    def probabilities(self, contacts: Contacts, history: Attempts, on: date) -> NDArray[np.float32]:
        """(n, 24): how likely an answer is at each local hour of that date, from what was known before."""
        day = on.toordinal() - date(1970, 1, 1).toordinal()
        seen = _seen_by(self.traits, self.typical, history)
        found = codes_in(history.contact_ids, contacts.ids)
        columns = _columns(contacts.zones, contacts.segments)
        scores = np.empty((len(contacts), HOURS), dtype=np.float32)
        for start in range(0, len(contacts), CHUNK):
            rows = slice(start, start + CHUNK)
            days = np.full(len(found[rows]), day)
            known = _known(_levels(self.traits, columns, rows), seen, past_of(seen, found[rows], days))
            scores[rows] = self._scores(known, seen)
        return scores

    def of_attempts(self, attempts: Attempts) -> Floats:
        """(n,) the probability of each attempt of a history, from what was known before its day."""
        order = order_of(attempts)
        ordered = attempts.select(order)
        history = _seen_by(self.traits, self.typical, ordered)
        known = _known_of(self.traits, ordered, history)
        hourly = by_own_hour(history, known.past, ordered.local_hour)
        odds = self.own.log_odds(known.terms(), known.slots(ordered.local_hour), self.scaled(known, hourly))
        spoken = self.dialled_hours[ordered.local_hour]
        if self.trees is not None and spoken.any():
            inputs = self.tree_inputs(known, hourly, ordered.local_hour, odds)[spoken]
            odds[spoken] = (odds[spoken] + self.trees.decision_function(inputs)) / 2
        probabilities = np.empty(len(attempts))
        probabilities[order] = expit(odds)
        return probabilities

    def _scores(self, known: Known, history: History) -> NDArray[np.float32]:
        odds = self.own.log_odds_by_hour(known.terms(), weekend=bool(known.weekday[0] >= SATURDAY))
        for hour in range(HOURS):
            hourly = by_hour(history, known.past, hour)
            odds[:, hour] += self.scaled(known, hourly) @ self.own.slopes
            if self.trees is not None and self.dialled_hours[hour]:
                inputs = self.tree_inputs(known, hourly, np.full(len(odds), hour), odds[:, hour])
                odds[:, hour] = (odds[:, hour] + self.trees.decision_function(inputs)) / 2
        return expit(odds)

    def scaled(self, known: Known, hourly: Floats) -> Floats:
        """(n, k) the numbers `own` has slopes for."""
        return (np.hstack([known.stand, hourly]) - self.centre) / self.spread

    def tree_inputs(self, known: Known, hourly: Floats, hours: NDArray[Any], odds: NDArray[Any]) -> Floats:
        """(n, k) numbers for the trees; a trait's values stand in the order of how often they answer."""
        first = len(_terms([]))
        traits = [
            level if len(trait.edges) else table.mean(axis=1)[level]
            for trait, table, level in zip(
                self.traits, self.typical.tables[first:], known.levels, strict=True
            )
        ]
        columns = [odds, hours, known.weekday, *traits, known.stand, hourly]
        return np.column_stack(columns).astype(np.float64)


def fit(attempts: Attempts, seed: int) -> CallHourModel:
    """Learn from a history; the same history and seed give the same model, whatever the order of rows."""
    ordered = attempts.select(order_of(attempts))
    traits = tuple(learn_traits(_columns(ordered.zones, ordered.segments)))
    blank = history_of(ordered, np.zeros(len(ordered)))
    counted = _known_of(traits, ordered, blank)
    nothing = np.zeros((len(ordered), 0))
    rows = Rows(counted.terms(), counted.slots(ordered.local_hour), nothing, ordered.answered)
    typical = fit_logistic(rows, _terms(traits))
    history = replace(blank, expected=expit(typical.log_odds(rows.levels, rows.slot, nothing)))
    known = _known_of(traits, ordered, history)
    hourly = by_own_hour(history, known.past, ordered.local_hour)
    numbers = np.hstack([known.stand, hourly])
    centre, spread = numbers.mean(axis=0), np.maximum(numbers.std(axis=0), LEAST_SPREAD)
    rows = replace(rows, numbers=(numbers - centre) / spread)
    own = fit_logistic(rows, _terms(traits))
    dialled = np.bincount(ordered.local_hour, minlength=HOURS) >= FEWEST_AT_HOUR
    tables = CallHourModel(traits, typical, own, centre, spread, None, dialled)
    if len(ordered) < ENOUGH_ATTEMPTS or ordered.answered.sum() < ENOUGH_ANSWERS:
        return tables
    odds = own.log_odds(rows.levels, rows.slot, rows.numbers)
    inputs = tables.tree_inputs(known, hourly, ordered.local_hour, odds)
    return replace(tables, trees=_grown(seed).fit(inputs, ordered.answered))


def _grown(seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=50,
        learning_rate=0.1,
        max_leaf_nodes=8,
        min_samples_leaf=200,
        l2_regularization=5.0,
        early_stopping=False,  # pyright: ignore[reportArgumentType] - its stub knows only "auto"
        random_state=seed,
    )


def _seen_by(traits: Sequence[Trait], typical: Logistic, attempts: Attempts) -> History:
    """The history with what `typical` expected of each attempt."""
    ordered = attempts.select(order_of(attempts))
    blank = history_of(ordered, np.zeros(len(ordered)))
    known = _known_of(traits, ordered, blank)
    odds = typical.log_odds(known.terms(), known.slots(ordered.local_hour), np.zeros((len(ordered), 0)))
    return replace(blank, expected=expit(odds))


def _known_of(traits: Sequence[Trait], ordered: Attempts, history: History) -> Known:
    """What was known before each attempt of a history that is in order."""
    levels = _levels(traits, _columns(ordered.zones, ordered.segments), slice(None))
    return _known(levels, history, past_of(history, ordered.contact, ordered.local_day))


def _known(levels: Sequence[Levels], history: History, past: Past) -> Known:
    return Known(levels, weekday_of(past.day), past, standing(history, past))


def _columns(zones: Segment, segments: Mapping[str, Segment]) -> dict[str, Segment]:
    """The traits' columns; people's time zone is one of them."""
    return {**segments, "timezone": zones}


def _levels(traits: Sequence[Trait], columns: Mapping[str, Segment], rows: slice) -> list[Levels]:
    size = len(columns["timezone"].codes[rows])
    selected = {name: column.select(rows) for name, column in columns.items()}
    return [trait.levels_of(selected.get(trait.name), size) for trait in traits]
