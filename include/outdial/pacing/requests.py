"""What a dialer asks of the pace and what it gets; used by both clocks and by the dialer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    """Originates per second: all dialers together, and where set each trunk."""

    max_cps: float
    trunk_cps: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True)
class PaceRequest:
    """`n` slots for calls of one campaign over one trunk; `campaign_cps` None is no limit of its own."""

    trunk: str
    campaign_id: UUID
    campaign_cps: float | None
    n: int


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
        gaps.append(_gap(f"campaign:{request.campaign_id}", request.campaign_cps))
    if request.trunk in limits.trunk_cps:
        gaps.append(_gap(f"trunk:{request.trunk}", limits.trunk_cps[request.trunk]))
    return gaps


def _gap(key: str, cps: float) -> PaceGap:
    return PaceGap(key, ceil(1e6 / (cps * SHARE_USED)))
