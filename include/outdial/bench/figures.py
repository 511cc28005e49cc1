"""Quantiles of what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Spread:
    """How `n` durations lie, in milliseconds."""

    n: int
    p50_ms: float
    p99_ms: float
    max_ms: float


NOTHING = Spread(0, 0, 0, 0)


def spread_of(seconds: Sequence[float]) -> Spread:
    """The spread of durations given in seconds; nearest rank."""
    if not seconds:
        return NOTHING
    ordered = sorted(seconds)

    def rank(share: float) -> float:
        return ordered[ceil(share * len(ordered)) - 1] * 1000

    return Spread(len(ordered), rank(0.5), rank(0.99), ordered[-1] * 1000)
