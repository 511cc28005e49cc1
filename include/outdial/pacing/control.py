"""Decides how each pace changes: down at once, up by steps, and never up without a reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from math import inf

from outdial.pacing.figures import Figures, InForce
from outdial.pacing.rules import Rules, Verdict, judge


@dataclass(frozen=True)
class Change:
    """One pace changes at `at`, for a reason in a sentence and by figures."""

    key: str
    at: datetime
    before: float
    after: float
    reason: str
    figures: Mapping[str, float]


def decide(in_force: Mapping[str, InForce], figures: Figures, rules: Rules, now: datetime) -> list[Change]:
    """What is to change. A pace that `in_force` does not name is whole.

    No change leads out of (0, 1]; none raises a pace that an operator holds, that a rule still limits, or
    that changed a moment ago.
    """
    verdicts = sorted(judge(figures, in_force, rules), key=lambda verdict: verdict.key)
    return [
        change
        for key, said in groupby(verdicts, key=lambda verdict: verdict.key)
        for change in _decide_one(key, list(said), in_force.get(key), now)
    ]


def _decide_one(key: str, said: Sequence[Verdict], now_is: InForce | None, now: datetime) -> Iterator[Change]:
    factor = now_is.factor if now_is else 1.0
    passed_s = (now - now_is.since).total_seconds() if now_is else inf
    limits = [verdict for verdict in said if verdict.at_most < factor]
    due = [verdict for verdict in limits if passed_s >= verdict.falls_after_s]
    if due:
        strictest = min(due, key=lambda verdict: verdict.at_most)
        yield Change(key, now, factor, strictest.at_most, _sentence(strictest.says), strictest.figures)
    elif now_is and not now_is.held and not limits and (risen := _risen(said, passed_s)) > factor:
        reason = _sentence(f"{' and '.join(verdict.says for verdict in said)}: {_upward(risen)}")
        yield Change(key, now, factor, risen, reason, _all_figures(said))


def _risen(said: Sequence[Verdict], passed_s: float) -> float:
    """The share every rule lets it rise to; 0 where one does not."""
    if any(passed_s < verdict.rises_after_s for verdict in said):
        return 0
    return min(min(verdict.may_rise_to or 0, verdict.at_most) for verdict in said)


def _upward(factor: float) -> str:
    return "the whole pace again" if factor == 1 else "a step up"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _all_figures(said: Iterable[Verdict]) -> dict[str, float]:
    return {name: value for verdict in said for name, value in verdict.figures.items()}
