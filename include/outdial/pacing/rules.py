"""What the figures say of each pace: lower it to a share, leave it, or let it rise by a step. Pure.

Each rule lowers at one figure and lets rise at a better one, and in between leaves a pace as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median

from outdial.pacing.figures import AnswerFigures, Figures, InForce, TrunkFigures
from outdial.pacing.requests import ALL, trunk_key


@dataclass(frozen=True)
class Steps:
    """How a pace falls and rises: to no less than `least`, up by `up` times at most every `every_s`."""

    least: float
    up: float
    every_s: float


@dataclass(frozen=True)
class Rules:
    """Every threshold. Shares are between 0 and 1, times in seconds."""

    cpu_half: float = 0.80
    cpu_quarter: float = 0.90
    """The seed's steps: 100 calls a second as a rule, 50 above 80 % CPU, 25 above 90 %."""
    cpu_rise: float = 0.64
    """80 % / 1.25: a step up adds a quarter, and must not at once cost half again."""

    ping_half_s: float = 0.25
    ping_quarter_s: float = 1.0
    ping_rise_s: float = 0.1
    """On two cores an Asterisk 22 has half of its calls up within 3 ms at 100 a second, within 31 ms at 250,
    the last rate it keeps up with, and within 580 ms at 300, where its backlog grows."""
    least_pings: int = 3

    trunk_half: float = 0.2
    trunk_quarter: float = 0.5
    """Of a trunk's calls, congested or unreachable: a carrier at its limit refuses some, a dead one all."""
    trunk_rise: float = 0.1
    least_trunk_calls: int = 10
    least_trunk_tries: int = 5

    answer_rise: float = 1.25
    """Times the campaign's floor, else it would rise and fall about it."""

    again_after_s: float = 600
    shy_of: float = 0.8
    """For ten minutes after it fell a pace rises to no more than 80 % of where it got into trouble, then to
    there first: what can bear no more would else be driven far into it every minute."""

    host: Steps = Steps(least=0.25, up=1.25, every_s=30)
    trunk: Steps = Steps(least=0.05, up=2, every_s=10)
    answers: Steps = Steps(least=0.25, up=1.5, every_s=60)


@dataclass(frozen=True)
class Verdict:
    """What one rule says of one pace, and by which figures.

    `at_most` is a share to lower it to, at once or no sooner than `falls_after_s` after the last change.
    `may_rise_to` is a share it may rise to once `rises_after_s` have passed, None for not now; a pace rises
    only where every rule that speaks of it says so, and to the least they say.
    """

    key: str
    says: str
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    at_most: float = 1
    falls_after_s: float = 0
    may_rise_to: float | None = None
    rises_after_s: float = 0


def judge(figures: Figures, in_force: Mapping[str, InForce], rules: Rules) -> Iterator[Verdict]:
    """Every rule's verdict."""
    factors = {key: one.factor for key, one in in_force.items()}
    if figures.reads_cpu:
        yield _judge_cpu(figures.cpu_share, factors.get(ALL, 1), rules)
    yield _judge_latency(figures, factors.get(ALL, 1), rules)
    for name, trunk in figures.trunks.items():
        yield _judge_trunk(name, trunk, factors.get(trunk_key(name), 1), rules)
    for key, answers in figures.campaigns.items():
        yield _judge_answers(key, answers, factors.get(key, 1), rules)


def _judge_cpu(share: float | None, factor: float, rules: Rules) -> Verdict:
    if share is None:
        return Verdict(ALL, "the CPU of the telephony host is not known")
    level, limit = _level(share, rules.cpu_half, rules.cpu_quarter)
    over = f", more than {limit:.0%}" if limit else ""
    return Verdict(
        ALL,
        f"the telephony host's CPU is {share:.0%} busy{over}",
        {"cpuShare": round(share, 4)},
        at_most=level,
        may_rise_to=_step_up(factor, rules.host) if share <= rules.cpu_rise else None,
        rises_after_s=rules.host.every_s,
    )


def _judge_latency(figures: Figures, factor: float, rules: Rules) -> Verdict:
    pings_s = figures.pings_s
    if len(pings_s) < rules.least_pings:
        return Verdict(ALL, "how fast Asterisk answers is not known")
    typical_s = median(pings_s)
    level, limit = _level(typical_s, rules.ping_half_s, rules.ping_quarter_s)
    over = f", more than {limit * 1000:.0f} ms" if limit else ""
    return Verdict(
        ALL,
        f"Asterisk answers in {typical_s * 1000:.0f} ms (of {len(pings_s)} pings the median){over}",
        {"pingMedianS": round(typical_s, 4), "pings": len(pings_s)},
        at_most=level,
        may_rise_to=_step_up(factor, rules.host) if max(pings_s) <= rules.ping_rise_s else None,
        rises_after_s=rules.host.every_s,
    )


def _judge_trunk(name: str, seen: TrunkFigures, factor: float, rules: Rules) -> Verdict:
    key = trunk_key(name)
    if seen.begun >= rules.least_trunk_calls:
        level, limit = _level(seen.failed / seen.begun, rules.trunk_half, rules.trunk_quarter)
        if limit:
            says = (
                f"{seen.failed} of {seen.begun} calls over {name} met congestion or a dead trunk, "
                f"more than {limit:.0%}"
            )
            figures = {"calls": seen.begun, "failed": seen.failed}
            least = max(factor * level, rules.trunk.least)
            return Verdict(key, says, figures, at_most=least, falls_after_s=rules.trunk.every_s)
    says = f"{seen.tried_in_vain} of the latest {seen.tried} calls over {name} failed"
    recovers = seen.tried >= rules.least_trunk_tries and seen.tried_in_vain <= rules.trunk_rise * seen.tried
    return Verdict(
        key,
        says,
        {"calls": seen.tried, "failed": seen.tried_in_vain},
        may_rise_to=_step_up(factor, rules.trunk) if recovers else None,
        rises_after_s=rules.trunk.every_s,
    )


def _judge_answers(key: str, seen: AnswerFigures, factor: float, rules: Rules) -> Verdict:
    if seen.floor is None:
        return Verdict(key, "the campaign has no answer-rate floor to keep any more", may_rise_to=1)
    figures = {"calls": seen.calls, "answered": seen.answered, "floor": seen.floor}
    if seen.calls < seen.minimum_calls:
        return Verdict(key, f"{seen.calls} calls are too few to judge by", figures)
    rate = seen.answered / seen.calls
    says = f"people answered {seen.answered} of {seen.calls} calls ({rate:.0%})"
    if rate < seen.floor:
        says += f", less than the floor of {seen.floor:.0%}"
        least = max(factor / 2, rules.answers.least)
        return Verdict(key, says, figures, at_most=least, falls_after_s=rules.answers.every_s)
    enough = min(seen.floor * rules.answer_rise, (1 + seen.floor) / 2)
    rises_to = _step_up(factor, rules.answers) if rate >= enough else None
    return Verdict(key, says, figures, may_rise_to=rises_to, rises_after_s=rules.answers.every_s)


def _level(figure: float, half: float, quarter: float) -> tuple[float, float]:
    """The share a figure leaves, and the threshold it is above; 0 for none."""
    if figure > quarter:
        return 0.25, quarter
    return (0.5, half) if figure > half else (1.0, 0.0)


def _step_up(factor: float, steps: Steps) -> float:
    return min(factor * steps.up, 1.0)
