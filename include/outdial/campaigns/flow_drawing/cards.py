"""A flow as cards to be drawn: what each node says, and the ways out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from outdial.domain.ivr.audio import SOUND_PREFIX, STORED_PREFIX
from outdial.domain.ivr.checks import flow_problems
from outdial.domain.ivr.flow import IvrAction, IvrCase, IvrFlow, IvrNode, after_action


class Way(StrEnum):
    """What makes a call take a way."""

    KEY = "key"
    NEXT = "next"
    SILENCE = "silence"
    OPT_OUT = "opt_out"


@dataclass(frozen=True, slots=True)
class Port:
    """One way out: by a key or what `label` says; to a node, or None where `ends` says what happens."""

    label: str
    target: str | None
    way: Way
    key: str = ""
    ends: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One node: its id, what it is, what it says, the ways out, and what is wrong with it."""

    node_id: str
    kind: str
    lines: tuple[str, ...]
    ports: tuple[Port, ...]
    problems: tuple[str, ...]


_KINDS = {
    "play_audio": "play",
    "capture_input": "capture",
    "menu": "menu",
    "branch": "branch",
    "action": "action",
}
_DOES = {
    "send_sms": "send a text",
    "transfer_agent": "to an agent",
    "add_to_blacklist": "opt out",
    "trigger_donation": "donate",
    "record_message": "record",
    "webhook": "webhook",
    "end_call": "hang up",
    "repeat": "ask again",
    "back": "go back",
    "goto": "",
}
_ENDS = "the call ends"


def cards_of(flow: IvrFlow) -> list[Card]:
    """One card for each node, in the order they are written."""
    problems = flow_problems(flow)
    return [
        Card(
            node.id,
            _KINDS[node.type],
            tuple(_lines(node)),
            tuple(_with_end(flow, port) for port in _ports(flow, node)),
            tuple(problem for problem in problems if problem.startswith(f'node "{node.id}": ')),
        )
        for node in flow.nodes
    ]


def _lines(node: IvrNode) -> Iterator[str]:
    if node.audio_url:
        yield f"♪ {_audio_name(node.audio_url)}"
    if node.text:
        yield node.text
    if node.type == "capture_input":
        digits = str(node.min_digits) if node.min_digits == node.max_digits else _span(node)
        ends = f", {node.terminator} ends" if node.terminator and node.max_digits > 1 else ""
        yield f"{digits} digits{ends}"
    if node.asks:
        yield f"{node.tries} tries, {node.timeout_seconds:g} s"
    if node.own_action:
        yield _DOES[node.own_action.type] or node.own_action.type


def _span(node: IvrNode) -> str:
    return f"{node.min_digits}\N{EN DASH}{node.max_digits}"


def _audio_name(audio: str) -> str:
    if audio.startswith((SOUND_PREFIX, STORED_PREFIX)):
        return audio.partition(":")[2]
    return audio.partition("?")[0].rstrip("/").rpartition("/")[2] or audio


def _ports(flow: IvrFlow, node: IvrNode) -> Iterator[Port]:
    if node.type == "action":
        yield from _ports_of_action(node, node.own_action) if node.own_action else ()
        return
    for case in node.cases:
        yield Port(_condition(case), case.next_node_id, Way.KEY)
    for key, action in node.actions.items():
        yield _port_of_key(flow, node, key, action)
    # Where a menu goes on, its keys and its silence say; it has no other way.
    if node.type != "menu":
        then = {"branch": "else", "capture_input": "entered"}.get(node.type, "then")
        yield _port(then, node.next_node_id, Way.NEXT)
    if node.asks:
        yield _port("silence", node.after_silence, Way.SILENCE)


def _port_of_key(flow: IvrFlow, node: IvrNode, key: str, action: IvrAction) -> Port:
    does = _DOES[action.type]
    if action.type in {"end_call", "repeat", "back"}:
        return Port(does, None, Way.KEY, key)
    target = after_action(node, action)
    if action.type != "add_to_blacklist":
        return _port(does, target, Way.KEY, key)
    if target is None and (said := _confirmation(flow)):
        return Port(does, None, Way.OPT_OUT, key, said)
    return _port(does, target, Way.OPT_OUT, key)


def _confirmation(flow: IvrFlow) -> str:
    if flow.opt_out_text:
        return _apart(flow.opt_out_text)
    return f"♪ {_audio_name(flow.opt_out_audio_url)}" if flow.opt_out_audio_url else ""


def _ports_of_action(node: IvrNode, action: IvrAction) -> Iterator[Port]:
    if action.type == "end_call":
        return
    label = {"transfer_agent": "nobody there", "add_to_blacklist": "confirm"}.get(action.type, "then")
    yield _port(label, after_action(node, action), Way.NEXT)


def _with_end(flow: IvrFlow, port: Port) -> Port:
    """A way to a node that is not there ends here."""
    if port.target is None or flow.find(port.target) is not None:
        return port
    return replace(port, target=None, ends=f"no node {_apart(port.target)}")


def _port(label: str, target: str | None, way: Way, key: str = "") -> Port:
    return Port(label, target, way, key, "" if target is not None else _ENDS)


def _condition(case: IvrCase) -> str:
    subject = _apart(case.field) if case.field is not None else f"entered in {_apart(case.entered)}"
    conditions = [
        *([f"= {_apart(case.equals)}"] if case.equals is not None else []),
        *([f"in {', '.join(map(_apart, case.one_of))}"] if case.one_of is not None else []),
        *([f"\N{GREATER-THAN OR EQUAL TO} {case.at_least}"] if case.at_least is not None else []),
        *([f"\N{LESS-THAN OR EQUAL TO} {case.at_most}"] if case.at_most is not None else []),
        *(["is known" if case.is_present else "is not known"] if case.is_present is not None else []),
    ]
    return f"{subject} {' and '.join(conditions)}"


def _apart(value: object) -> str:
    """A word of the flow's own within a sentence of ours: its script must not turn what stands beside it."""
    return f"\N{FIRST STRONG ISOLATE}{value}\N{POP DIRECTIONAL ISOLATE}"
