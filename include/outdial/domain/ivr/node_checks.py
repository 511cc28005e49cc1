"""What is wrong with one node of an IVR flow. Called by `ivr_checks`, which adds the node's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from outdial.domain.errors import InvalidInput
from outdial.domain.ivr.actions import read_recording, read_webhook
from outdial.domain.ivr.audio import AUDIO_FORM, is_playable
from outdial.domain.ivr.flow import KEYS, OPT_OUT_KEY, IvrAction, IvrCase, IvrFlow, IvrNode
from outdial.domain.ivr.routes import routes
from outdial.domain.ivr.transfer import transfer_target

_SINGLE_KEYS = frozenset(KEYS)


def node_problems(flow: IvrFlow, node: IvrNode) -> Iterator[str]:
    """One sentence for each problem, without the node's name."""
    for route in routes(node):
        if flow.find(route.target) is None:
            yield f'{route.place} is "{route.target}", which is no node; add that node or change the id'
    yield from _audio_problems(node)
    yield from _TYPE_CHECKS[node.type](node)
    for place, case in enumerate(node.cases):
        yield from (f"cases.{place} {problem}" for problem in _case_problems(flow, case))
    for key, action in node.actions.items():
        yield from (f"key {key}: {problem}" for problem in _action_problems(flow, key, action))


def _audio_problems(node: IvrNode) -> Iterator[str]:
    if node.audio_url is None and node.text is None and node.type not in {"action", "branch"}:
        yield "there is nothing to hear: give text or audioUrl"
    for field, audio in (
        ("audioUrl", node.audio_url),
        ("invalidAudioUrl", node.invalid_audio_url),
        ("timeoutAudioUrl", node.timeout_audio_url),
    ):
        if audio is not None and not is_playable(audio):
            yield f"{field} {AUDIO_FORM}"


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


def _can_be_entered(node: IvrNode, entry: str) -> bool:
    return entry.isascii() and entry.isdecimal() and node.min_digits <= len(entry) <= node.max_digits


def _branch_problems(node: IvrNode) -> Iterator[str]:
    if not node.cases:
        yield "a branch needs cases: say of what field, and where each leads"
    if node.actions:
        yield "a branch takes no keys and has no actions; put a menu where it leads"


def _own_action_problems(node: IvrNode) -> Iterator[str]:
    if len(node.actions) != 1:
        yield f"an action node performs one action, and actions has {len(node.actions)}"
    if node.own_action and node.own_action.type in {"repeat", "back"}:
        yield f"{node.own_action.type} belongs to a key of a menu or capture_input; use goto"


def _case_problems(flow: IvrFlow, case: IvrCase) -> Iterator[str]:
    if (case.field is None) == (case.entered is None):
        yield "needs either field, the name of a contact's field, or entered, the id of a node that asks"
    if case.entered is not None:
        asking = flow.find(case.entered)
        if asking is None or not asking.asks:
            yield f'entered is "{case.entered}", which is no menu or capture_input; name the node that asks'
    if {case.equals, case.one_of, case.at_least, case.at_most, case.is_present} == {None}:
        yield "needs a condition: equals, oneOf, atLeast, atMost or isPresent"
    if case.at_least is not None and case.at_most is not None and case.at_least > case.at_most:
        yield f"holds of no number: atLeast {case.at_least} is more than atMost {case.at_most}"


def _action_problems(flow: IvrFlow, key: str, action: IvrAction) -> Iterator[str]:
    if key == OPT_OUT_KEY and action.type != "add_to_blacklist":
        yield f"9 always opts out and cannot mean {action.type}; use another key"
    if action.type == "goto" and action.target("nodeId") is None:
        yield "goto needs parameters.nodeId"
    if action.type == "add_to_blacklist":
        yield from _confirmation_problems(flow, action)
    reader = _READERS.get(action.type)
    if reader is not None:
        try:
            reader(action.parameters)
        except InvalidInput as error:
            yield from error.problems


def _confirmation_problems(flow: IvrFlow, action: IvrAction) -> Iterator[str]:
    target = action.target("nextNodeId")
    node = flow.find(target) if target else None
    if node and node.type != "play_audio":
        yield f'"{node.id}" cannot confirm an opt-out: only a play_audio may follow, and then the call ends'


_READERS: dict[str, Callable[..., object]] = {
    "transfer_agent": transfer_target,
    "record_message": read_recording,
    "webhook": read_webhook,
}
_TYPE_CHECKS: dict[str, Callable[[IvrNode], Iterator[str]]] = {
    "play_audio": _play_problems,
    "menu": _menu_problems,
    "capture_input": _capture_problems,
    "branch": _branch_problems,
    "action": _own_action_problems,
}
