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
        for change in _decide_one(key, list(said), in_force.get(key), rules, now)
    ]


def _decide_one(
    key: str, said: Sequence[Verdict], now_is: InForce | None, rules: Rules, now: datetime
) -> Iterator[Change]:
    factor = now_is.factor if now_is else 1.0
    passed_s = (now - now_is.since).total_seconds() if now_is else inf
    limits = [verdict for verdict in said if verdict.at_most < factor]
    due = [verdict for verdict in limits if passed_s >= verdict.falls_after_s]
    if due:
        strictest = min(due, key=lambda verdict: verdict.at_most)
        yield Change(key, now, factor, strictest.at_most, _sentence(strictest.says), strictest.figures)
    elif now_is and not now_is.held and not limits:
        risen = min(_risen(said, passed_s), _highest(said, now_is, rules, now))
        if risen <= factor:
            return
        reason = _sentence(f"{' and '.join(verdict.says for verdict in said)}: {_upward(risen)}")
        yield Change(key, now, factor, risen, reason, _all_figures(said))


def _risen(said: Sequence[Verdict], passed_s: float) -> float:
    """The share every rule lets it rise to; 0 where one does not."""
    if any(passed_s < verdict.rises_after_s for verdict in said):
        return 0
    return min(min(verdict.may_rise_to or 0, verdict.at_most) for verdict in said)


def _highest(said: Sequence[Verdict], now_is: InForce, rules: Rules, now: datetime) -> float:
    """The share it may rise to so soon after it fell; where nothing judges it any more, any."""
    is_judged = any(verdict.rises_after_s for verdict in said)
    if not is_judged or now_is.fell_from is None or now_is.fell_at is None:
        return 1
    if (now - now_is.fell_at).total_seconds() < rules.again_after_s:
        return rules.shy_of * now_is.fell_from
    return now_is.fell_from if now_is.factor < now_is.fell_from else 1


def _upward(factor: float) -> str:
    return "the whole pace again" if factor == 1 else "a step up"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _all_figures(said: Iterable[Verdict]) -> dict[str, float]:
    return {name: value for verdict in said for name, value in verdict.figures.items()}
