"""What a dialer asks of the pace and what it gets; used by both clocks and by the dialer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
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


def gap_of_all(limits: Limits) -> PaceGap:
    """The pace that all calls keep together."""
    return _gap(ALL, limits.max_cps)


def gaps_of(request: PaceRequest, limits: Limits) -> list[PaceGap]:
    """The paces a request must keep, that of all calls first."""
    gaps = [gap_of_all(limits)]
    if request.campaign_cps is not None:
        gaps.append(_gap(campaign_key(request.campaign_id), request.campaign_cps))
    if request.trunk_cps is not None:
        gaps.append(_gap(trunk_key(request.trunk), request.trunk_cps))
    return gaps


def _gap(key: str, cps: float) -> PaceGap:
    return PaceGap(key, ceil(1e6 / (cps * SHARE_USED)))
