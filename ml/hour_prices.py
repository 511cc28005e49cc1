"""Prices of hours: the dual of the transport problem that a plan solves. `ml.assignment` calls it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SOFTNESS = (0.1, 0.02, 0.004, 0.001, 0.0002)
"""Answers; hours that differ by less share a contact. The last is about what smoothing may lose of a plan."""
NEWTON_STEPS = 12
TRUSTED = 10  # times the last softness: how far a price may be nudged unseen


def settle_prices(
    gains: NDArray[np.float64], capacity: NDArray[np.float64], prices: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The prices at which no hour is wanted by more than `capacity` of the contacts; start from `prices`.

    `gains` (contacts, hours) are answers, -inf where illegal. Newton's method on the dual, smoothed less and
    less: hours that are all but equal to many people can only move together.
    """
    for softness in SOFTNESS:
        for _ in range(NEWTON_STEPS):
            step = _newton_step(gains, capacity, prices, softness)
            prices = _shortened(gains, capacity, prices, step, softness)
            if np.abs(step).max(initial=0) < softness * 1e-2:
                break
    return prices


def nudge_prices(
    gains: NDArray[np.float64], prices: NDArray[np.float64], excess: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Prices moved so that `excess` fewer of these contacts want each hour, for small excesses."""
    step = _price_step(_soft_shares(gains, prices, SOFTNESS[-1]), prices, excess, SOFTNESS[-1])
    return np.maximum(prices + np.clip(step, -TRUSTED * SOFTNESS[-1], TRUSTED * SOFTNESS[-1]), 0)


def _newton_step(
    gains: NDArray[np.float64], capacity: NDArray[np.float64], prices: NDArray[np.float64], softness: float
) -> NDArray[np.float64]:
    shares = _soft_shares(gains, prices, softness)
    return _price_step(shares, prices, shares.sum(axis=0) - capacity, softness)


def _price_step(
    shares: NDArray[np.float64], prices: NDArray[np.float64], excess: NDArray[np.float64], softness: float
) -> NDArray[np.float64]:
    """What to add to prices above zero, or that must rise, to be rid of the excess."""
    free = (prices > 0) | (excess > 0)
    curvature = (np.diag(shares.sum(axis=0)) - shares.T @ shares)[np.ix_(free, free)] / softness
    damped = curvature + np.eye(int(free.sum())) * (1e-6 * len(shares) / softness)
    step = np.zeros(len(prices))
    step[free] = np.linalg.solve(damped, excess[free])
    return step


def _shortened(
    gains: NDArray[np.float64],
    capacity: NDArray[np.float64],
    prices: NDArray[np.float64],
    step: NDArray[np.float64],
    softness: float,
) -> NDArray[np.float64]:
    """As much of the step as makes the bound better, halved up to twelve times."""
    bound = _soft_bound(gains, capacity, prices, softness)
    for halving in range(12):
        moved = np.maximum(prices + step * 0.5**halving, 0)
        if _soft_bound(gains, capacity, moved, softness) <= bound:
            return moved
    return prices


def _soft_shares(
    gains: NDArray[np.float64], prices: NDArray[np.float64], softness: float
) -> NDArray[np.float64]:
    """How much of each contact wants each hour; the rest of it wants none."""
    net = (gains - prices) / softness
    top = np.maximum(net.max(axis=1, keepdims=True), 0)
    wants = np.exp(net - top)
    return wants / (wants.sum(axis=1, keepdims=True) + np.exp(-top))


def _soft_bound(
    gains: NDArray[np.float64], capacity: NDArray[np.float64], prices: NDArray[np.float64], softness: float
) -> float:
    net = (gains - prices) / softness
    top = np.maximum(net.max(axis=1, keepdims=True), 0)
    wants = np.exp(net - top).sum(axis=1, keepdims=True) + np.exp(-top)
    return float(softness * (top + np.log(wants)).sum() + (capacity * prices).sum())
