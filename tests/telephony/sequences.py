"""The events of a call in a form that two telephony sides can be compared by.

What differs from call to call is left out, and events that Asterisk sends in no fixed order are sorted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from tests.telephony.witness import Heard

# As every call has them: said in a line only where they are something else.
_USUAL = {
    "Privilege": "call,all",
    "CallerIDNum": "<unknown>",
    "CallerIDName": "<unknown>",
    "ConnectedLineNum": "<unknown>",
    "ConnectedLineName": "<unknown>",
    "Language": "en",
    "AccountCode": "",
}
_OF_THIS_CALL = frozenset({"Event", "Timestamp", "ActionID", "Uniqueid", "Linkedid", "ChannelState"})
# Where the channel stands while they are sent depends on which of them is first.
_RINGING = frozenset({"DialBegin", "DialState"})
_CHANNEL_NUMBER = re.compile(r"-[0-9a-f]{8}$")


def sequence_of(events: Iterable[Heard]) -> list[str]:
    """One line an event, races sorted."""
    heard = _with_failure_last(events)
    lines: list[str] = []
    for race, together in groupby(_with_races(heard), key=lambda one: one[0]):
        described = [describe(event) for _, event in together]
        lines += sorted(described) if race else described
    return lines


def _with_failure_last(events: Iterable[Heard]) -> list[Heard]:
    """A failed OriginateResponse comes from another thread than the channel's own events, at any moment."""
    return sorted(
        events, key=lambda one: one.event == "OriginateResponse" and one.get("Response") == "Failure"
    )


def describe(heard: Heard) -> str:
    """An event and the headers that make it what it is."""
    told = [(name, value) for name, value in heard.headers if _tells(name, value)]
    if heard.event in _RINGING:
        told = [(name, value) for name, value in told if name != "DestChannelStateDesc"]
    return " ".join((heard.event, *(f"{name}={_CHANNEL_NUMBER.sub('-N', value)}" for name, value in told)))


def shape_of(heard: Heard) -> str:
    """An event and the names of all its headers, in order."""
    return " ".join((heard.event, *(name for name, _ in heard.headers if name not in {"Event", "ActionID"})))


def differences(expected: Sequence[str], found: Sequence[str]) -> list[str]:
    """The events that are missing, and those that are too many or out of place."""
    if list(expected) == list(found):
        return []
    missing = [f"- {line}" for line in expected if line not in found]
    extra = [f"+ {line}" for line in found if line not in expected]
    return missing + extra or ["order: " + " | ".join(line.split()[0] for line in found)]


def _tells(name: str, value: str) -> bool:
    name = name.removeprefix("Dest")
    return name not in _OF_THIS_CALL and _USUAL.get(name) != value


def _with_races(events: Sequence[Heard]) -> list[tuple[str, Heard]]:
    named: list[tuple[str, Heard]] = []
    answered = False
    for event in events:
        answered = answered or _is_answer(event)
        named.append((_race(event, answered=answered), event))
    return named


def _is_answer(event: Heard) -> bool:
    return "Up" in {event.get("ChannelStateDesc"), event.get("DestChannelStateDesc")} or (
        event.event == "OriginateResponse" and event.get("Response") == "Success"
    )


def _race(event: Heard, *, answered: bool) -> str:
    """The race an event takes part in; empty where its place is fixed."""
    if answered:
        # OriginateResponse comes from another thread than the channel's own events.
        return "answer" if event.event in {"Newstate", "DialEnd", "OriginateResponse"} else ""
    if event.event in {*_RINGING, "Newstate"}:
        return "ringing"
    return "failure" if event.event in {"DialEnd", "Hangup"} else ""
