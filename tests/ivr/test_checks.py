"""Every fault of a flow is named with its node; a good flow has none."""

from __future__ import annotations

from typing import Any

import pytest

from outdial.domain.ivr_checks import flow_problems
from outdial.domain.ivr_flow import IvrFlow
from tests.ivr.flows import APPEAL, appeal

KEY_1 = {"1": {"type": "end_call"}}


def test_a_good_flow_has_no_problems() -> None:
    assert flow_problems(appeal()) == []


@pytest.mark.parametrize(
    ("node_id", "fields", "said"),
    [
        ("welcome", {"nextNodeId": "nowhere"}, 'nextNodeId is "nowhere", which is no node'),
        ("welcome", {"audioUrl": None}, "there is nothing to hear: give audioUrl"),
        (
            "welcome",
            {"audioUrl": None, "text": "Hello"},
            "speech is not available yet: give audioUrl",
        ),
        ("welcome", {"audioUrl": "/tmp/hello.wav"}, "audioUrl must be an http(s) URL"),
        ("welcome", {"audioUrl": 'http://audio.test/a"b.wav'}, "audioUrl must be an http(s) URL"),
        ("welcome", {"audioUrl": "http://audio.test/a\nHANGUP"}, "audioUrl must be an http(s) URL"),
        ("welcome", {"audioUrl": "sound:../secret"}, "audioUrl must be an http(s) URL"),
        ("welcome", {"actions": KEY_1}, "a play_audio takes no key but 9"),
        ("choose", {"actions": {}}, "a menu needs actions"),
        ("choose", {"actions": {"12": {"type": "end_call"}}}, "key 12 is no key of a telephone"),
        ("choose", {"validInputs": ["1", "7"]}, "validInputs has 7, for which there is no action"),
        ("choose", {"actions": {"9": {"type": "end_call"}}}, "key 9: 9 always opts out"),
        ("choose", {"actions": {"1": {"type": "goto"}}}, "key 1: goto needs parameters.nodeId"),
        (
            "choose",
            {"actions": {"1": {"type": "goto", "parameters": {"nodeId": "x"}}}},
            'actions.1.parameters.nodeId is "x", which is no node',
        ),
        (
            "choose",
            {"actions": {"9": {"type": "add_to_blacklist", "parameters": {"nextNodeId": "choose"}}}},
            '"choose" cannot confirm an opt-out',
        ),
        (
            "choose",
            {"actions": {"1": {"type": "transfer_agent", "parameters": {"destination": "Local/1@all"}}}},
            "key 1: transfer_agent needs either",
        ),
        ("choose", {"nextNodeId": "choose"}, "goes round for ever without a key"),
        ("amount", {"minDigits": 5}, "minDigits 5 is more than maxDigits 4"),
        ("amount", {"validInputs": ["10", "5"]}, "5 cannot be entered: it needs 2 to 4 digits"),
        ("amount", {"validInputs": ["9"], "minDigits": 1}, "validInputs has 9, which alone always opts out"),
        (
            "amount",
            {"validInputs": ["10"], "actions": {"20": {"type": "end_call"}}},
            "actions has 20, which validInputs does not allow",
        ),
        ("give", {"actions": {}}, "an action node performs one action, and actions has 0"),
    ],
)
def test_a_fault_is_named_with_its_node(node_id: str, fields: dict[str, Any], said: str) -> None:
    problems = flow_problems(appeal(**{node_id: fields}))
    assert [problem for problem in problems if problem.startswith(f'node "{node_id}"') and said in problem]


def test_all_faults_are_named_at_once() -> None:
    flow = appeal(welcome={"audioUrl": None}, amount={"minDigits": 5}, give={"actions": {}})
    assert len(flow_problems(flow)) == 3


def test_a_node_nobody_reaches_is_named() -> None:
    problems = flow_problems(appeal("choose"))
    assert problems == ['node "welcome": no way leads here from "choose"; link it or remove it']


def test_an_id_stands_for_one_node() -> None:
    nodes = [*APPEAL["nodes"], APPEAL["nodes"][-1]]
    problems = flow_problems(IvrFlow.model_validate({**APPEAL, "nodes": nodes}))
    assert problems == ['node "goodbye": 2 nodes have this id; give each its own']


def test_a_flow_begins_somewhere() -> None:
    assert flow_problems(appeal("start")) == [
        'startNodeId is "start", which is no node; name the node that comes first'
    ]


def test_a_loop_without_keys_is_named_once_with_its_way() -> None:
    flow = appeal(goodbye={"nextNodeId": "welcome"})
    loops = [problem for problem in flow_problems(flow) if "for ever" in problem]
    way = '"welcome" → "choose" → "goodbye" → "welcome"'
    assert loops == [f'node "welcome": {way} goes round for ever without a key; let silence end the call']


def test_nobody_donates_by_silence() -> None:
    problems = flow_problems(appeal(choose={"nextNodeId": "give"}))
    assert 'node "give": counts a donation though nobody pressed a key; put a key before it' in problems


def test_the_confirmation_for_all_must_be_playable() -> None:
    flow = appeal().model_copy(update={"opt_out_audio_url": "removed.wav"})
    assert [problem for problem in flow_problems(flow) if problem.startswith("optOutAudioUrl must be")]
