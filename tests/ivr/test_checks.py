"""Every fault of a flow is named with its node; a good flow has none."""

from __future__ import annotations

from typing import Any

import pytest

from outdial.domain.ivr.checks import flow_problems, flow_remarks
from outdial.domain.ivr.flow import IvrFlow
from tests.ivr.flows import APPEAL, appeal

KEY_1 = {"1": {"type": "end_call"}}


def a_webhook(url: str) -> dict[str, Any]:
    return {"type": "webhook", "parameters": {"url": url}}


def a_branch(case: dict[str, Any]) -> dict[str, Any]:
    return {"type": "branch", "actions": None, "cases": [{"nextNodeId": "thanks"} | case]}


def test_a_good_flow_has_no_problems() -> None:
    assert flow_problems(appeal()) == []


@pytest.mark.parametrize(
    ("node_id", "fields", "said"),
    [
        ("welcome", {"nextNodeId": "nowhere"}, 'nextNodeId is "nowhere", which is no node'),
        ("welcome", {"audioUrl": None}, "there is nothing to hear: give text or audioUrl"),
        ("welcome", {"audioUrl": None, "text": " … "}, "text says nothing; write what is to be said"),
        (
            "welcome",
            {"text": "Hello {{name"},
            "text has a {{ or }} without its other half; write {{firstName}}",
        ),
        ("welcome", {"text": "Hello {{|you}}"}, "text has {{}} without a field; write {{firstName}}"),
        (
            "choose",
            {"timeoutText": "לא שמענו"},
            "timeoutText has Hebrew letters, and its voice speaks en-US; give a voice that speaks the text's",
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
        ("give", {"actions": {"do": {"type": "back"}}}, "back belongs to a key of a menu"),
        ("welcome", {"audioUrl": "storage:../reports/report.csv"}, "audioUrl must be an http(s) URL"),
        ("welcome", {"audioUrl": "storage:hello.txt"}, "audioUrl must be an http(s) URL"),
        ("choose", {"invalidAudioUrl": "wrong.wav"}, "invalidAudioUrl must be an http(s) URL"),
        ("choose", {"timeoutAudioUrl": "sound:a b"}, "timeoutAudioUrl must be an http(s) URL"),
        (
            "choose",
            {"actions": {"1": a_webhook("http://crm.test/x")}},
            "key 1: webhook: parameters.url must begin",
        ),
        (
            "choose",
            {"actions": {"1": a_webhook("https://me:x@crm.test/")}},
            "must not carry a user or password",
        ),
        ("choose", {"actions": {"1": a_webhook("https:///x")}}, "must name a host"),
        ("choose", {"actions": {"1": {"type": "webhook"}}}, "webhook: parameters.url: Field required"),
        (
            "give",
            {"actions": {"do": {"type": "record_message", "parameters": {"maxSeconds": 0}}}},
            "key do: record_message: parameters.maxSeconds: Input should be greater than or equal to 1",
        ),
        (
            "give",
            {"actions": {"do": {"type": "record_message", "parameters": {"seconds": 9}}}},
            "record_message: parameters.seconds: Extra inputs are not permitted",
        ),
        ("give", {"type": "branch"}, "a branch needs cases"),
        ("give", a_branch({"field": "language"}), "cases.0 needs a condition: equals, oneOf"),
        ("give", a_branch({"equals": "he"}), "cases.0 needs either field"),
        ("give", a_branch({"field": "a", "entered": "amount", "equals": 1}), "cases.0 needs either field"),
        (
            "give",
            a_branch({"entered": "welcome", "equals": 1}),
            'cases.0 entered is "welcome", which is no menu',
        ),
        ("give", a_branch({"field": "age", "atLeast": 9, "atMost": 8}), "cases.0 holds of no number"),
        (
            "give",
            a_branch({"field": "age", "atLeast": 9, "nextNodeId": "x"}),
            'cases.0.nextNodeId is "x", which is no node',
        ),
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


LANGUAGE = {"field": "language", "equals": "he", "nextNodeId": "choose"}
TO_AGENT = {"type": "transfer_agent", "parameters": {"queue": "gifts"}}


def flow_of(*nodes: dict[str, Any], **more: Any) -> IvrFlow:
    """A flow that begins at its first node."""
    return IvrFlow.model_validate({"nodes": list(nodes), "startNodeId": nodes[0]["id"], **more})


def test_a_loop_may_hide_behind_a_branch() -> None:
    branch = {"id": "which", "type": "branch", "cases": [LANGUAGE], "nextNodeId": "welcome"}
    flow = IvrFlow.model_validate({
        **APPEAL,
        "nodes": [*appeal(welcome={"nextNodeId": "which"}).model_dump(by_alias=True)["nodes"], branch],
    })
    loops = [problem for problem in flow_problems(flow) if "for ever" in problem]
    way = '"welcome" → "which" → "welcome"'
    assert loops == [f'node "welcome": {way} goes round for ever without a key; let silence end the call']


def test_a_way_round_by_key_is_no_loop() -> None:
    again = {
        "1": {"type": "repeat"},
        "2": {"type": "back"},
        "3": {"type": "goto", "parameters": {"nodeId": "a"}},
    }
    assert flow_problems(flow_of({"id": "a", "type": "menu", "audioUrl": "sound:a", "actions": again})) == []


def test_nobody_is_handed_on_before_they_could_opt_out() -> None:
    flow = flow_of(
        {"id": "which", "type": "branch", "cases": [LANGUAGE | {"nextNodeId": "agent"}]},
        {"id": "agent", "type": "action", "actions": {"do": TO_AGENT}},
    )
    end = "a call can end here before anybody could press 9; put a prompt before it"
    assert flow_problems(flow) == [f'node "which": {end}', f'node "agent": {end}']


def test_a_donation_behind_a_branch_needs_a_key_too() -> None:
    branch = {"id": "which", "type": "branch", "cases": [LANGUAGE | {"nextNodeId": "give"}]}
    play = {"id": "hello", "type": "play_audio", "audioUrl": "sound:a", "nextNodeId": "which"}
    give = {"id": "give", "type": "action", "actions": {"do": {"type": "trigger_donation"}}}
    problems = flow_problems(flow_of(play, branch, give))
    assert problems == ['node "give": counts a donation though nobody pressed a key; put a key before it']


def test_what_may_be_meant_is_only_remarked() -> None:
    flow = flow_of(
        {
            "id": "rate",
            "type": "capture_input",
            "audioUrl": "http://a.test/rate.mp3?x=1",
            "nextNodeId": "menu",
        },
        {
            "id": "menu",
            "type": "menu",
            "audioUrl": "sound:a",
            "validInputs": ["1"],
            "actions": {"1": {"type": "end_call"}, "2": {"type": "end_call"}},
        },
    )
    assert flow_problems(flow) == []
    assert [remark.split(":")[0] for remark in flow_remarks(flow)] == [
        'node "rate"',
        'node "menu"',
        'node "rate"',
        "nobody is told that their opt-out has worked, after every prompt",
    ]
    told = {
        "1": {"type": "end_call"},
        "9": {"type": "add_to_blacklist", "parameters": {"nextNodeId": "done"}},
    }
    confirmed = flow_of(
        {"id": "menu", "type": "menu", "audioUrl": "sound:a", "actions": told},
        {"id": "done", "type": "play_audio", "audioUrl": "sound:removed"},
        optOutAudioUrl="sound:removed",
    )
    assert flow_remarks(confirmed) == []
