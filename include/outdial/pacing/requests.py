"""What a dialer asks of the pace and what it gets; used by both clocks and by the dialer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType
from uuid import UUID

SHARE_USED = 0.98
"""Of every limit. The rest absorbs how unevenly clients and networks delay what was evenly spaced."""

HORIZON_S = 1.0
"""No slot is given further ahead, so all slots a lost clock has given are past after this long."""

LATE_AFTER_S = 0.05
"""A slot used later than this could meet the slots after it within one second; it is dropped."""

ASK_AGAIN_AFTER_S = 0.05
"""How long to wait after fewer slots than asked for."""

ALL = "all"

NONE_LOWERED: Mapping[str, float] = MappingProxyType({})
"""Every pace may use its whole CPS."""


@dataclass(frozen=True)
class Limits:
    """Originates per second of all dialers together."""

    max_cps: float


@dataclass(frozen=True)
class PaceRequest:
    """`n` slots for calls of one campaign over one trunk; without a CPS either has no limit of its own."""

    trunk: str
    campaign_id: UUID
    campaign_cps: float | None
    n: int
    trunk_cps: float | None = None


@dataclass(frozen=True)
class Slot:
    """Leave to begin one attempt `starts_in_s` after the answer arrived, valid in its epoch only."""

    starts_in_s: float
    epoch: int


@dataclass(frozen=True)
class Reserved:
    """Starts of slots and the moment they were given, in microseconds of the clock that gave them."""

    now_us: int
    starts_us: Sequence[int]


@dataclass(frozen=True)
class PaceGap:
    """One pace a request must keep: its key, and the least time between two of its slots."""

    key: str
    gap_us: int


def campaign_key(campaign_id: UUID) -> str:
    """The pace that one campaign keeps."""
    return f"campaign:{campaign_id}"


def trunk_key(trunk: str) -> str:
    """The pace that all calls over one trunk keep."""
    return f"trunk:{trunk}"


def is_too_late(due_s: float, now_s: float) -> bool:
    """Whether a slot due at `due_s` may be used no more; both by the same monotonic clock."""
    return now_s - due_s > LATE_AFTER_S


def gap_of_all(limits: Limits, factors: Mapping[str, float] = NONE_LOWERED) -> PaceGap:
    """The pace that all calls keep together."""
    return _gap(ALL, limits.max_cps * factors.get(ALL, 1))


def gaps_of(
    request: PaceRequest, limits: Limits, factors: Mapping[str, float] = NONE_LOWERED
) -> list[PaceGap]:
    """The paces a request must keep, that of all calls first; `factors` by key, 1 where none is given.

    A campaign or trunk without a CPS of its own keeps one once it is lowered: its share of everybody's.
    """
    gaps = [gap_of_all(limits, factors)]
    for key, own_cps in (
        (campaign_key(request.campaign_id), request.campaign_cps),
        (trunk_key(request.trunk), request.trunk_cps),
    ):
        if own_cps is not None or key in factors:
            gaps.append(_gap(key, (own_cps or limits.max_cps) * factors.get(key, 1)))
    return gaps


def _gap(key: str, cps: float) -> PaceGap:
    return PaceGap(key, ceil(1e6 / (cps * SHARE_USED)))
