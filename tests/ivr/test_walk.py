"""Where each kind of node leads, key by key, and what holds for every walk."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from outdial.domain.campaign import CampaignConfig
from outdial.domain.ivr.checks import flow_problems
from outdial.domain.ivr.default import flow_of, message_flow
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.steps import (
    Ask,
    End,
    EndReason,
    Entered,
    Event,
    Perform,
    Performed,
    Play,
    Played,
)
from outdial.domain.ivr.walk import LAST_CHANCE_S, MAX_STEPS, Walk, begin_walk, go_on
from tests.ivr.flows import ANY_FLOW, appeal, sound_flows


def walked(flow: IvrFlow, *events: Event, metadata: Mapping[str, Any] | None = None) -> Walk:
    """The walk after these events."""
    walk = begin_walk(flow, metadata)
    for event in events:
        walk = go_on(walk, event)
    return walk


def describe(walk: Walk) -> str:
    """The step in short: what it is and where it stands."""
    match walk.step:
        case End(reason):
            return f"end {reason}"
        case Perform() as step:
            return f"{step.action} {step.node_id}"
        case Play() as step:
            return f"play {step.node_id}"
        case Ask() as step:
            return f"ask {step.node_id}"


SILENCE = Entered("")
TABLE: list[tuple[str, str, list[Event], str]] = [
    ("a prompt leads to the next node", "welcome", [Played()], "ask choose"),
    ("a last prompt ends the call", "thanks", [Played()], "end finished"),
    ("9 in a prompt opts out", "welcome", [Played("9")], "add_to_blacklist welcome"),
    ("9 in a last prompt opts out", "thanks", [Played("9")], "add_to_blacklist thanks"),
    ("another key in a prompt is nothing", "welcome", [Played("1")], "ask choose"),
    ("a key performs its action", "choose", [Entered("1")], "trigger_donation choose"),
    ("an action leads to its own next node", "choose", [Entered("1"), Performed()], "play thanks"),
    ("an action without one to the node's", "choose", [Entered("5"), Performed()], "play goodbye"),
    ("a failed action goes on", "choose", [Entered("5"), Performed(succeeded=False)], "play goodbye"),
    ("goto goes", "choose", [Entered("2")], "ask amount"),
    ("end_call ends", "choose", [Entered("4")], "end ended"),
    ("an agent's call ends with the agent", "choose", [Entered("3"), Performed()], "end transferred"),
    (
        "no agent: the flow goes on",
        "choose",
        [Entered("3"), Performed(succeeded=False)],
        "play goodbye",
    ),
    ("9 opts out of a menu", "choose", [Entered("9")], "add_to_blacklist choose"),
    ("a confirmation follows", "choose", [Entered("9"), Performed()], "play removed"),
    (
        "and nothing after it, whatever its node says",
        "choose",
        [Entered("9"), Performed(), Played()],
        "end opted_out",
    ),
    ("without a confirmation the call ends", "welcome", [Played("9"), Performed()], "end opted_out"),
    ("silence repeats a menu", "choose", [SILENCE], "ask choose"),
    ("a wrong key repeats it", "choose", [Entered("8")], "ask choose"),
    ("a menu's tries are counted", "choose", [SILENCE, Entered("8")], "play goodbye"),
    ("# is a key no menu here has", "choose", [Entered("#")], "ask choose"),
    ("an entry leads to the next node", "amount", [Entered("25")], "trigger_donation give"),
    ("too short an entry repeats", "amount", [Entered("2")], "ask amount"),
    ("too long an entry repeats", "amount", [Entered("12345")], "ask amount"),
    ("an entry is of digits", "amount", [Entered("2*")], "ask amount"),
    ("a terminator ends an entry", "amount", [Entered("25#")], "trigger_donation give"),
    ("9 alone opts out of a capture", "amount", [Entered("9")], "add_to_blacklist amount"),
    ("9 with its terminator does", "amount", [Entered("9#")], "add_to_blacklist amount"),
    ("9 among others is a digit", "amount", [Entered("99")], "trigger_donation give"),
    ("silence gives nothing away", "amount", [SILENCE, SILENCE], "end no_input"),
    ("an action node acts", "give", [], "trigger_donation give"),
    ("and goes on", "give", [Performed()], "play thanks"),
    ("a node that does not exist ends the call", "nowhere", [], "end broken"),
    ("an event of another kind ends the call", "choose", [Played()], "end broken"),
]


@pytest.mark.parametrize(("rule", "start", "events", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_where_a_node_leads(rule: str, start: str, events: list[Event], expected: str) -> None:
    assert describe(walked(appeal(start), *events)) == expected


def test_a_walk_tells_nodes_and_keys_in_order() -> None:
    walk = walked(appeal(), Played(), SILENCE, Entered("2"), Entered("25#"), Performed(), Played())
    assert walk.path == ("welcome", "choose", "choose=", "choose=2", "amount", "amount=25", "give", "thanks")
    assert (walk.converted, walk.opted_out) == (True, False)


def test_what_was_entered_comes_with_the_action() -> None:
    step = walked(appeal("amount"), Entered("250")).step
    assert isinstance(step, Perform)
    assert step.entered == {"amount": "250"}


def test_valid_inputs_are_the_only_ones() -> None:
    flow = appeal("amount", amount={"validInputs": ["10", "20"]})
    assert describe(walked(flow, Entered("15"))) == "ask amount"
    assert describe(walked(flow, Entered("20"))) == "trigger_donation give"


def test_silence_may_have_a_way_of_its_own() -> None:
    flow = appeal("amount", amount={"noInputNodeId": "goodbye", "tries": 1})
    assert describe(walked(flow, SILENCE)) == "play goodbye"


def test_only_a_prompt_that_ends_the_call_is_listened_after() -> None:
    steps = [walked(appeal(start)).step for start in ("welcome", "thanks", "goodbye")]
    assert [step.listen_s for step in steps if isinstance(step, Play)] == [0, LAST_CHANCE_S, 4]


def prompts_of(walk: Walk) -> tuple[str, ...]:
    """What is played before the keys are taken."""
    assert isinstance(walk.step, Ask)
    return walk.step.prompts


def test_a_wrong_key_and_silence_are_told_apart_before_the_prompt_comes_again() -> None:
    said = {"invalidAudioUrl": "sound:no-such-key", "timeoutAudioUrl": "sound:nothing-heard", "tries": 3}
    flow = appeal("choose", choose=said)
    assert prompts_of(walked(flow)) == ("sound:choose",)
    assert prompts_of(walked(flow, Entered("8"))) == ("sound:no-such-key", "sound:choose")
    assert prompts_of(walked(flow, Entered("8"), SILENCE)) == ("sound:nothing-heard", "sound:choose")


def test_a_flow_has_words_for_nodes_that_have_none() -> None:
    flow = appeal("choose", choose={"invalidAudioUrl": "sound:own"}).model_copy(
        update={"invalid_audio_url": "sound:wrong", "timeout_audio_url": "sound:silence"}
    )
    assert prompts_of(walked(flow, Entered("8")))[0] == "sound:own"
    assert prompts_of(walked(flow, SILENCE))[0] == "sound:silence"


@pytest.mark.parametrize(("terminator", "entered"), [("#", "25#"), ("*", "25*"), ("", "25")])
def test_a_capture_says_what_ends_it(terminator: str, entered: str) -> None:
    flow = appeal("amount", amount={"terminator": terminator})
    assert walked(flow, Entered(entered)).entered == {"amount": "25"}
    step = walked(flow).step
    assert isinstance(step, Ask)
    assert step.terminator == terminator


def menu(node_id: str, **keys: dict[str, Any]) -> dict[str, Any]:
    """A menu with an action for each key `k1`, `k2`, …"""
    actions = {key.removeprefix("k"): action for key, action in keys.items()}
    return {"id": node_id, "type": "menu", "audioUrl": "sound:a", "actions": actions}


def to(node_id: str) -> dict[str, Any]:
    return {"type": "goto", "parameters": {"nodeId": node_id}}


BACK, REPEAT = {"type": "back"}, {"type": "repeat"}
LEVELS = IvrFlow.model_validate({
    "startNodeId": "top",
    "nodes": [
        menu("top", k1=to("middle"), k2=BACK, k3=REPEAT),
        menu("middle", k1=to("says"), k2=BACK, k4=to("top")),
        {"id": "says", "type": "play_audio", "audioUrl": "sound:b", "nextNodeId": "low"},
        menu("low", k2=BACK, k4=to("top")),
    ],
})


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ("11", "low"),
        ("112", "middle"),
        ("1122", "top"),
        ("11222", "top"),
        ("2", "top"),
        ("1142", "top"),
        ("114112", "middle"),
        ("33312", "top"),
    ],
)
def test_back_leads_up_the_way_one_came(keys: str, where: str) -> None:
    walk = begin_walk(LEVELS)
    for key in keys:
        walk = go_on(walk, Entered(key))
        walk = go_on(walk, Played()) if isinstance(walk.step, Play) else walk
    assert describe(walk) == f"ask {where}"


def test_repeat_asks_again_with_all_tries() -> None:
    walk = walked(LEVELS, SILENCE, SILENCE, Entered("3"), SILENCE, SILENCE)
    assert describe(walk) == "ask top"
    assert describe(go_on(walk, SILENCE)) == "end no_input"


def test_a_branch_follows_what_is_known_and_what_was_entered() -> None:
    cases = [
        {"field": "language", "equals": "he", "nextNodeId": "goodbye"},
        {"entered": "amount", "atLeast": 100, "nextNodeId": "thanks"},
    ]
    flow = appeal("amount", give={"type": "branch", "actions": None, "cases": cases, "nextNodeId": "choose"})
    hebrew = {"language": " HE "}
    assert describe(walked(flow, Entered("25"), metadata=hebrew)) == "play goodbye"
    assert describe(walked(flow, Entered("250"))) == "play thanks"
    assert describe(walked(flow, Entered("25"), metadata={"language": "en"})) == "ask choose"


def test_9_during_a_message_opts_out_and_nothing_of_the_campaign_follows() -> None:
    do = {"do": {"type": "record_message"}}
    walk = walked(appeal("give", give={"actions": do}))
    assert describe(walk) == "record_message give"
    assert describe(go_on(walk, Performed(key="#"))) == "play thanks"
    opting_out = go_on(walk, Performed(key="9"))
    assert describe(opting_out) == "add_to_blacklist give"
    assert describe(go_on(opting_out, Performed())) == "end opted_out"


@pytest.mark.parametrize("wrong", ["trigger_donation", "goto", "end_call", "transfer_agent"])
def test_nobody_can_give_9_another_meaning(wrong: str) -> None:
    actions = {"9": {"type": wrong, "parameters": {"nodeId": "welcome", "queue": "all"}}}
    flow = appeal("choose", choose={"actions": actions})
    walk = walked(flow, Entered("9"))
    assert describe(walk) == "add_to_blacklist choose"
    assert walk.opted_out
    assert any("9 always opts out" in problem for problem in flow_problems(flow))


def test_a_message_alone_is_a_flow_without_problems() -> None:
    flow = message_flow("https://audio.test/appeal.wav")
    assert flow_problems(flow) == []
    assert describe(walked(flow, SILENCE)) == "end no_input"
    assert describe(walked(flow, Entered("3"))) == "ask message"
    assert describe(walked(flow, Entered("9"), Performed())) == "end opted_out"


WINDOW = {"dayOfWeek": [0, 1, 2, 3, 4, 5, 6], "startHour": 0, "endHour": 24}


@pytest.mark.parametrize(
    ("config", "start"),
    [
        ({}, None),
        ({"audioFileUrl": "https://audio.test/a.wav"}, "message"),
        ({"audioFileUrl": "https://audio.test/a.wav", "ivrFlow": appeal()}, "welcome"),
    ],
)
def test_a_campaigns_flow_is_its_own_or_its_message(config: dict[str, Any], start: str | None) -> None:
    flow = flow_of(CampaignConfig.model_validate({"callingWindows": [WINDOW], **config}))
    assert (flow and flow.start_node_id) == start


ENTRIES = st.sampled_from(["", "1", "2", "9", "12", "99", "9#", "*", "#", "12345"])
PEOPLE = st.lists(st.tuples(ENTRIES, st.sampled_from([None, "9", "1"]), st.booleans()), max_size=30)
ENOUGH = 4 * MAX_STEPS


def react(walk: Walk, behaviour: tuple[str, str | None, bool]) -> Walk:
    """The walk after this person did what they do at such a step."""
    digits, key, succeeded = behaviour
    match walk.step:
        case Play():
            return go_on(walk, Played(key))
        case Ask():
            return go_on(walk, Entered(digits))
        case _:
            return go_on(walk, Performed(succeeded, key))


def visited(flow: IvrFlow, people: list[tuple[str, str | None, bool]]) -> list[Walk]:
    """Every state of a walk whose person does one thing after another, over and over, until it ends."""
    walks = [begin_walk(flow)]
    behaviours = people or [("", None, True)]
    while not isinstance(walks[-1].step, End) and len(walks) <= ENOUGH:
        walks.append(react(walks[-1], behaviours[len(walks) % len(behaviours)]))
    return walks


@settings(max_examples=100, deadline=None, derandomize=True)
@given(ANY_FLOW, PEOPLE)
def test_every_walk_ends(flow: IvrFlow, people: list[tuple[str, str | None, bool]]) -> None:
    assert isinstance(visited(flow, people)[-1].step, End)


def _listens(walk: Walk) -> bool:
    """Is there anybody who hears a key now?"""
    match walk.step:
        case Play() | Ask():
            return True
        case Perform(action=action):
            return action == "record_message"
        case End():
            return False


@settings(max_examples=100, deadline=None, derandomize=True)
@given(ANY_FLOW, PEOPLE)
def test_9_opts_out_wherever_a_person_is_heard(
    flow: IvrFlow, people: list[tuple[str, str | None, bool]]
) -> None:
    for walk in visited(flow, people):
        if walk.opted_out or not _listens(walk):
            continue
        assert not isinstance(walk.step, Play) or walk.step.interrupt_by == "9"
        after = react(walk, ("9", "9", True))
        assert after.opted_out
        assert isinstance(after.step, Perform)
        assert after.step.action == "add_to_blacklist"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(ANY_FLOW, PEOPLE)
def test_nothing_of_the_campaign_follows_an_opt_out(
    flow: IvrFlow, people: list[tuple[str, str | None, bool]]
) -> None:
    after = [walk for walk in visited(flow, people) if walk.opted_out]
    for walk in after[1:]:
        assert isinstance(walk.step, Play | End)
    if after:
        assert after[-1].step == End(EndReason.OPTED_OUT)
        assert len(after) <= 3


@settings(max_examples=100, deadline=None, derandomize=True)
@given(ANY_FLOW, PEOPLE)
def test_a_path_only_grows_and_agrees_with_what_was_done(
    flow: IvrFlow, people: list[tuple[str, str | None, bool]]
) -> None:
    walks = visited(flow, people)
    done = [walk.step.action for walk in walks if isinstance(walk.step, Perform)]
    assert walks[-1].converted == ("trigger_donation" in done)
    assert walks[-1].opted_out == ("add_to_blacklist" in done)
    ids = {node.id for node in flow.nodes}
    for before, after in pairwise(walks):
        assert after.path[: len(before.path)] == before.path
    for place in walks[-1].path:
        assert place.partition("=")[0] in ids


@settings(max_examples=100, deadline=None, derandomize=True)
@given(sound_flows(), PEOPLE)
def test_a_flow_without_problems_never_breaks_and_silence_ends_it(
    flow: IvrFlow, people: list[tuple[str, str | None, bool]]
) -> None:
    assert visited(flow, people)[-1].step != End(EndReason.BROKEN)
    silent = visited(flow, [("", None, False)])
    assert silent[-1].step != End(EndReason.TOO_LONG)
    assert not silent[-1].converted
