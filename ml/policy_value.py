"""What a way of choosing hours would have been worth, from a log of choices made another way.

Doubly robust and not clipped: clipping quietly brings back the optimism of the model being judged. Calls to
one contact are alike, so intervals come from resampling contacts, not calls. `ml.evaluate` calls this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 500
LEAST_EFFECTIVE = 30
"""Calls' worth of evidence below which an interval means nothing."""
MEAN_WEIGHT_WITHIN = 0.05
"""True propensities make weights of one on average, but for this and three standard errors."""


@dataclass(frozen=True)
class Logged:
    """Calls as logged, one row each: whom, at which hour, with which probability of that hour, and what
    came of it.

    `propensity` is None or NaN where it was not logged. `expected` (calls, 24) is a model's guess of an
    answer.
    """

    contact: NDArray[Any]
    hour: NDArray[Any]
    propensity: NDArray[np.float64] | None
    answered: NDArray[np.bool_]
    expected: NDArray[np.float32]

    def __len__(self) -> int:
        """How many calls."""
        return len(self.contact)


@dataclass(frozen=True)
class PolicyValue:
    """Answers per call, with the bounds of a 95 % interval, and how much evidence stands behind them."""

    value: float
    low: float
    high: float
    effective_calls: float
    mean_weight: float


@dataclass(frozen=True)
class NotEvaluable:
    """Why there is no number."""

    reason: str


def policy_value(
    logged: Logged,
    policy: NDArray[np.floating],
    rng: np.random.Generator,
    baseline: NDArray[np.floating] | None = None,
) -> PolicyValue | NotEvaluable:
    """Answers per call had hours been chosen by `policy` (calls, 24), its shares of each call adding up to
    one.

    With a `baseline` policy, how many more answers per call than that. The log must hold the probability of
    each choice, and have chosen now and then whatever the policies choose.
    """
    against = np.zeros_like(policy) if baseline is None else baseline
    reason = _unusable(logged, policy) or _unsupported(logged, policy + against)
    if reason:
        return NotEvaluable(reason)
    weights = _weights(logged, policy)
    effective = float(weights.sum() ** 2 / max(float((weights**2).sum()), 1e-12))
    mean_weight = float(weights.sum() / policy.sum())
    reason = _untrustworthy(effective, mean_weight)
    if reason:
        return NotEvaluable(reason)
    terms = _robust_terms(logged, policy - against)
    low, high = clustered_interval(logged.contact, terms, rng)
    return PolicyValue(float(terms.mean()), low, high, effective, mean_weight)


def clustered_interval(
    clusters: NDArray[Any], values: NDArray[np.floating], rng: np.random.Generator, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """A 95 % interval of the mean of `values`, by drawing whole clusters (contacts) again and again."""
    _, cluster = np.unique(clusters, return_inverse=True)
    sums = np.bincount(cluster, weights=values)
    sizes = np.bincount(cluster)
    means = np.empty(resamples)
    for draw in range(resamples):
        times = np.bincount(rng.integers(len(sums), size=len(sums)), minlength=len(sums))
        means[draw] = (times @ sums) / (times @ sizes)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def chosen(hours: NDArray[np.integer]) -> NDArray[np.float64]:
    """A policy that calls each row at its one hour; rows of hour -1 are not called."""
    policy = np.zeros((len(hours), 24))
    called = np.flatnonzero(hours >= 0)
    policy[called, hours[called]] = 1
    return policy


def _unusable(logged: Logged, policy: NDArray[np.floating]) -> str:
    if logged.propensity is None or np.isnan(logged.propensity).all():
        return "no propensities were logged, so nothing says what the other hours would have brought"
    if np.isnan(logged.propensity).any():
        return (
            f"{np.isnan(logged.propensity).mean():.1%} of the calls have no propensity: leave them out first"
        )
    if not len(logged) or not policy.any():
        return "there are no calls to judge by"
    return ""


def _unsupported(logged: Logged, policy: NDArray[np.floating]) -> str:
    """Hours that a policy wants and the log never tried tell nothing, whatever a model says of them."""
    tried = np.bincount(logged.hour, minlength=24) > 0
    lost = float(policy[:, ~tried].sum() / policy.sum())
    if lost > 0:
        return f"{lost:.0%} of the policy's calls go to hours that the log never tried: explore first"
    return ""


def _untrustworthy(effective: float, mean_weight: float) -> str:
    if effective < LEAST_EFFECTIVE:
        return f"the log is worth only {effective:.0f} calls of this policy: explore more, or longer"
    if abs(mean_weight - 1) > MEAN_WEIGHT_WITHIN + 3 / np.sqrt(effective):
        return (
            f"weights are {mean_weight:.2f} on average, not 1: the logged propensities are not the true ones"
        )
    return ""


def _weights(logged: Logged, policy: NDArray[np.floating]) -> NDArray[np.float64]:
    propensity = np.ones(len(logged)) if logged.propensity is None else logged.propensity
    return policy[np.arange(len(logged)), logged.hour] / propensity


def _robust_terms(logged: Logged, policy: NDArray[np.floating]) -> NDArray[np.float64]:
    """What the model expects, put right by what really happened where the log agrees with the policy."""
    guessed = (policy * logged.expected).sum(axis=1)
    at_hour = logged.expected[np.arange(len(logged)), logged.hour]
    return guessed + _weights(logged, policy) * (logged.answered - at_hour)
