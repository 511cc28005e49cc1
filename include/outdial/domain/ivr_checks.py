"""What is wrong with an IVR flow, all of it at once: for campaign validation, before anybody is called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from outdial.domain.errors import InvalidInput
from outdial.domain.ivr_flow import KEYS, OPT_OUT_KEY, SOUND_PREFIX, IvrAction, IvrFlow, IvrNode
from outdial.domain.ivr_routes import reachable, routes, silent_loops, silent_walk
from outdial.domain.ivr_transfer import transfer_target

_URL = re.compile(r"https?://[^\s\"\\\x00-\x1f]+")
_AUDIO_FORM = f"must be an http(s) URL without spaces or quotes, or {SOUND_PREFIX}name"
_SOUND = re.compile(SOUND_PREFIX + r"[A-Za-z0-9_][A-Za-z0-9_/-]*")


def flow_problems(flow: IvrFlow) -> list[str]:
    """One sentence for each problem, naming its node; empty for a flow that can be spoken."""
    problems = list(_shape_problems(flow))
    for node in flow.nodes:
        problems += [f'node "{node.id}": {problem}' for problem in _node_problems(flow, node)]
    return [*problems, *_route_problems(flow)]


def _shape_problems(flow: IvrFlow) -> Iterator[str]:
    for node_id, times in Counter(node.id for node in flow.nodes).items():
        if times > 1:
            yield f'node "{node_id}": {times} nodes have this id; give each its own'
    if flow.find(flow.start_node_id) is None:
        yield f'startNodeId is "{flow.start_node_id}", which is no node; name the node that comes first'
    if flow.opt_out_audio_url is not None and not _is_playable(flow.opt_out_audio_url):
        yield f"optOutAudioUrl {_AUDIO_FORM}"


def _route_problems(flow: IvrFlow) -> Iterator[str]:
    if flow.find(flow.start_node_id) is not None:
        found = reachable(flow)
        for node in flow.nodes:
            if node.id not in found:
                yield f'node "{node.id}": no way leads here from "{flow.start_node_id}"; link it or remove it'
    for loop in silent_loops(flow):
        way = " → ".join(f'"{node_id}"' for node_id in loop)
        yield f'node "{loop[0]}": {way} goes round for ever without a key; let silence end the call'
    for node_id in silent_walk(flow, flow.start_node_id):
        node = flow.find(node_id)
        if node and node.own_action and node.own_action.type == "trigger_donation":
            yield f'node "{node_id}": counts a donation though nobody pressed a key; put a key before it'


def _node_problems(flow: IvrFlow, node: IvrNode) -> Iterator[str]:
    for route in routes(node):
        if flow.find(route.target) is None:
            yield f'{route.place} is "{route.target}", which is no node; add that node or change the id'
    if node.type != "action":
        yield from _audio_problems(node)
    yield from _KEY_CHECKS[node.type](node)
    for key, action in node.actions.items():
        yield from (f"key {key}: {problem}" for problem in _action_problems(flow, key, action))


def _is_playable(audio_url: str) -> bool:
    return bool(_URL.fullmatch(audio_url) or _SOUND.fullmatch(audio_url))


def _audio_problems(node: IvrNode) -> Iterator[str]:
    if node.audio_url is None:
        missing = "speech is not available yet" if node.text else "there is nothing to hear"
        yield f"{missing}: give audioUrl"
    elif not _is_playable(node.audio_url):
        yield f"audioUrl {_AUDIO_FORM}"


def _play_problems(node: IvrNode) -> Iterator[str]:
    if set(node.actions) - {OPT_OUT_KEY}:
        yield "a play_audio takes no key but 9; make it a menu"


def _menu_problems(node: IvrNode) -> Iterator[str]:
    if not node.actions:
        yield "a menu needs actions: say what at least one key does"
    for key in node.actions:
        if key not in _SINGLE_KEYS:
            yield f"key {key} is no key of a telephone; use one of {KEYS}"
    for key in node.valid_inputs:
        if key not in node.actions:
            yield f"validInputs has {key}, for which there is no action; add one or remove the key"


def _capture_problems(node: IvrNode) -> Iterator[str]:
    if node.min_digits > node.max_digits:
        yield f"minDigits {node.min_digits} is more than maxDigits {node.max_digits}"
    for entry in dict.fromkeys((*node.valid_inputs, *node.actions)):
        if entry != OPT_OUT_KEY and not _can_be_entered(node, entry):
            yield f"{entry} cannot be entered: it needs {node.min_digits} to {node.max_digits} digits"
    for entry in node.actions:
        if node.valid_inputs and entry not in {OPT_OUT_KEY, *node.valid_inputs}:
            yield f"actions has {entry}, which validInputs does not allow; add it there"
    if OPT_OUT_KEY in node.valid_inputs and OPT_OUT_KEY not in node.actions:
        yield "validInputs has 9, which alone always opts out; use another key"


def _own_action_problems(node: IvrNode) -> Iterator[str]:
    if len(node.actions) != 1:
        yield f"an action node performs one action, and actions has {len(node.actions)}"


def _can_be_entered(node: IvrNode, entry: str) -> bool:
    return entry.isascii() and entry.isdecimal() and node.min_digits <= len(entry) <= node.max_digits


def _action_problems(flow: IvrFlow, key: str, action: IvrAction) -> Iterator[str]:
    if key == OPT_OUT_KEY and action.type != "add_to_blacklist":
        yield f"9 always opts out and cannot mean {action.type}; use another key"
    if action.type == "goto" and action.target("nodeId") is None:
        yield "goto needs parameters.nodeId"
    if action.type == "add_to_blacklist":
        yield from _confirmation_problems(flow, action)
    if action.type == "transfer_agent":
        yield from _transfer_problems(action)


def _confirmation_problems(flow: IvrFlow, action: IvrAction) -> Iterator[str]:
    target = action.target("nextNodeId")
    node = flow.find(target) if target else None
    if node and node.type != "play_audio":
        yield f'"{node.id}" cannot confirm an opt-out: only a play_audio may follow, and then the call ends'


def _transfer_problems(action: IvrAction) -> Iterator[str]:
    try:
        transfer_target(action.parameters)
    except InvalidInput as error:
        yield str(error)


_SINGLE_KEYS = frozenset(KEYS)
_KEY_CHECKS = {
    "play_audio": _play_problems,
    "menu": _menu_problems,
    "capture_input": _capture_problems,
    "action": _own_action_problems,
}
