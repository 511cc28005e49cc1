"""A call from Originate to Hangup, event by event, with the races measured on Asterisk 22."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from outdial.simulator.call import Call, take_caller_id
from outdial.simulator.channel import UNKNOWN, State
from outdial.simulator.dialplan import run_dialplan
from outdial.simulator.exchange import Exchange
from outdial.simulator.ledger import CallEnd
from outdial.simulator.line import HungUpError
from outdial.simulator.originate import Originate
from outdial.simulator.outcomes import (
    CAUSE_SIP,
    TEMPORARILY_UNAVAILABLE,
    USER_ALERTING,
    Fate,
    cause_text,
    dial_status_of,
)

# Originate Reasons of a PJSIP channel: only these three were ever seen.
ANSWERED, TIMED_OUT, FAILED = 4, 3, 0

# OriginateResponse comes from another thread than the channel's own events, so each order below occurs.
# Hangup before OriginateResponse: 398 of 2,000 busy calls at 100 CPS, 53 of 300 at 20 CPS, 81 of 478 refused
# ones at 33 CPS; in 12 of those OriginateResponse came even before HangupRequest.
_FAILURE_ORDERS = {"QDRH": 0.48, "QRDH": 0.28, "QDHR": 0.18, "RQDH": 0.02, "QHDR": 0.02, "QRHD": 0.02}
_UNPLACED_ORDERS = {"QRH": 0.5, "QHR": 0.47, "RQH": 0.03}
# After a Timeout either came first as often, in 274 silent calls and 145 that rang.
_TIMEOUT_ORDERS = {"HR": 0.5, "RH": 0.5}
_ANSWER_ORDERS = {"NDR": 0.5, "NRD": 0.2, "RND": 0.3}
_RING_ORDERS = {"BNS": 0.8, "BSN": 0.15, "NBS": 0.05}


async def run_call(exchange: Exchange, request: Originate, connected: asyncio.Future[bool]) -> None:
    """Live one Originate through. `connected` tells a synchronous Originate whether anybody answered."""
    try:
        if _goes_nowhere(exchange, request):
            return
        call = Call(exchange, request)
        exchange.enter(call)
        try:
            await _live(call, connected)
        finally:
            exchange.leave(call)
    finally:
        if not connected.done():
            connected.set_result(False)


def _goes_nowhere(exchange: Exchange, request: Originate) -> bool:
    """An endpoint that does not exist, or a ChannelId in use: a failed OriginateResponse and nothing else."""
    scenario = exchange.scenario
    known = request.trunk in scenario.trunks or request.trunk in scenario.dead_trunks
    is_pjsip = request.channel.upper().startswith("PJSIP/")
    in_use = bool(request.channel_id) and request.channel_id in exchange.calls
    if is_pjsip and known and not in_use:
        return False
    exchange.ledger.note_end(
        CallEnd(
            exchange.epoch_s(),
            request.channel_id,
            request.number,
            "channel_id_in_use" if in_use else "no_such_endpoint",
            answered=False,
            cause=None,
            keys="",
        )
    )
    _publish_response(exchange, request, FAILED, request.channel)
    return True


async def _live(call: Call, connected: asyncio.Future[bool]) -> None:
    _appear(call)
    try:
        answered = await _ring(call)
    except HungUpError:
        _fail(call, "NOANSWER", _ending_cause(call), sip=0, request=None)
        return
    if not answered:
        return
    connected.set_result(True)
    _answer(call)
    await _talk(call)


def _appear(call: Call) -> None:
    exchange, channel = call.exchange, call.channel
    exchange.publish_channel("Newchannel", channel)
    if take_caller_id(call):
        pres = "CID-CallingPres: 0 (Presentation Allowed, Not Screened)\r\n"
        exchange.publish_channel("NewCallerid", channel, pres)
        channel.connected_num, channel.connected_name = channel.caller_num, channel.caller_name
        exchange.publish_channel("NewConnectedLine", channel)


async def _ring(call: Call) -> bool:
    """True once answered; False where the call has failed and its last events are out."""
    plan, timeout_s = call.person.plan, call.request.timeout_s
    dead = call.request.trunk in call.exchange.scenario.dead_trunks
    fate = Fate.SILENT if dead else plan.outcome.fate
    if fate is Fate.UNPLACED:
        _give_up(call)
        return False
    _dial(call, silent=fate is Fate.SILENT)
    if fate in {Fate.SILENT, Fate.RINGS_OUT} or plan.ring_s >= timeout_s:
        await call.line.wait(timeout_s)
        _time_out(call)
        return False
    await call.line.wait(plan.ring_s)
    if fate is Fate.REFUSED:
        _refuse(call)
        return False
    return True


def _dial(call: Call, *, silent: bool) -> None:
    exchange, channel, outcome = call.exchange, call.channel, call.person.plan.outcome

    def begin() -> None:
        exchange.publish_dial("DialBegin", channel, f"DialString: {channel.dial_string}\r\n")

    def ringing() -> None:
        channel.state = State.RINGING
        exchange.publish_channel("Newstate", channel)

    def dial_state() -> None:
        exchange.publish_dial("DialState", channel, "DialStatus: RINGING\r\n")

    if silent:
        begin()
    elif outcome.early_media:
        begin()
        exchange.publish_dial("DialState", channel, "DialStatus: PROGRESS\r\n")
    elif outcome.rings:
        _in_some_order(call, _RING_ORDERS, {"B": begin, "N": ringing, "S": dial_state})
    else:
        begin()


def _in_some_order(call: Call, orders: Mapping[str, float], events: Mapping[str, Callable[[], None]]) -> None:
    order = call.races.choices(list(orders), list(orders.values()))[0]
    for letter in order:
        events[letter]()


def _time_out(call: Call) -> None:
    """Our own Timeout: no HangupRequest and no DialEnd, as nobody at the far end did anything."""
    _in_some_order(
        call,
        _TIMEOUT_ORDERS,
        {
            "H": lambda: _hang_up(call, USER_ALERTING, TEMPORARILY_UNAVAILABLE),
            "R": lambda: _publish_response(call.exchange, call.request, TIMED_OUT, call.request.channel),
        },
    )


def _give_up(call: Call) -> None:
    """Nothing is sent to the trunk: there is a channel, but no cause and no dialling."""
    _in_some_order(
        call,
        _UNPLACED_ORDERS,
        {
            "Q": lambda: call.exchange.publish_channel("HangupRequest", call.channel),
            "R": lambda: _publish_response(call.exchange, call.request, FAILED, call.request.channel),
            "H": lambda: _hang_up(call, 0, 0),
        },
    )


def _refuse(call: Call) -> None:
    outcome = call.person.plan.outcome
    codes = f"Cause: {outcome.cause}\r\nTechCause: {outcome.sip}\r\n"
    _fail(call, dial_status_of(outcome.sip), outcome.cause, outcome.sip, codes)


def _fail(call: Call, dial_status: str, cause: int, sip: int, request: str | None) -> None:
    """`request` is what HangupRequest says; None where we hung up ourselves and there is none."""

    def request_hangup() -> None:
        if request is not None:
            call.exchange.publish_channel("HangupRequest", call.channel, request)

    _in_some_order(
        call,
        _FAILURE_ORDERS,
        {
            "Q": request_hangup,
            "D": lambda: call.exchange.publish_dial(
                "DialEnd", call.channel, f"DialStatus: {dial_status}\r\n"
            ),
            "R": lambda: _publish_response(call.exchange, call.request, FAILED, call.request.channel),
            "H": lambda: _hang_up(call, cause, sip),
        },
    )


def _answer(call: Call) -> None:
    exchange, channel = call.exchange, call.channel
    channel.state = State.UP
    call.answered_at = asyncio.get_running_loop().time()
    exchange.answered_calls += 1
    _in_some_order(
        call,
        _ANSWER_ORDERS,
        {
            "N": lambda: exchange.publish_channel("Newstate", channel),
            "D": lambda: exchange.publish_dial("DialEnd", channel, "DialStatus: ANSWER\r\n"),
            "R": lambda: _publish_response(exchange, call.request, ANSWERED, channel.name),
        },
    )


async def _talk(call: Call) -> None:
    loop = asyncio.get_running_loop()
    call.line.act_at_once()
    patience = loop.call_later(call.person.plan.patience_s, call.line.hang_up_by_person)
    try:
        await run_dialplan(call)
    except HungUpError:
        pass
    finally:
        patience.cancel()
    cause = _ending_cause(call)
    if not call.request.application:
        # 16 here is Asterisk's flag for the end of a dialplan run, not a Q.850 cause.
        call.exchange.publish_channel("SoftHangupRequest", call.channel, "Cause: 16\r\n")
    _hang_up(call, cause, CAUSE_SIP.get(cause, 0))


def _ending_cause(call: Call) -> int:
    """A dialplan that simply ends leaves cause 0."""
    return call.line.ending.cause if call.line.ending is not None else 0


def _hang_up(call: Call, cause: int, sip: int) -> None:
    exchange, channel = call.exchange, call.channel
    exchange.leave(call)
    exchange.ledger.note_end(
        CallEnd(
            exchange.epoch_s(),
            channel.uniqueid,
            call.request.number,
            call.person.plan.outcome.name,
            answered=call.answered_at is not None,
            cause=cause,
            keys=call.line.keys_pressed,
        )
    )
    tech = f"TechCause: {sip}\r\n" if sip else ""
    exchange.publish_channel("Hangup", channel, f"Cause: {cause}\r\nCause-txt: {cause_text(cause)}\r\n{tech}")


def _publish_response(exchange: Exchange, request: Originate, reason: int, channel: str) -> None:
    """OriginateResponse, where the Originate was asynchronous; a failed one names the dial string."""
    if not request.is_async:
        return
    action_id = f"ActionID: {request.action_id}\r\n" if request.action_id else ""
    target = (
        f"Application: {request.application}\r\nData: {request.data}\r\n"
        if request.application
        else f"Context: {request.context}\r\nExten: {request.exten}\r\n"
    )
    uniqueid = request.channel_id or UNKNOWN
    if reason == ANSWERED and not request.channel_id:
        uniqueid = _uniqueid_of(exchange, channel)
    exchange.publish(
        "OriginateResponse",
        "call",
        f"{action_id}Response: {'Success' if reason == ANSWERED else 'Failure'}\r\n"
        f"Channel: {channel}\r\n{target}Reason: {reason}\r\nUniqueid: {uniqueid}\r\n"
        f"CallerIDNum: {request.caller_num or UNKNOWN}\r\nCallerIDName: {request.caller_name or UNKNOWN}\r\n",
    )


def _uniqueid_of(exchange: Exchange, channel_name: str) -> str:
    call = exchange.find(channel_name)
    return call.channel.uniqueid if call is not None else UNKNOWN
