"""Reads an Originate as Asterisk does: what it refuses at once, what it takes from each header."""

from __future__ import annotations

import re
from dataclasses import dataclass

from outdial.simulator.ami_messages import Message
from outdial.simulator.scenario import Scenario

DEFAULT_TIMEOUT_MS = 30_000
MAX_UNIQUEID_CHARS = 149
_TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})
_CALLER = re.compile(r'^\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^<]*?))\s*<(?P<num>[^>]*)>\s*$')
_PHONE = re.compile(r"[0-9*#+().\-\s]+")


class RefusedOriginateError(Exception):
    """Asterisk's `Response: Error`, before any channel exists; its text is the Message."""


@dataclass(frozen=True, slots=True)
class Originate:
    """One accepted Originate. `steps` is the dialplan that runs once the call is answered."""

    action_id: str
    channel: str
    number: str
    trunk: str
    context: str
    exten: str
    priority: int
    application: str
    data: str
    steps: tuple[str, ...]
    timeout_s: float
    caller_num: str
    caller_name: str
    variables: dict[str, str]
    channel_id: str
    is_async: bool


def read_originate(action: Message, scenario: Scenario, may_system: bool) -> Originate:
    """Raises RefusedOriginateError in the cases Asterisk answers with an Error."""
    channel = action.get("Channel")
    if not channel:
        raise RefusedOriginateError("Channel not specified")
    priority = _whole(action.get("Priority"), 0, "Invalid priority")
    timeout_ms = _whole(action.get("Timeout"), DEFAULT_TIMEOUT_MS, "Invalid timeout")
    if "/" not in channel:
        raise RefusedOriginateError("Invalid channel")
    if len(action.get("ChannelId")) > MAX_UNIQUEID_CHARS:
        raise RefusedOriginateError(f"Uniqueid length exceeds maximum of {MAX_UNIQUEID_CHARS}")
    steps = _steps(action, scenario, priority, may_system)
    number, _, trunk = channel.partition("/")[2].partition("@")
    caller_num, caller_name = parse_caller_id(action.get("CallerID"))
    return Originate(
        action_id=action.get("ActionID"),
        channel=channel,
        number=number,
        trunk=trunk,
        context=action.get("Context"),
        exten=action.get("Exten"),
        priority=priority,
        application=action.get("Application"),
        data=action.get("Data"),
        steps=steps,
        timeout_s=timeout_ms / 1000,
        caller_num=caller_num,
        caller_name=caller_name,
        variables=parse_variables(action.get_all("Variable")),
        channel_id=action.get("ChannelId"),
        is_async=action.get("Async").lower() in _TRUE,
    )


def _whole(text: str, default: int, complaint: str) -> int:
    if not text:
        return default
    match = re.match(r"\s*(-?\d+)", text)
    if not match:
        raise RefusedOriginateError(complaint)
    return int(match[1])


def _steps(action: Message, scenario: Scenario, priority: int, may_system: bool) -> tuple[str, ...]:
    application = action.get("Application")
    if application:
        if application.upper() in {"AGI", "EAGI", "SYSTEM", "TRYSYSTEM", "EXEC"} and not may_system:
            raise RefusedOriginateError("Originate Access Forbidden: app or data blacklisted")
        return (f"{application}({action.get('Data')})",)
    context, exten = action.get("Context"), action.get("Exten")
    if not (context and exten and priority):
        raise RefusedOriginateError("Originate with 'Exten' requires 'Context' and 'Priority'")
    found = scenario.dialplan.get(context, {}).get(exten)
    if found is None or not 1 <= priority <= len(found):
        raise RefusedOriginateError("Extension does not exist.")
    return tuple(found)


def parse_caller_id(text: str) -> tuple[str, str]:
    """`"Name" <number>` → (number, name); each empty where it is not given."""
    match = _CALLER.match(text)
    if match:
        quoted = match["quoted"]
        name = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else match["bare"]
        return _digits_of(match["num"]), name
    return (_digits_of(text), "") if _PHONE.fullmatch(text) else ("", text.strip().strip('"'))


def _digits_of(number: str) -> str:
    return re.sub(r"[().\-\s]", "", number)


def parse_variables(values: list[str]) -> dict[str, str]:
    """Repeated `Variable` headers: commas split, quotes and backslashes keep them, quotes vanish.

    The underscores of `_NAME` and `__NAME` ask for inheritance and are no part of the name read back.
    """
    variables: dict[str, str] = {}
    for part in (part for value in values for part in split_arguments(value)):
        name, mark, value = part.partition("=")
        if mark and name.strip():
            variables[re.sub(r"^_{1,2}", "", name.strip())] = value
    return variables


def split_arguments(text: str) -> list[str]:
    """Application arguments as Asterisk splits them: by commas outside quotes and parentheses."""
    parts, depth, quoted, escaped = [""], 0, False, False
    for char in text:
        if escaped:
            parts[-1] += char
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == "," and not quoted and not depth:
            parts.append("")
        else:
            depth += (char == "(") - (char == ")" and depth > 0) if not quoted else 0
            parts[-1] += char
    return parts
