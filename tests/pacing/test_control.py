"""How the pace is judged, as rules over any figures: never up without a reason, never out of (0, 1]."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from outdial.pacing.control import Change, decide
from outdial.pacing.figures import AnswerFigures, Figures, InForce, TrunkFigures
from outdial.pacing.requests import ALL, trunk_key
from outdial.pacing.rules import Rules
from tests.rules.depth import tried

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
RULES = Rules()
CAMPAIGN = "campaign:c"
ALPHA = trunk_key("alpha")
QUICK_PINGS = (0.003, 0.004, 0.003, 0.002, 0.003)
LONG_AGO = NOW - timedelta(hours=1)


@st.composite
def _parts(draw: st.DrawFn, most: int = 200) -> tuple[int, int]:
    whole = draw(st.integers(0, most))
    return whole, draw(st.integers(0, whole))


@st.composite
def _trunks(draw: st.DrawFn) -> TrunkFigures:
    (begun, failed), (known, in_vain) = draw(_parts()), draw(_parts(10))
    return TrunkFigures(begun, failed, known, in_vain)


@st.composite
def _answers(draw: st.DrawFn) -> AnswerFigures:
    calls, answered = draw(_parts())
    return AnswerFigures(draw(st.none() | st.floats(0.01, 0.99)), draw(st.integers(10, 60)), calls, answered)


FIGURES = st.builds(
    Figures,
    reads_cpu=st.booleans(),
    cpu_share=st.none() | st.floats(0, 1),
    pings_s=st.lists(st.floats(0, 5), max_size=5),
    trunks=st.dictionaries(st.sampled_from(["alpha", "beta"]), _trunks()),
    campaigns=st.dictionaries(st.just(CAMPAIGN), _answers()),
)
IN_FORCE = st.dictionaries(
    st.sampled_from([ALL, ALPHA, trunk_key("beta"), CAMPAIGN]),
    st.builds(
        InForce,
        factor=st.floats(0.001, 1),
        since=st.integers(0, 1000).map(lambda ago_s: NOW - timedelta(seconds=ago_s)),
        held=st.booleans(),
        fell_from=st.none() | st.floats(0.001, 1),
        fell_at=st.none() | st.integers(0, 1000).map(lambda ago_s: NOW - timedelta(seconds=ago_s)),
    ),
)


def after(in_force: dict[str, InForce], changes: list[Change]) -> dict[str, InForce]:
    """What is in force once `changes` are."""
    return in_force | {one.key: _after(in_force.get(one.key), one) for one in changes}


def _after(was: InForce | None, change: Change) -> InForce:
    now_is = replace(was or InForce(1, change.at), factor=change.after, since=change.at)
    if change.after > change.before:
        return now_is
    # Whether the last change was a step down too.
    goes_on = was is not None and was.fell_at == was.since
    fell_from = was.fell_from if was is not None and goes_on else change.before
    return replace(now_is, fell_from=fell_from, fell_at=change.at)


def factors(in_force: dict[str, InForce]) -> dict[str, float]:
    return {key: one.factor for key, one in in_force.items()}


@tried(500)
@given(IN_FORCE, FIGURES)
def test_no_share_leaves_0_to_1_and_every_change_says_why(in_force: dict[str, InForce], figures: Figures):
    changes = decide(in_force, figures, RULES, NOW)
    assert len({change.key for change in changes}) == len(changes)
    for change in changes:
        assert 0 < change.after <= 1
        assert change.before == factors(in_force).get(change.key, 1)
        assert change.after != change.before
        assert change.reason.endswith(".")


@tried(500)
@given(IN_FORCE, FIGURES)
def test_the_same_figures_twice_change_nothing_the_second_time(
    in_force: dict[str, InForce], figures: Figures
):
    in_force = after(in_force, decide(in_force, figures, RULES, NOW))
    assert decide(in_force, figures, RULES, NOW) == []


def _is_healthy(key: str, figures: Figures) -> bool:
    if key == ALL:
        cpu_is_fine = not figures.reads_cpu or (figures.cpu_share is not None and figures.cpu_share <= 0.64)
        return cpu_is_fine and len(figures.pings_s) >= 3 and max(figures.pings_s) <= 0.1
    if key == CAMPAIGN:
        seen = figures.campaigns[key]
        enough = seen.floor is not None and seen.calls >= seen.minimum_calls
        return seen.floor is None or (enough and seen.answered >= seen.floor * seen.calls)
    seen_trunk = figures.trunks[key.removeprefix("trunk:")]
    return seen_trunk.tried >= 5 and seen_trunk.tried_in_vain * 10 <= seen_trunk.tried


@tried(1000)
@given(IN_FORCE, FIGURES)
def test_no_pace_rises_without_healthy_figures_or_while_it_is_held(
    in_force: dict[str, InForce], figures: Figures
):
    for change in decide(in_force, figures, RULES, NOW):
        if change.after > change.before:
            assert _is_healthy(change.key, figures)
            assert not in_force[change.key].held


@tried(200)
@given(IN_FORCE)
def test_without_any_figures_nothing_changes(in_force: dict[str, InForce]):
    assert decide(in_force, Figures(), RULES, NOW) == []
    assert decide(in_force, Figures(reads_cpu=True, pings_s=QUICK_PINGS), RULES, NOW) == []


@tried(300)
@given(st.floats(0.01, 0.999), st.sampled_from([ALL, ALPHA, CAMPAIGN]))
def test_recovery_is_gradual_and_reaches_the_whole_pace(factor: float, key: str):
    healthy = Figures(
        reads_cpu=True,
        cpu_share=0.2,
        pings_s=QUICK_PINGS,
        trunks={"alpha": TrunkFigures(100, 0, 10, 0)},
        campaigns={CAMPAIGN: AnswerFigures(0.2, 20, 40, 20)},
    )
    in_force = {key: InForce(factor, NOW)}
    now, seen = NOW, [factor]
    for _ in range(200):
        now += timedelta(seconds=5)
        changes = decide(in_force, healthy, RULES, now)
        in_force = after(in_force, changes)
        seen.append(in_force[key].factor)
    assert seen[-1] == 1
    assert seen == sorted(seen)
    steps = [after / before for before, after in itertools.pairwise(seen)]
    assert max(steps) <= 2
    # At least one interval stands still between two steps.
    assert all(1 in pair for pair in itertools.pairwise(steps))


@pytest.mark.parametrize(
    ("cpu_share", "factor"), [(0.80, 1), (0.801, 0.5), (0.9, 0.5), (0.901, 0.25), (1.0, 0.25)]
)
def test_the_cpu_of_the_telephony_host_halves_and_quarters_the_pace(cpu_share: float, factor: float):
    figures = Figures(reads_cpu=True, cpu_share=cpu_share, pings_s=QUICK_PINGS)
    in_force = after({}, decide({}, figures, RULES, NOW))
    assert factors(in_force).get(ALL, 1) == factor


@pytest.mark.parametrize(("ping_s", "factor"), [(0.25, 1), (0.26, 0.5), (1.0, 0.5), (1.1, 0.25)])
def test_a_slow_asterisk_halves_and_quarters_the_pace(ping_s: float, factor: float):
    in_force = after({}, decide({}, Figures(pings_s=[ping_s] * 5), RULES, NOW))
    assert factors(in_force).get(ALL, 1) == factor


def test_one_slow_ping_of_several_lowers_nothing():
    assert decide({}, Figures(pings_s=[0.003, 2.0, 0.003, 2.0, 0.003]), RULES, NOW) == []


def test_the_reason_names_the_figure_and_the_threshold():
    figures = Figures(reads_cpu=True, cpu_share=0.86, pings_s=QUICK_PINGS)
    (change,) = decide({}, figures, RULES, NOW)
    assert change.reason == "The telephony host's CPU is 86% busy, more than 80%."
    assert change.figures == {"cpuShare": 0.86}


def test_the_stricter_of_two_reasons_counts():
    figures = Figures(reads_cpu=True, cpu_share=0.85, pings_s=[1.5] * 5)
    (change,) = decide({}, figures, RULES, NOW)
    assert (change.after, "Asterisk answers in 1500 ms" in change.reason) == (0.25, True)


def test_a_load_between_the_thresholds_leaves_the_pace_alone():
    in_force = {ALL: InForce(0.5, LONG_AGO)}
    for cpu_share in (0.65, 0.7, 0.8):
        figures = Figures(reads_cpu=True, cpu_share=cpu_share, pings_s=QUICK_PINGS)
        assert decide(in_force, figures, RULES, NOW) == []


def test_a_load_that_follows_the_pace_finds_a_pace_and_stays_there():
    """At the whole pace this host would be 120 % busy."""
    in_force, now, seen = dict[str, InForce](), NOW, list[float]()
    for _ in range(400):
        now += timedelta(seconds=5)
        share = min(1.2 * factors(in_force).get(ALL, 1), 1.0)
        figures = Figures(reads_cpu=True, cpu_share=share, pings_s=QUICK_PINGS)
        in_force = after(in_force, decide(in_force, figures, RULES, now))
        seen.append(factors(in_force)[ALL])
    assert len(set(seen[100:])) == 1
    assert seen[-1] * 1.2 < 0.8


@pytest.mark.parametrize("bears", [0.3, 0.45, 0.6, 0.75, 0.9])
def test_a_trunk_that_bears_less_than_it_is_given_is_not_driven_to_its_limit_every_minute(bears: float):
    """What is over its limit is refused; seen every 15 s for four hours."""
    in_force, now, falls, shares = dict[str, InForce](), NOW, 0, list[float]()
    for _ in range(4 * 3600 // 15):
        now += timedelta(seconds=15)
        asked = factors(in_force).get(ALPHA, 1)
        refused = round(200 * max(1 - bears / asked, 0))
        seen = TrunkFigures(200, refused, 10, refused // 20)
        changes = decide(in_force, Figures(trunks={"alpha": seen}), RULES, now)
        in_force = after(in_force, changes)
        falls += sum(change.after < change.before for change in changes)
        shares.append(min(asked, bears) / bears)
    assert falls <= 2 * 4 * 6  # twice in ten minutes
    assert sum(shares) / len(shares) > 0.6


def test_a_trunk_is_not_judged_by_fewer_calls_than_the_least():
    assert decide({}, Figures(trunks={"alpha": TrunkFigures(9, 9, 0, 0)}), RULES, NOW) == []
    assert decide({}, Figures(trunks={"alpha": TrunkFigures(10, 10, 0, 0)}), RULES, NOW) != []


def test_a_dead_trunk_falls_in_steps_to_a_share_that_still_probes():
    in_force, now, seen = dict[str, InForce](), NOW, list[float]()
    for _ in range(10):
        now += timedelta(seconds=11)
        dead = Figures(trunks={"alpha": TrunkFigures(20, 20, 10, 10)})
        in_force = after(in_force, decide(in_force, dead, RULES, now))
        seen.append(factors(in_force)[ALPHA])
    assert seen == [0.25, 0.0625, *[0.05] * 8]


def test_a_trunk_at_its_limit_is_halved():
    (change,) = decide({}, Figures(trunks={"alpha": TrunkFigures(20, 5, 0, 0)}), RULES, NOW)
    assert (change.key, change.after) == (ALPHA, 0.5)
    assert change.reason == "5 of 20 calls over alpha met congestion or a dead trunk, more than 20%."


def test_a_campaign_below_its_floor_is_halved_and_not_before_enough_calls():
    too_few = Figures(campaigns={CAMPAIGN: AnswerFigures(0.2, 20, 19, 0)})
    enough = Figures(campaigns={CAMPAIGN: AnswerFigures(0.2, 20, 20, 3)})
    assert decide({}, too_few, RULES, NOW) == []
    (change,) = decide({}, enough, RULES, NOW)
    assert (change.key, change.after) == (CAMPAIGN, 0.5)
    assert change.reason == "People answered 3 of 20 calls (15%), less than the floor of 20%."


def test_a_campaign_without_its_floor_is_whole_again():
    figures = Figures(campaigns={CAMPAIGN: AnswerFigures(None, 0, 0, 0)})
    (change,) = decide({CAMPAIGN: InForce(0.25, NOW)}, figures, RULES, NOW)
    assert change.after == 1
