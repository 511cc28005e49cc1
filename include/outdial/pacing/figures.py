"""What the pace is judged by, as the controller gathers it at each look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class InForce:
    """The share of its CPS a pace may use, in (0, 1], since when, and whether an operator holds it there.

    `fell_from` is the share at which it last got into trouble, and `fell_at` when it was lowered last.
    """

    factor: float
    since: datetime
    held: bool = False
    fell_from: float | None = None
    fell_at: datetime | None = None


@dataclass(frozen=True)
class TrunkFigures:
    """Calls over one trunk since its share last changed, and how many of them failed.

    `begun` and `failed` are of the last minutes, and a call in progress has not failed: by these a trunk is
    lowered. `tried` and `tried_in_vain` are the latest calls whose end is known: by these it recovers.
    """

    begun: int
    failed: int
    tried: int
    tried_in_vain: int


@dataclass(frozen=True)
class AnswerFigures:
    """Counted calls of one campaign within its window and since its share last changed, and those answered.

    `floor` None: the campaign has none any more, or has ended.
    """

    floor: float | None
    minimum_calls: int
    calls: int
    answered: int


@dataclass(frozen=True)
class Figures:
    """Everything at one look. What cannot be had is None, or absent, and nothing is raised without it.

    `reads_cpu` is whether the telephony host's metrics are to be read at all. `pings_s` are Asterisk's latest
    answers, in seconds. Trunks by name; campaigns by the key of their pace.
    """

    reads_cpu: bool = False
    cpu_share: float | None = None
    pings_s: Sequence[float] = ()
    trunks: Mapping[str, TrunkFigures] = field(default_factory=dict[str, TrunkFigures])
    campaigns: Mapping[str, AnswerFigures] = field(default_factory=dict[str, AnswerFigures])
