"""What each manager action answers. Called by an AMI session that has logged in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from outdial.simulator import ami_messages as ami
from outdial.simulator.ami_messages import Message
from outdial.simulator.call import Call
from outdial.simulator.call_life import run_call
from outdial.simulator.channel import State, snapshot
from outdial.simulator.exchange import Exchange
from outdial.simulator.ledger import OriginateSeen
from outdial.simulator.originate import RefusedOriginateError, read_originate
from outdial.simulator.scenario import User

QUEUED = "Originate successfully queued"


@dataclass(slots=True)
class Reply:
    """The bytes to send, and the call to start once they are sent.

    Where `connected` is given, the Originate was synchronous: `data` waits for it, and says `failed` without.
    """

    data: bytes
    call: Coroutine[Any, Any, None] | None = None
    connected: asyncio.Future[bool] | None = None
    failed: bytes = b""


def answer_action(exchange: Exchange, user: User, action: Message) -> Reply:
    """The reply to one action of a logged-in user; every refusal is a Response: Error."""
    if action.fault:
        return Reply(ami.error(action, action.fault))
    name = action.get("Action")
    if not name:
        return Reply(ami.error(action, "Missing action in request"))
    known = _ACTIONS.get(name.lower())
    if known is None:
        hint = "Use Action: ListCommands to show available commands."
        return Reply(ami.error(action, f"Invalid/unknown command: {name}. {hint}"))
    needed, run = known
    if needed and not needed & set(user.write):
        return Reply(ami.error(action, "Permission denied"))
    return run(exchange, user, action)


def _ping(exchange: Exchange, _user: User, action: Message) -> Reply:
    return _success(action, ("Ping", "Pong"), ("Timestamp", f"{exchange.epoch_s():.6f}"))


def _success(action: Message, *headers: tuple[str, object]) -> Reply:
    return Reply(ami.response(action, "Success", *headers))


def _originate(exchange: Exchange, user: User, action: Message) -> Reply:
    try:
        request = read_originate(action, exchange.scenario, may_system="system" in user.write)
    except RefusedOriginateError as refusal:
        _note(exchange, action, accepted=False)
        return Reply(ami.error(action, str(refusal)))
    _note(exchange, action, accepted=True)
    connected: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    queued = ami.success(action, QUEUED)
    life = run_call(exchange, request, connected)
    return Reply(queued, life, None if request.is_async else connected, ami.error(action, "Originate failed"))


def _note(exchange: Exchange, action: Message, *, accepted: bool) -> None:
    number, _, trunk = action.get("Channel").partition("/")[2].partition("@")
    monotonic_s = asyncio.get_running_loop().time()
    exchange.ledger.note_originate(
        OriginateSeen(exchange.epoch_s(), monotonic_s, action.get("ChannelId"), number, trunk, accepted)
    )


def _on_channel(
    exchange: Exchange, action: Message, then: Callable[[Call], Reply], *, missing: str = "No such channel"
) -> Reply:
    name = action.get("Channel")
    if not name:
        return Reply(ami.error(action, "No channel specified"))
    call = exchange.find(name)
    return then(call) if call is not None else Reply(ami.error(action, missing))


def _hangup(exchange: Exchange, _user: User, action: Message) -> Reply:
    def then(call: Call) -> Reply:
        cause = action.get("Cause")
        call.line.hang_up(int(cause) if cause.isdecimal() else 0)
        return _success(action, ("Message", "Channel Hungup"))

    return _on_channel(exchange, action, then)


def _getvar(exchange: Exchange, _user: User, action: Message) -> Reply:
    name = action.get("Variable")
    if not name:
        return Reply(ami.error(action, "No variable specified"))

    def then(call: Call) -> Reply:
        return _success(action, ("Variable", name), ("Value", call.channel.variable(name) or ""))

    return _on_channel(exchange, action, then)


def _setvar(exchange: Exchange, _user: User, action: Message) -> Reply:
    name = action.get("Variable")
    if not name:
        return Reply(ami.error(action, "No variable specified"))

    def then(call: Call) -> Reply:
        call.channel.variables[name.lstrip("_")] = action.get("Value")
        return _success(action, ("Message", "Variable Set"))

    return _on_channel(exchange, action, then)


def _list(action: Message, announcement: str, items: list[bytes], end: str, tail: str = "") -> Reply:
    head = ami.response(action, "Success", ("EventList", "start"), ("Message", announcement))
    given = f"ActionID: {action.get('ActionID')}\r\n" if action.get("ActionID") else ""
    count = len(items)
    last = f"Event: {end}\r\n{given}EventList: Complete\r\nListItems: {count}\r\n"
    if tail:
        last += f"{tail}: {count}\r\n"
    return Reply(head + b"".join(items) + f"{last}\r\n".encode())


def _core_show_channels(exchange: Exchange, _user: User, action: Message) -> Reply:
    given = f"ActionID: {action.get('ActionID')}\r\n" if action.get("ActionID") else ""
    items = [
        (
            f"Event: CoreShowChannel\r\n{given}{snapshot(call.channel)}"
            f"Application: {call.channel.application}\r\nApplicationData: {call.channel.app_data}\r\n"
            f"Duration: {_clock_face(_age_s(call))}\r\nBridgeId: \r\n\r\n"
        ).encode()
        for call in exchange.calls.values()
    ]
    return _list(action, "Channels will follow", items, "CoreShowChannelsComplete")


def _age_s(call: Call) -> int:
    return int(asyncio.get_running_loop().time() - call.channel.began_at)


def _clock_face(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _status(exchange: Exchange, _user: User, action: Message) -> Reply:
    wanted = action.get("Channel")
    found = exchange.find(wanted) if wanted else None
    if wanted and found is None:
        return Reply(ami.error(action, "No such channel"))
    calls = [found] if found is not None else list(exchange.calls.values())
    names = [name for name in action.get("Variables").split(",") if name]
    items = [_status_of(call, names, action.get("ActionID")) for call in calls]
    return _list(action, "Channel status will follow", items, "StatusComplete", "Items")


_MEDIA = (
    "Nativeformats: (ulaw)\r\nReadformat: ulaw\r\nReadtrans: \r\nWriteformat: ulaw\r\nWritetrans: \r\n"
    "Callgroup: 0\r\nPickupgroup: 0\r\n"
)


def _status_of(call: Call, names: list[str], action_id: str) -> bytes:
    channel = call.channel
    values = [(name, channel.variable(name)) for name in names]
    variables = "".join(
        f"Variable: {name}={'(null)' if value is None else value}\r\n" for name, value in values
    )
    given = f"ActionID: {action_id}\r\n" if action_id else ""
    seconds = _age_s(call) if channel.state is State.UP else 0
    return (
        f"Event: Status\r\nPrivilege: Call\r\n{snapshot(channel)}Type: PJSIP\r\nDNID: \r\n"
        f"EffectiveConnectedLineNum: {channel.connected_num}\r\n"
        f"EffectiveConnectedLineName: {channel.connected_name}\r\nTimeToHangup: 0\r\nBridgeID: \r\n"
        f"Application: {channel.application}\r\nData: {channel.app_data}\r\n{_MEDIA}"
        f"Seconds: {seconds}\r\n{variables}{given}\r\n"
    ).encode()


def _core_status(exchange: Exchange, _user: User, action: Message) -> Reply:
    date, time = f"{exchange.started_at:%Y-%m-%d}", f"{exchange.started_at:%H:%M:%S}"
    return _success(
        action,
        ("CoreStartupDate", date),
        ("CoreStartupTime", time),
        ("CoreReloadDate", date),
        ("CoreReloadTime", time),
        ("CoreCurrentCalls", len(exchange.calls)),
        ("CoreProcessedCalls", exchange.answered_calls),
    )


def _command(exchange: Exchange, _user: User, action: Message) -> Reply:
    command = action.get("Command")
    follows = ("Message", "Command output follows")
    if command != "core show uptime":
        output = f"No such command '{command}' (type 'core show help {command}' for other possible commands)"
        return Reply(ami.response(action, "Error", follows, ("Output", output)))
    uptime_s = int((exchange.clock() - exchange.started_at).total_seconds())
    return _success(
        action,
        follows,
        ("Output", f"System uptime: {uptime_s} seconds"),
        ("Output", f"Last reload: {uptime_s} seconds"),
    )


_Run = Callable[[Exchange, User, Message], Reply]
# Each with the classes of `write` of which a user needs one; none means anybody who has logged in.
_ACTIONS: dict[str, tuple[set[str], _Run]] = {
    "ping": (set(), _ping),
    "originate": ({"originate"}, _originate),
    "hangup": ({"system", "call"}, _hangup),
    "getvar": ({"call", "reporting"}, _getvar),
    "setvar": ({"call"}, _setvar),
    "status": ({"system", "call", "reporting"}, _status),
    "coreshowchannels": ({"system", "reporting"}, _core_show_channels),
    "corestatus": ({"system", "reporting"}, _core_status),
    "command": ({"command"}, _command),
}
