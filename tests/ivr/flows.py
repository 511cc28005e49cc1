"""IVR flows for the tests: one in which every way leads somewhere, and generated ones."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, strategies as st

from outdial.domain.ivr.checks import flow_problems
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.routes import reachable

APPEAL: dict[str, Any] = {
    "startNodeId": "welcome",
    "nodes": [
        {
            "id": "welcome",
            "type": "play_audio",
            "audioUrl": "http://audio.test/welcome.wav",
            "nextNodeId": "choose",
        },
        {
            "id": "choose",
            "type": "menu",
            "audioUrl": "sound:choose",
            "timeoutSeconds": 2,
            "tries": 2,
            "actions": {
                "1": {"type": "trigger_donation", "parameters": {"amount": 25, "nextNodeId": "thanks"}},
                "2": {"type": "goto", "parameters": {"nodeId": "amount"}},
                "3": {"type": "transfer_agent", "parameters": {"destination": "PJSIP/desk"}},
                "4": {"type": "end_call"},
                "5": {"type": "send_sms", "parameters": {"template": "link"}},
                "9": {"type": "add_to_blacklist", "parameters": {"nextNodeId": "removed"}},
            },
            "nextNodeId": "goodbye",
        },
        {
            "id": "amount",
            "type": "capture_input",
            "audioUrl": "sound:amount",
            "timeoutSeconds": 2,
            "minDigits": 2,
            "maxDigits": 4,
            "tries": 2,
            "nextNodeId": "give",
        },
        {
            "id": "give",
            "type": "action",
            "actions": {"do": {"type": "trigger_donation"}},
            "nextNodeId": "thanks",
        },
        {"id": "thanks", "type": "play_audio", "audioUrl": "sound:thanks"},
        {"id": "removed", "type": "play_audio", "audioUrl": "sound:removed", "nextNodeId": "choose"},
        {"id": "goodbye", "type": "play_audio", "audioUrl": "sound:goodbye", "timeoutSeconds": 4},
    ],
}


def appeal(start: str = "welcome", **changed: dict[str, Any]) -> IvrFlow:
    """The appeal, begun at `start`, with fields of some nodes changed (None removes one)."""
    nodes = [_changed(node, changed.get(node["id"], {})) for node in APPEAL["nodes"]]
    return IvrFlow.model_validate({"startNodeId": start, "nodes": nodes})


def _changed(node: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**node, **fields}.items() if value is not None}


IDS = [f"n{number}" for number in range(6)]
TARGETS = st.none() | st.sampled_from([*IDS, "nowhere"])
ACTIONS = st.builds(
    lambda kind, node_id, next_id: {
        "type": kind,
        "parameters": {
            name: target for name, target in (("nodeId", node_id), ("nextNodeId", next_id)) if target
        },
    },
    st.sampled_from([
        "send_sms",
        "transfer_agent",
        "add_to_blacklist",
        "trigger_donation",
        "end_call",
        "goto",
        "repeat",
        "back",
        "record_message",
        "webhook",
    ]),
    TARGETS,
    TARGETS,
)
CASES = st.builds(
    lambda entered, at_least, target: {"entered": entered, "atLeast": at_least, "nextNodeId": target},
    st.sampled_from(IDS),
    st.integers(0, 20),
    st.sampled_from(IDS),
)
NODES = st.fixed_dictionaries({
    "id": st.sampled_from(IDS),
    "type": st.sampled_from(["play_audio", "capture_input", "menu", "branch", "action"]),
    "cases": st.lists(CASES, max_size=2),
    "terminator": st.sampled_from(["#", "*", ""]),
    "invalidAudioUrl": st.sampled_from([None, "sound:wrong"]),
    "audioUrl": st.sampled_from([None, "sound:prompt"]),
    "minDigits": st.integers(1, 3),
    "maxDigits": st.integers(1, 4),
    "tries": st.integers(1, 4),
    "validInputs": st.lists(st.sampled_from(["1", "9", "12", "99"]), max_size=2),
    "actions": st.dictionaries(st.sampled_from(["1", "2", "9", "12", "99", "*", "#"]), ACTIONS, max_size=3),
    "nextNodeId": TARGETS,
    "noInputNodeId": TARGETS,
})
ANY_FLOW = st.builds(
    lambda nodes, start, opt_out: IvrFlow.model_validate({
        "nodes": nodes,
        "startNodeId": start,
        "optOutAudioUrl": opt_out,
    }),
    st.lists(NODES, min_size=1, max_size=6),
    st.sampled_from(IDS[:3]),
    st.sampled_from([None, "sound:removed"]),
)


@st.composite
def sound_flows(draw: st.DrawFn) -> IvrFlow:
    """Flows that the checks accept: silence leads forward, keys lead anywhere, all is in reach."""
    ids = IDS[: draw(st.integers(1, len(IDS)))]
    nodes = [_sound_node(draw, ids, place) for place in range(len(ids))]
    flow = IvrFlow.model_validate({"nodes": nodes, "startNodeId": ids[0]})
    found = reachable(flow)
    flow = flow.model_copy(update={"nodes": tuple(node for node in flow.nodes if node.id in found)})
    assume(not flow_problems(flow))
    return flow


def _sound_node(draw: st.DrawFn, ids: list[str], place: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(["play_audio", "capture_input", "menu", "branch", "action"]))
    ahead = st.sampled_from([None, *ids[place + 1 :]])
    anywhere = st.sampled_from(ids)
    action = st.one_of(
        st.builds(lambda node_id: {"type": "goto", "parameters": {"nodeId": node_id}}, anywhere),
        st.builds(
            lambda name, node_id: {"type": name, "parameters": {"nextNodeId": node_id}},
            st.sampled_from(["send_sms", "trigger_donation"]),
            anywhere,
        ),
        st.just({"type": "end_call"}),
        st.just({"type": "record_message"}),
    )
    if kind == "menu":
        back = st.sampled_from([{"type": "back"}, {"type": "repeat"}])
        keys = st.sampled_from(["1", "2", "*", "#"])
        actions = draw(st.dictionaries(keys, st.one_of(action, back), min_size=1, max_size=3))
    else:
        actions = {"do": draw(action)} if kind == "action" else {}
    return {
        "id": ids[place],
        "type": kind,
        "audioUrl": "sound:prompt",
        "cases": [draw(CASES) | {"nextNodeId": ids[-1]}] if kind == "branch" else [],
        "maxDigits": draw(st.integers(1, 4)),
        "tries": draw(st.integers(1, 4)),
        "actions": actions,
        "nextNodeId": draw(anywhere if kind == "capture_input" else ahead),
        "noInputNodeId": draw(ahead),
    }
