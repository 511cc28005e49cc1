"""Walks a flow by the domain's own rules, telling what the dialer would play and do at each step."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from outdial.cli.ivr_keypad import ALL_KEYS, YES_OR_NO, HungUp, Keypad
from outdial.domain.errors import Broken
from outdial.domain.ivr.flow import OPT_OUT_KEY, IvrFlow, IvrNode
from outdial.domain.ivr.speech import Prompt, Speech
from outdial.domain.ivr.steps import Ask, End, EndReason, Entered, Event, Perform, Performed, Play, Played
from outdial.domain.ivr.walk import Walk, begin_walk, go_on

PLAY_S = 3.0
"""How long a prompt is taken to be where nobody says; its own length is Asterisk's to know."""

_ENDS = {
    EndReason.FINISHED: "the flow is at its end",
    EndReason.ENDED: "the flow hangs up",
    EndReason.OPTED_OUT: "the person has opted out",
    EndReason.TRANSFERRED: "the agent has hung up",
    EndReason.NO_INPUT: "nobody pressed anything in all tries",
    EndReason.TOO_LONG: "too many steps",
    EndReason.BROKEN: "the flow leads to a node that is not there",
}


@dataclass
class Trial:
    """One walk by keyboard."""

    keypad: Keypad
    say: Callable[[str, str], None]
    effects: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def take(self, walk: Walk) -> Event:
        """Tell the step and ask what comes of it."""
        match walk.step:
            case Play() as step:
                return self._play(step)
            case Ask() as step:
                return self._ask(step, walk.flow.find(step.node_id))
            case Perform() as step:
                return self._perform(step)
            case End():
                raise Broken("a walk that has ended has no next step")

    def _play(self, step: Play) -> Event:
        self._tell(step.node_id, _heard(step.prompt))
        if not step.interrupt_by:
            return Played()
        self._hint("9 opts out, Enter listens to the end")
        return Played(self._key(step.interrupt_by, step.listen_s or PLAY_S))

    def _ask(self, step: Ask, node: IvrNode | None) -> Event:
        for prompt in step.prompts:
            self._tell(step.node_id, _heard(prompt))
        self._hint(f"{_keys_of(step, node)}; Enter is {step.timeout_s:g} s of silence")
        self.keypad.next_prompt()
        digits = ""
        while len(digits) < step.max_digits:
            key = self.keypad.key(ALL_KEYS, step.timeout_s)
            if key is None or (key == step.terminator and step.max_digits > 1):
                break
            digits += key
        self.keypad.end_prompt()
        return Entered(digits)

    def _perform(self, step: Perform) -> Event:
        self._tell(step.node_id, f"would {_DOES[step.action]}{_shown(step.parameters)}")
        self.effects.append({
            "node": step.node_id,
            "action": step.action,
            "parameters": dict(step.parameters),
        })
        if step.action == "transfer_agent":
            self._hint("does an agent take the call? y, or n")
            return Performed(self._key(YES_OR_NO, PLAY_S) == "y")
        if step.action == "record_message":
            self._hint("# ends the message, 9 opts out, Enter falls silent")
            return Performed(key=self._key(f"#{OPT_OUT_KEY}", PLAY_S))
        return Performed()

    def _key(self, accepted: str, timeout_s: float) -> str | None:
        self.keypad.next_prompt()
        key = self.keypad.key(accepted, timeout_s)
        self.keypad.end_prompt()
        return key

    def _tell(self, node_id: str, what: str) -> None:
        self.say(f"{node_id or 'opt-out':16} {what}", "")

    def _hint(self, what: str) -> None:
        self.say(f"{'':16} {what}", "dim")


def try_flow(flow: IvrFlow, metadata: Mapping[str, Any], keypad: Keypad, *, quiet: bool) -> dict[str, Any]:
    """Walk until the call ends; returns what would be written down, and what would have been done.

    `quiet` keeps the tale of it off standard output.
    """
    console = Console(stderr=quiet, highlight=False, markup=False, soft_wrap=True)
    trial = Trial(keypad, lambda line, style: console.print(line, style=style))
    trial.say("The keys are 0-9, * and #; Enter is silence; h hangs up.", "dim")
    walk = begin_walk(flow, metadata)
    end = None
    try:
        while not isinstance(walk.step, End):
            walk = go_on(walk, trial.take(walk))
        end = walk.step.reason
    except (HungUp, KeyboardInterrupt):
        keypad.end_prompt()
    trial.say(f"{'end':16} {_ENDS[end] if end else 'the person has hung up'}", "bold")
    trial.say(f"{'':16} {' → '.join(walk.path)}", "dim")
    return {
        "end": end.value if end else "hung_up",
        "path": walk.path,
        "converted": walk.converted,
        "opted_out": walk.opted_out,
        "entered": walk.entered,
        "effects": trial.effects,
    }


def _heard(prompt: Prompt | None) -> str:
    if isinstance(prompt, Speech):
        return f"“{prompt.text}” ({prompt.voice.language})"
    return f"♪ {prompt}" if prompt else "(nothing can be heard)"


def _keys_of(step: Ask, node: IvrNode | None) -> str:
    if node is None or node.type == "menu":
        keys = " ".join(dict.fromkeys((*(node.actions if node else ()), OPT_OUT_KEY)))
        return f"keys {keys}"
    ends = f", {step.terminator} ends them" if step.terminator and step.max_digits > 1 else ""
    allowed = f" ({', '.join(node.valid_inputs)})" if node.valid_inputs else ""
    return f"{node.min_digits} to {node.max_digits} digits{allowed}{ends}"


def _shown(parameters: Mapping[str, Any]) -> str:
    shown = {name: value for name, value in parameters.items() if name != "nextNodeId"}
    return f" {json.dumps(shown, ensure_ascii=False)}" if shown else ""


_DOES = {
    "send_sms": "send a text",
    "transfer_agent": "connect an agent",
    "add_to_blacklist": "list the number and never call it again",
    "trigger_donation": "count a donation",
    "record_message": "record a message",
    "webhook": "post a webhook",
}
