"""How good probabilities and plans are, on attempts later than all they were learned from.

Log loss says how good the probabilities are; the policy's value says what they are good for. AUC is
reported because people ask for it, but who answers at all dominates it: it does not measure timing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from ml.assignment import assign, hour_prices
from ml.attempts import Attempts, Contacts
from ml.model import CallHourModel
from ml.policy_value import Logged, NotEvaluable, PolicyValue, chosen, clustered_interval, policy_value

AUC_REMARK = "AUC tells who answers from who does not, hardly when: it does not measure timing"
EPOCH = date(1970, 1, 1)
CALIBRATION_BINS = 20
HEAVIEST = 20.0
"""Weights of the importance-weighted log loss are clipped here; those of policy values never are."""
SMALLEST = 1e-6
DAY_PARTS = np.repeat(np.arange(4), 6)
"""Night, morning, afternoon and evening, six hours each."""


@dataclass(frozen=True)
class Quality:
    """Of probabilities against outcomes. `weighted_log_loss` is None where no propensities were logged."""

    attempts: int
    answers: int
    log_loss: float
    weighted_log_loss: float | None
    brier: float
    calibration_error: float
    calibration_slope: float
    auc: float


@dataclass(frozen=True)
class Split:
    """A history cut in time: learn from `before`, judge by `after`."""

    before: Attempts
    after: Attempts


def forward_split(attempts: Attempts, days: int) -> Split:
    """The last `days` local days against all earlier ones: what a model must foresee, what it may know."""
    cut = int(attempts.local_day.max()) - days + 1
    late = attempts.local_day >= cut
    return Split(attempts.select(~late), attempts.select(late))


def scores_of(model: CallHourModel, history: Attempts, calls: Attempts) -> NDArray[np.float32]:
    """The model's chances at all hours of each call's day, (calls, 24), from what was known before it.

    Both must share `contact_ids`; of the history only the past of those called is looked at.
    """
    scores = np.empty((len(calls), 24), dtype=np.float32)
    for day in np.unique(calls.local_day):
        rows = np.flatnonzero(calls.local_day == day)
        called = np.zeros(len(history.contact_ids), dtype=np.bool_)
        called[calls.contact[rows]] = True
        known = history.select((history.local_day < day) & called[history.contact])
        people = _contacts_of(calls.select(rows))
        scores[rows] = model.probabilities(people, known, EPOCH + timedelta(days=int(day)))
    return scores


def quality(
    probabilities: NDArray[np.floating],
    answered: NDArray[np.bool_],
    propensity: NDArray[np.float64] | None = None,
) -> Quality:
    """How well probabilities of attempts (n,) foresaw which were answered. Needs both outcomes."""
    chances = np.clip(probabilities.astype(np.float64), SMALLEST, 1 - SMALLEST)
    return Quality(
        attempts=len(answered),
        answers=int(answered.sum()),
        log_loss=float(log_loss(answered, chances)),
        weighted_log_loss=_weighted_log_loss(chances, answered, propensity),
        brier=float(brier_score_loss(answered, chances)),
        calibration_error=calibration_error(chances, answered),
        calibration_slope=calibration_slope(chances, answered),
        auc=float(roc_auc_score(answered, chances)),
    )


def losses(probabilities: NDArray[np.floating], answered: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Each attempt's log loss, (n,)."""
    chances = np.clip(probabilities.astype(np.float64), SMALLEST, 1 - SMALLEST)
    return -np.log(np.where(answered, chances, 1 - chances))


def loss_difference(
    ours: NDArray[np.floating], theirs: NDArray[np.floating], attempts: Attempts, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Our log loss less theirs on the same attempts, and its 95 % interval; below zero ours is better."""
    apart = losses(ours, attempts.answered) - losses(theirs, attempts.answered)
    return (float(apart.mean()), *clustered_interval(attempts.contact, apart, rng))


def calibration_bins(
    probabilities: NDArray[np.floating], answered: NDArray[np.bool_], bins: int = CALIBRATION_BINS
) -> NDArray[np.float64]:
    """Equally many attempts to a bin, (bins, 3): mean probability, share answered, attempts."""
    parts = np.array_split(np.argsort(probabilities, kind="stable"), min(bins, len(answered)))
    return np.array([[probabilities[part].mean(), answered[part].mean(), len(part)] for part in parts])


def calibration_error(probabilities: NDArray[np.floating], answered: NDArray[np.bool_]) -> float:
    """Mean distance of probability and share answered over equally large bins."""
    bins = calibration_bins(probabilities, answered)
    return float(np.average(np.abs(bins[:, 0] - bins[:, 1]), weights=bins[:, 2]))


def calibration_slope(probabilities: NDArray[np.floating], answered: NDArray[np.bool_]) -> float:
    """1 where differences in probability are as large as they claim; below 1 they are overstated."""
    logits = np.log(probabilities / (1 - probabilities))[:, None]
    return float(LogisticRegression(C=np.inf).fit(logits, answered).coef_[0, 0])


def even_capacity(hours: NDArray[np.integer], calls: int) -> NDArray[np.int64]:
    """Calls each of the 24 hours takes where those in use take equally many."""
    used = np.unique(hours)
    capacity = np.zeros(24, dtype=np.int64)
    capacity[used] = -(-calls // len(used))
    return capacity


def planned_policy(
    scores: NDArray[np.float32], capacity: NDArray[np.int64], legal: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """The calls' hours planned by scores (calls, 24) within each hour's capacity; their level is free."""
    open_hours = capacity > 0 if legal is None else legal & (capacity > 0)
    lifted = (scores - scores.min() + 1).astype(np.float32)
    return chosen(assign(lifted, open_hours, capacity, hour_prices(lifted, capacity, open_hours)))


def first_in_first_out(calls: int, capacity: NDArray[np.int64]) -> NDArray[np.float64]:
    """Hours without regard to whom: each call gets them in proportion to what they take."""
    return np.tile(capacity / capacity.sum(), (calls, 1))


def best_global_hour(before: Attempts, calls: int) -> NDArray[np.float32]:
    """Scores by how often people in general answered at each hour, the same for everybody."""
    dialled = np.bincount(before.local_hour, minlength=24)
    answers = np.bincount(before.local_hour, weights=before.answered, minlength=24)
    prior = before.answered.mean()
    return np.tile(((answers + 50 * prior) / (dialled + 50)).astype(np.float32), (calls, 1))


def quota_per_day_part(tried: NDArray[np.integer]) -> NDArray[np.float32]:
    """Scores for the part of the day tried least; `tried` (calls, 24) counts attempts before, by hour."""
    by_part = np.stack([tried[:, part == DAY_PARTS].sum(axis=1) for part in range(4)], axis=1)
    return -by_part[:, DAY_PARTS].astype(np.float32)


def avoid_last_failure(failed_hour: NDArray[np.integer], within_h: int = 2) -> NDArray[np.float32]:
    """Scores that shun hours within so many of the last attempt's, where it failed (-1: it did not)."""
    apart = np.abs(np.arange(24) - failed_hour[:, None])
    near = (np.minimum(apart, 24 - apart) <= within_h) & (failed_hour >= 0)[:, None]
    return -near.astype(np.float32)


def naive_argmax(scores: NDArray[np.float32], capacity: NDArray[np.int64]) -> NDArray[np.float64]:
    """Those whose best hour it is first, then whoever is oldest: rows are oldest first, hours in turn."""
    open_hours = np.flatnonzero(capacity)
    best = open_hours[scores[:, open_hours].argmax(axis=1)]
    hours = np.full(len(scores), -1)
    for hour in open_hours:
        waiting = np.flatnonzero(hours < 0)
        order = np.concatenate([waiting[best[waiting] == hour], waiting[best[waiting] != hour]])
        hours[order[: capacity[hour]]] = hour
    return chosen(hours)


def policies(
    scores: NDArray[np.float32], before: Attempts, after: Attempts, capacity: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """The model's plan and what others do, as hours for the calls of `after`: (calls, 24) each, by name."""
    tried, failed_hour = tried_before(before, after)
    return {
        "planned": planned_policy(scores, capacity),
        "first in, first out": first_in_first_out(len(after), capacity),
        "best global hour": planned_policy(best_global_hour(before, len(after)), capacity),
        "quota per day part": planned_policy(quota_per_day_part(tried), capacity),
        "avoid last failure": planned_policy(avoid_last_failure(failed_hour), capacity),
        "naive argmax": naive_argmax(scores, capacity),
    }


def tried_before(before: Attempts, after: Attempts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each call of `after`: attempts before by hour (calls, 24), and the last one's hour if it failed,
    else -1.

    As of the cut: what happened within `after` is not counted. Both must share `contact_ids`.
    """
    people = len(before.contact_ids)
    tried = np.zeros((people, 24), dtype=np.int64)
    np.add.at(tried, (before.contact, before.local_hour), 1)
    failed_hour = np.full(people, -1)
    by_time = np.argsort(before.attempted_at_s, kind="stable")
    failed = np.where(before.answered, -1, before.local_hour)[by_time]
    failed_hour[before.contact[by_time]] = failed
    return tried[after.contact], failed_hour[after.contact]


def policy_values(
    scores: NDArray[np.float32], split: Split, rng: np.random.Generator
) -> Mapping[str, PolicyValue | NotEvaluable]:
    """Answers per call of the model's plan and of what others do, in one run on one log.

    `scores` (calls, 24) are the model's probabilities for each call of `split.after`, by a model fitted to
    `split.before`. Hours in use take equally many calls.
    """
    after = split.after
    logged = Logged(after.contact, after.local_hour, after.propensity, after.answered, scores)
    capacity = even_capacity(after.local_hour, len(after))
    ways = policies(scores, split.before, after, capacity)
    values = {name: policy_value(logged, way, rng) for name, way in ways.items()}
    fifo = ways["first in, first out"]
    values["planned over first in, first out"] = policy_value(logged, ways["planned"], rng, fifo)
    return values


def _contacts_of(calls: Attempts) -> Contacts:
    return Contacts(calls.contact_ids[calls.contact], calls.zones, calls.segments)


def _weighted_log_loss(
    chances: NDArray[np.float64], answered: NDArray[np.bool_], propensity: NDArray[np.float64] | None
) -> float | None:
    """As if every hour had been dialled alike: weights of one over the propensity, clipped."""
    if propensity is None or np.isnan(propensity).any():
        return None
    return float(np.average(losses(chances, answered), weights=np.minimum(1 / propensity, HEAVIEST)))
