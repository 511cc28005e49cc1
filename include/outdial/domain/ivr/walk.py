"""The walk through an IVR flow: from where a call stands and what the person did to what comes next.

Pure: the dialer's `ivr_runner` performs each step on a call and tells the walk what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from outdial.domain.ivr.branches import chosen_way
from outdial.domain.ivr.flow import OPT_OUT_KEY, IvrAction, IvrFlow, IvrNode, after_action
from outdial.domain.ivr.speech import Prompt, apology, node_prompt, opt_out_prompt
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
    Step,
)

# Ends walks that go round without anybody there, such as a machine's tape pressing nothing.
MAX_STEPS = 100
# How long we listen for the opt-out key after the last prompt of a call.
LAST_CHANCE_S = 2.0


@dataclass(frozen=True)
class Walk:
    """A call's place in its flow. `path` has node ids, and `id=keys` for what was pressed there, in order.

    `asked` is the way back: the nodes that asked on the way here, each once.
    """

    flow: IvrFlow
    step: Step
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    steps_left: int = MAX_STEPS
    tries_left: int = 0
    path: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    entered: Mapping[str, str] = field(default_factory=dict[str, str])
    converted: bool = False
    opted_out: bool = False


def begin_walk(flow: IvrFlow, metadata: Mapping[str, Any] | None = None) -> Walk:
    """Stand at the flow's first step; branches look at the contact's `metadata`."""
    return _follow(Walk(flow, End(EndReason.BROKEN), metadata or {}), flow.start_node_id)


def begin_opt_out(flow: IvrFlow, place: str) -> Walk:
    """The walk of somebody who opted out beside the flow: listed, told so as the flow tells it, and ended.

    `place` stands in the path for where that was.
    """
    step = Perform(place, "add_to_blacklist", {}, {}, None)
    return Walk(flow, step, path=(f"{place}={OPT_OUT_KEY}",), opted_out=True)


def go_on(walk: Walk, event: Event) -> Walk:
    """The walk after `event`, which must be of the kind its step asks for; any other ends it as broken."""
    match walk.step, event:
        case Play() as step, Played(key):
            return _after_prompt(walk, step, key)
        case Ask() as step, Entered(digits):
            return _after_entry(walk, step, digits)
        case Perform() as step, Performed() as done:
            return _after_action(walk, step, done)
        case _:
            return _end(walk, EndReason.BROKEN)


def _after_prompt(walk: Walk, step: Play, key: str | None) -> Walk:
    node = walk.flow.find(step.node_id)
    if walk.opted_out:
        return _end(walk, EndReason.OPTED_OUT)
    if node is None:
        return _end(walk, EndReason.BROKEN)
    if key == OPT_OUT_KEY:
        return _opt_out(_noted(walk, node, key), node)
    return _follow(walk, node.next_node_id)


def _after_entry(walk: Walk, step: Ask, digits: str) -> Walk:
    node = walk.flow.find(step.node_id)
    if node is None:
        return _end(walk, EndReason.BROKEN)
    if node.type == "capture_input" and node.terminator:
        digits = digits.partition(node.terminator)[0]
    walk = _noted(walk, node, digits)
    if digits == OPT_OUT_KEY:
        return _opt_out(walk, node)
    if not _is_valid(node, digits):
        return _try_again(walk, node, was_silent=not digits)
    walk = replace(walk, entered={**walk.entered, node.id: digits})
    action = node.actions.get(digits)
    return _act(walk, node, action) if action else _follow(walk, node.next_node_id)


def _after_action(walk: Walk, step: Perform, done: Performed) -> Walk:
    if step.action == "add_to_blacklist":
        return _confirm(walk, step.next_node_id)
    if step.action == "transfer_agent" and done.succeeded:
        return _end(walk, EndReason.TRANSFERRED)
    node = walk.flow.find(step.node_id)
    if node and done.key == OPT_OUT_KEY:
        return _opt_out(_noted(walk, node, done.key), node)
    return _follow(walk, step.next_node_id)


def _is_valid(node: IvrNode, digits: str) -> bool:
    if node.type == "menu":
        return digits in node.actions and (not node.valid_inputs or digits in node.valid_inputs)
    if node.valid_inputs:
        return digits in node.valid_inputs
    return digits.isdecimal() and node.min_digits <= len(digits) <= node.max_digits


def _try_again(walk: Walk, node: IvrNode, *, was_silent: bool) -> Walk:
    if walk.tries_left <= 1:
        return _follow(walk, node.after_silence, EndReason.NO_INPUT)
    if walk.steps_left <= 0:
        return _end(walk, EndReason.TOO_LONG)
    step = _ask(walk, node, apology(walk.flow, node, walk.metadata, was_silent=was_silent))
    return replace(walk, step=step, tries_left=walk.tries_left - 1, steps_left=walk.steps_left - 1)


def _opt_out(walk: Walk, node: IvrNode) -> Walk:
    """Opt out, whatever the flow says of the key; only its confirmation may be the flow's own."""
    written = node.actions.get(OPT_OUT_KEY)
    if written is None or written.type != "add_to_blacklist":
        written = IvrAction(type="add_to_blacklist")
    # The node's own successor does not count: it would go on with the campaign.
    target = written.target("nextNodeId")
    step = Perform(node.id, "add_to_blacklist", written.parameters, walk.entered, target)
    return replace(walk, step=step, opted_out=True)


def _confirm(walk: Walk, node_id: str | None) -> Walk:
    """Say that the opt-out is done, then end: nothing else of the campaign follows."""
    node = walk.flow.find(node_id) if node_id else None
    if node and node.type == "play_audio":
        said = node_prompt(walk.flow, node, walk.metadata)
        return replace(walk, step=Play(node.id, said, "", 0), path=(*walk.path, node.id))
    if said := opt_out_prompt(walk.flow, walk.metadata):
        return replace(walk, step=Play("", said, "", 0))
    return _end(walk, EndReason.OPTED_OUT)


def _act(walk: Walk, node: IvrNode, action: IvrAction) -> Walk:
    if action.type == "end_call":
        return _end(walk, EndReason.ENDED)
    if action.type == "back":
        return _go_back(walk, node)
    target = after_action(node, action)
    if action.type in {"goto", "repeat"}:
        return _follow(walk, target, EndReason.BROKEN)
    return replace(
        walk,
        step=Perform(node.id, action.type, action.parameters, walk.entered, target),
        converted=walk.converted or action.type == "trigger_donation",
        opted_out=walk.opted_out or action.type == "add_to_blacklist",
    )


def _go_back(walk: Walk, node: IvrNode) -> Walk:
    """Ask what was asked before this node; where nothing was, this again."""
    before = walk.asked[: walk.asked.index(node.id)] if node.id in walk.asked else walk.asked
    return _follow(walk, before[-1] if before else node.id, EndReason.BROKEN)


def _follow(walk: Walk, node_id: str | None, otherwise: EndReason = EndReason.FINISHED) -> Walk:
    if node_id is None:
        return _end(walk, otherwise)
    node = walk.flow.find(node_id)
    if node is None:
        return _end(walk, EndReason.BROKEN)
    if walk.steps_left <= 0:
        return _end(walk, EndReason.TOO_LONG)
    return _enter(replace(walk, steps_left=walk.steps_left - 1, path=(*walk.path, node.id)), node)


def _enter(walk: Walk, node: IvrNode) -> Walk:
    if node.asks:
        return replace(walk, step=_ask(walk, node), tries_left=node.tries, asked=_way_to(walk.asked, node.id))
    if node.type == "play_audio":
        said = node_prompt(walk.flow, node, walk.metadata)
        return replace(walk, step=Play(node.id, said, OPT_OUT_KEY, _listen_s(node)))
    if node.type == "branch":
        return _follow(walk, chosen_way(node, walk.metadata, walk.entered))
    if node.own_action:
        return _act(walk, node, node.own_action)
    return _follow(walk, node.next_node_id)


def _way_to(asked: tuple[str, ...], node_id: str) -> tuple[str, ...]:
    """Whoever comes to a node again has gone back to it: what was asked since is no way back any more."""
    return (*(asked[: asked.index(node_id)] if node_id in asked else asked), node_id)


def _ask(walk: Walk, node: IvrNode, sorry: Prompt | None = None) -> Ask:
    prompts = tuple(said for said in (sorry, node_prompt(walk.flow, node, walk.metadata)) if said)
    terminator = node.terminator if node.type == "capture_input" else ""
    return Ask(node.id, prompts, node.digits_wanted, node.timeout_seconds, terminator)


def _listen_s(node: IvrNode) -> float:
    """A prompt may end with "press 9 …": where the call would end with it, leave time to press."""
    if node.next_node_id is not None:
        return 0
    return node.timeout_seconds if "timeout_seconds" in node.model_fields_set else LAST_CHANCE_S


def _noted(walk: Walk, node: IvrNode, digits: str) -> Walk:
    return replace(walk, path=(*walk.path, f"{node.id}={digits}"))


def _end(walk: Walk, reason: EndReason) -> Walk:
    return replace(walk, step=End(reason))
