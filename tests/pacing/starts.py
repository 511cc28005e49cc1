"""Counts slots as a carrier would: within any second, wherever it begins."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from uuid import UUID

from outdial.pacing.requests import PaceRequest

A_SECOND_US = 1_000_000
_TRUNK_CPS = {"narrow": 30}


def most_in_a_second(starts_us: Iterable[int]) -> int:
    """The most starts that any half-open second holds."""
    ordered = sorted(starts_us)
    return max((bisect_left(ordered, start + A_SECOND_US) - i for i, start in enumerate(ordered)), default=0)


def asking(n: int, campaign: int = 1, campaign_cps: float | None = None, trunk: str = "main") -> PaceRequest:
    """A request for `n` slots of a numbered campaign."""
    return PaceRequest(trunk, UUID(int=campaign), campaign_cps, n, _TRUNK_CPS.get(trunk))
