"""Scenario files: what they say wrong is told by field, and what people do follows from the seed alone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from outdial.simulator.person import Person
from outdial.simulator.scenario import EVERYDAY, ScenarioError, load_scenario, parse_scenario

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"sed": 1}, "sed: Extra inputs are not permitted"),
        ({"outcomes": {"asleep": 1}}, "knows no outcome 'asleep'"),
        ({"outcomes": {"busy": 0}}, "at least one must have a weight above 0"),
        ({"outcomes": {"busy": -1}}, "outcomes.busy: Input should be greater than or equal to 0"),
        ({"ring_s": [3, 1]}, "ring_s: must be one number or [least, most]"),
        ({"keys": {"x": 1}}, "'x' is neither keys of a phone"),
        ({"keys": {"1": 0}}, "keys: at least one must have a weight above 0"),
        ({"answer_rate_by_hour": [1, 2]}, "answer_rate_by_hour: must hold 24 numbers"),
        ({"numbers": {"+1-555": {"outcome": "busy"}}}, "numbers.+1-555: must be a number"),
        ({"numbers": {"+1555": {"outcme": "busy"}}}, "outcme: Extra inputs are not permitted"),
        ({"zones": {"+1": "Mars/Olympus"}}, "zones.+1: 'Mars/Olympus' is not a zone"),
        (
            {"dialplan": {"c": {"s": ["Hangup"]}}},
            "dialplan.c.s: 'Hangup' must be written Application(arguments)",
        ),
        ({"users": {"a": {"secret": "b", "events": "some"}}}, 'events must be "all" or a list'),
        ({"drop": {"Hangup": 2}}, "drop.Hangup: Input should be less than or equal to 1"),
        ([1], "Input should be a valid dictionary"),
    ],
)
def test_a_wrong_field_is_named(data, problem) -> None:
    with pytest.raises(ScenarioError) as refused:
        parse_scenario(data)
    assert problem in str(refused.value)


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(ScenarioError) as refused:
        parse_scenario({"ring_s": "long", "prompt_s": -1})
    assert len({problem.split(":")[0].split(".")[0] for problem in refused.value.problems}) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [("a: [", "is neither YAML nor JSON"), (None, "cannot be read"), ("seed: x", "seed: ")],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, text, problem) -> None:
    path = tmp_path / "scenario.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ScenarioError) as refused:
        load_scenario(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert problem in str(refused.value)


def test_json_is_read_like_yaml(tmp_path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text('{"seed": 9, "keys": {"1": 1}}')
    assert load_scenario(path) == parse_scenario({"seed": 9, "keys": "1"})


def drawn(scenario, number, nth=0, now=NOON):
    person = Person(scenario, number, nth, now)
    return person.plan, [person.next_intent() for _ in range(4)]


def numbers(count):
    return [f"+1555{index:07}" for index in range(count)]


def test_what_a_person_does_follows_from_seed_number_and_count_alone() -> None:
    scenario = load_scenario(EVERYDAY)
    forwards = {number: drawn(scenario, number) for number in numbers(200)}
    backwards = {number: drawn(scenario, number) for number in reversed(numbers(200))}
    assert forwards == backwards
    other_seed = scenario.model_copy(update={"seed": scenario.seed + 1})
    assert forwards != {number: drawn(other_seed, number) for number in numbers(200)}
    assert forwards != {number: drawn(scenario, number, nth=1) for number in numbers(200)}


def test_outcomes_and_keys_come_in_the_shares_asked_for() -> None:
    scenario = parse_scenario({"outcomes": {"answered": 3, "busy": 1}, "keys": {"1": 1, "": 3}})
    people = [drawn(scenario, number) for number in numbers(4000)]
    outcomes = Counter(plan.outcome.name for plan, _ in people)
    assert 0.72 < outcomes["answered"] / 4000 < 0.78
    keys = Counter(intents[0].keys for _, intents in people)
    assert 0.22 < keys["1"] / 4000 < 0.28


def test_an_exact_number_is_stronger_than_a_prefix_and_the_last_of_a_list_repeats() -> None:
    scenario = parse_scenario({
        "outcomes": {"answered": 1},
        "numbers": {
            "+1555*": {"outcome": "busy"},
            "+15550*": {"outcome": "rejected"},
            "+15550001": [{"outcome": "no_answer"}, {"outcome": "answered", "keys": "1"}],
        },
    })
    assert drawn(scenario, "+15559999")[0].outcome.name == "busy"
    assert drawn(scenario, "+15550002")[0].outcome.name == "rejected"
    assert [drawn(scenario, "+15550001", nth)[0].outcome.name for nth in range(3)] == [
        "no_answer",
        "answered",
        "answered",
    ]
    assert drawn(scenario, "+15550001", 2)[1][0].keys == "1"
    assert drawn(scenario, "+44")[0].outcome.name == "answered"


def test_fewer_people_answer_in_the_hours_they_do_not() -> None:
    by_hour = [0.0] * 12 + [1.0] * 12
    scenario = parse_scenario({"answer_rate_by_hour": by_hour, "zones": {"+1212": "America/New_York"}})
    assert drawn(scenario, "+4420")[0].outcome.name == "answered"  # noon in UTC
    assert drawn(scenario, "+12125550000")[0].outcome.name == "no_answer"  # seven in New York
    assert drawn(scenario, "+12125550000", now=NOON.replace(hour=18))[0].outcome.name == "answered"
    assert drawn(scenario, "+4420", now=NOON.replace(hour=11))[0].outcome.name == "no_answer"
    shifted = scenario.model_copy(update={"utc_offset_h": -1})
    assert drawn(shifted, "+4420")[0].outcome.name == "no_answer"


def test_the_everyday_scenario_is_quick_enough_for_a_demonstration() -> None:
    scenario = load_scenario(EVERYDAY)
    assert scenario.ring_s[1] <= 1.5
    assert scenario.prompt_s <= 1
    outcomes = Counter(drawn(scenario, number)[0].outcome.name for number in numbers(500))
    assert {"answered", "machine", "no_answer", "busy", "invalid_number"} <= set(outcomes)
