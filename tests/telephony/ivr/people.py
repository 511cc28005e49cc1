"""A flow with every kind of node, the people who are walked through it, and what must come of each.

A habit is what somebody does at each prompt they hear, one after another: keys, nothing, or hanging up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PROMPT_S = 1.5
WAIT_S = 1.2
HANG_UP = "hangup"

# The tone of each prompt, in Hz.
TONES = {
    "welcome": 500,
    "shalom": 550,
    "choose": 600,
    "wrong": 650,
    "silence": 1250,
    "amount": 750,
    "more": 800,
    "leave": 850,
    "thanks": 900,
    "removed": 950,
    "goodbye": 1050,
    "busy": 1150,
}
"""Kept clear of the beep, which has its own."""

AGENT, ABSENT_AGENT = "+12025550900", "+12025550901"


def _audio(name: str) -> str:
    return f"storage:{name}.wav"


def _to(node_id: str) -> dict[str, Any]:
    return {"type": "goto", "parameters": {"nodeId": node_id}}


def _agent(number: str) -> dict[str, Any]:
    return {"type": "transfer_agent", "parameters": {"destination": number, "nextNodeId": "busy"}}


def a_flow(webhook_url: str) -> dict[str, Any]:
    """The flow; `webhook_url` is where its webhook is posted."""
    hook = {"type": "webhook", "parameters": {"url": webhook_url, "nextNodeId": "thanks"}}
    gift = {"type": "trigger_donation", "parameters": {"amount": 25, "nextNodeId": "thanks"}}
    return {
        "startNodeId": "which",
        "optOutAudioUrl": _audio("removed"),
        "timeoutAudioUrl": _audio("silence"),
        "nodes": [
            {
                "id": "which",
                "type": "branch",
                "cases": [{"field": "language", "oneOf": ["he", "iw"], "nextNodeId": "shalom"}],
                "nextNodeId": "welcome",
            },
            *(
                {"id": node_id, "type": "play_audio", "audioUrl": _audio(node_id), "nextNodeId": "choose"}
                for node_id in ("welcome", "shalom")
            ),
            {
                "id": "choose",
                "type": "menu",
                "audioUrl": _audio("choose"),
                "invalidAudioUrl": _audio("wrong"),
                "timeoutSeconds": WAIT_S,
                "tries": 2,
                "actions": {
                    "1": gift,
                    "2": _to("amount"),
                    "3": _agent(AGENT),
                    "4": _to("more"),
                    "5": _agent(ABSENT_AGENT),
                },
                "noInputNodeId": "goodbye",
            },
            {
                "id": "amount",
                "type": "capture_input",
                "audioUrl": _audio("amount"),
                "invalidAudioUrl": _audio("wrong"),
                "timeoutSeconds": WAIT_S,
                "minDigits": 2,
                "maxDigits": 4,
                "tries": 2,
                "nextNodeId": "give",
            },
            {"id": "give", "type": "action", "actions": {"do": gift}},
            {
                "id": "more",
                "type": "menu",
                "audioUrl": _audio("more"),
                "timeoutSeconds": WAIT_S,
                "actions": {
                    "1": _to("leave"),
                    "2": hook,
                    "*": {"type": "repeat"},
                    "#": {"type": "back"},
                },
            },
            {"id": "leave", "type": "play_audio", "audioUrl": _audio("leave"), "nextNodeId": "record"},
            {
                "id": "record",
                "type": "action",
                "actions": {
                    "do": {
                        "type": "record_message",
                        "parameters": {"maxSeconds": 10, "silenceSeconds": 2, "nextNodeId": "thanks"},
                    }
                },
            },
            *(
                {"id": node_id, "type": "play_audio", "audioUrl": _audio(node_id), "timeoutSeconds": 0.5}
                for node_id in ("thanks", "goodbye", "busy")
            ),
        ],
    }


@dataclass(frozen=True)
class Case:
    """A person: what they do at each prompt, and what is then written down and was heard."""

    name: str
    habit: tuple[str, ...]
    path: tuple[str, ...]
    hears: tuple[str, ...]
    converted: bool = False
    opted_out: bool = False
    language: str = "en"
    after_the_message: str | None = None

    @property
    def leaves_a_message(self) -> bool:
        """Is what they said kept?"""
        return self.after_the_message not in {None, "9"}


START = ("which", "welcome", "choose")
CASES = (
    Case("gives", ("", "1"), (*START, "choose=1", "thanks"), ("welcome", "choose", "thanks"), converted=True),
    Case(
        "gives in Hebrew",
        ("", "1"),
        ("which", "shalom", "choose", "choose=1", "thanks"),
        ("shalom", "choose", "thanks"),
        converted=True,
        language="he",
    ),
    Case(
        "opts out of the first prompt",
        ("9",),
        ("which", "welcome", "welcome=9"),
        ("welcome", "removed"),
        opted_out=True,
    ),
    Case(
        "opts out of the menu",
        ("", "9"),
        (*START, "choose=9"),
        ("welcome", "choose", "removed"),
        opted_out=True,
    ),
    Case(
        "opts out of a capture by 9 and its terminator",
        ("", "2", "9#"),
        (*START, "choose=2", "amount", "amount=9"),
        ("welcome", "choose", "amount", "removed"),
        opted_out=True,
    ),
    Case(
        "opts out of a capture by 9 and silence",
        ("", "2", "9"),
        (*START, "choose=2", "amount", "amount=9"),
        ("welcome", "choose", "amount", "removed"),
        opted_out=True,
    ),
    Case(
        "names an amount with nines",
        ("", "2", "99#"),
        (*START, "choose=2", "amount", "amount=99", "give", "thanks"),
        ("welcome", "choose", "amount", "thanks"),
        converted=True,
    ),
    Case(
        "names as many digits as can be",
        ("", "2", "2500"),
        (*START, "choose=2", "amount", "amount=2500", "give", "thanks"),
        ("welcome", "choose", "amount", "thanks"),
        converted=True,
    ),
    Case(
        "names too little, hears so, and names enough",
        ("", "2", "5#", "", "50#"),
        (*START, "choose=2", "amount", "amount=5", "amount=50", "give", "thanks"),
        ("welcome", "choose", "amount", "wrong", "amount", "thanks"),
        converted=True,
    ),
    Case(
        "types over what was wrong",
        ("", "2", "5#", "60#"),
        (*START, "choose=2", "amount", "amount=5", "amount=60", "give", "thanks"),
        ("welcome", "choose", "amount", "wrong", "thanks"),
        converted=True,
    ),
    Case(
        "presses a wrong key, hears so, and gives",
        ("", "8", "", "1"),
        (*START, "choose=8", "choose=1", "thanks"),
        ("welcome", "choose", "wrong", "choose", "thanks"),
        converted=True,
    ),
    Case(
        "says nothing",
        (),
        (*START, "choose=", "choose=", "goodbye"),
        ("welcome", "choose", "silence", "choose", "goodbye"),
    ),
    Case(
        "looks around and goes back",
        ("", "4", "*", "#", "1"),
        (*START, "choose=4", "more", "more=*", "more", "more=#", "choose", "choose=1", "thanks"),
        ("welcome", "choose", "more", "more", "choose", "thanks"),
        converted=True,
    ),
    Case(
        "asks for a webhook",
        ("", "4", "2"),
        (*START, "choose=4", "more", "more=2", "thanks"),
        ("welcome", "choose", "more", "thanks"),
    ),
    Case(
        "leaves a message",
        ("", "4", "1", ""),
        (*START, "choose=4", "more", "more=1", "leave", "record", "thanks"),
        ("welcome", "choose", "more", "leave", "thanks"),
        after_the_message="#",
    ),
    Case(
        "opts out instead of a message",
        ("", "4", "1", ""),
        (*START, "choose=4", "more", "more=1", "leave", "record", "record=9"),
        ("welcome", "choose", "more", "leave", "removed"),
        opted_out=True,
        after_the_message="9",
    ),
    Case(
        "hangs up in the message",
        ("", "4", "1", ""),
        (*START, "choose=4", "more", "more=1", "leave", "record"),
        ("welcome", "choose", "more", "leave"),
        after_the_message=HANG_UP,
    ),
    Case("hangs up in the menu", ("", HANG_UP), START, ("welcome", "choose")),
    Case("reaches an agent", ("", "3"), (*START, "choose=3"), ("welcome", "choose")),
)


def number_of(case: Case) -> str:
    """Each person has a number of their own."""
    return f"+1202555{700 + CASES.index(case):04}"
