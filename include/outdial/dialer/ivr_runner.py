"""Speaks a campaign's IVR flow on one answered call: the walk is the domain's, the voice is Asterisk's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from outdial.dialer.agi_session import AgiSession, CallerHungUp
from outdial.domain.errors import Broken, InvalidInput, OutdialError
from outdial.domain.ivr_flow import KEYS, SOUND_PREFIX, IvrFlow
from outdial.domain.ivr_steps import Ask, End, Entered, Event, Perform, Performed, Play, Played
from outdial.domain.ivr_transfer import TransferTarget, transfer_target
from outdial.domain.ivr_walk import Walk, begin_walk, go_on
from outdial.telemetry.logs import get_logger

log = get_logger(__name__)

EFFECT_TIMEOUT_S = 5.0
OPT_OUT_PAUSES_S = (0.2, 1.0, 2.0)
AGENT_RING_S = 30
QUEUE_WAIT_S = 300
TRANSFER_LIMIT_S = 4 * 3600.0

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallContext:
    """The call a flow is spoken on; a transfer to a number leaves by `trunk`."""

    call_id: str
    trunk: str


@dataclass(frozen=True, slots=True)
class IvrEffects:
    """What keys do outside the call. `opt_out(reason)` returns when the opt-out is committed.

    `send_sms` and `donate` get the action's parameters, and under `entered` what the person typed, by node.
    """

    opt_out: Callable[[str], Awaitable[None]]
    send_sms: Callable[[Parameters], Awaitable[None]]
    donate: Callable[[Parameters], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class IvrResult:
    """What came of the flow; `path` has node ids, and `id=keys` for what was pressed there, in order."""

    converted: bool
    opted_out: bool
    path: tuple[str, ...]


class OptOutLost(OutdialError):
    """Somebody pressed 9 and it could not be recorded; `result.opted_out` is true all the same."""

    def __init__(self, call_id: str, result: IvrResult) -> None:
        """`result` is what came of the flow until then."""
        super().__init__(f"the opt-out of {call_id} could not be recorded; list the number by hand")
        self.result = result


async def run_ivr(session: AgiSession, flow: IvrFlow, call: CallContext, effects: IvrEffects) -> IvrResult:
    """Walk the person through `flow` and hang up.

    A caller who hangs up, or a link to Asterisk that breaks, ends the walk normally: the result so far is
    returned. Raises OptOutLost where an opt-out could not be recorded, after several tries.
    """
    walk = begin_walk(flow)
    try:
        while not isinstance(walk.step, End):
            walk = go_on(walk, await _take_step(walk, session, call, effects))
        await session.hangup()
    except CallerHungUp:
        log.debug("caller hung up", call_id=call.call_id, path=walk.path)
    except OptOutLost:
        raise
    except OutdialError as error:
        log.warning("ivr cut short", call_id=call.call_id, path=walk.path, reason=str(error))
    return _result(walk)


async def _take_step(walk: Walk, session: AgiSession, call: CallContext, effects: IvrEffects) -> Event:
    match walk.step:
        case Play() as step:
            return Played(await _play(session, step, call))
        case Ask() as step:
            return Entered(await _ask(session, step, call))
        case Perform(action="add_to_blacklist"):
            await _opt_out(walk, call, effects)
            return Performed()
        case Perform(action="transfer_agent") as step:
            return Performed(await _transfer(session, step, call))
        case Perform() as step:
            return Performed(await _take_effect(step, call, effects))
        case End():
            raise Broken("a walk that has ended has no next step")


async def _play(session: AgiSession, step: Play, call: CallContext) -> str | None:
    key = await _prompt(session, step.audio, step.interrupt_by, call)
    return key or await _listen(session, step.interrupt_by, step.listen_s)


async def _listen(session: AgiSession, keys: str, listen_s: float) -> str | None:
    """The first key that stands in `keys`; others do not end the wait."""
    loop = asyncio.get_running_loop()
    ends_at, left_s = loop.time() + listen_s, listen_s
    while left_s > 0:
        key = await session.wait_for_digit(left_s)
        if key is None or key in keys:
            return key
        left_s = ends_at - loop.time()
    return None


async def _ask(session: AgiSession, step: Ask, call: CallContext) -> str:
    if step.max_digits > 1 and step.audio:
        entry = await session.get_data(_playable(step.audio), step.timeout_s, step.max_digits)
        _note_heard(entry.heard, step.audio, call)
        return entry.digits
    # GET DATA would take # for a terminator, which in a menu is a key like any other.
    key = await _prompt(session, step.audio, KEYS, call)
    return key or await session.wait_for_digit(step.timeout_s) or ""


async def _prompt(session: AgiSession, audio: str | None, keys: str, call: CallContext) -> str | None:
    if not audio:
        return None
    playback = await session.stream_file(_playable(audio), keys)
    _note_heard(playback.heard, audio, call)
    return playback.key


def _playable(audio: str) -> str:
    """What STREAM FILE takes: a URL as it is, or the bare name of a sound on Asterisk's own disk."""
    return audio.removeprefix(SOUND_PREFIX)


def _note_heard(heard: bool, audio: str, call: CallContext) -> None:
    if not heard:
        log.warning("audio could not be played", call_id=call.call_id, audio=audio)


async def _take_effect(step: Perform, call: CallContext, effects: IvrEffects) -> bool:
    """Send the message or count the gift; the call goes on where that fails, and the failure is logged."""
    effect = effects.send_sms if step.action == "send_sms" else effects.donate
    parameters = {**step.parameters, "entered": dict(step.entered)}
    try:
        async with asyncio.timeout(EFFECT_TIMEOUT_S):
            await effect(parameters)
    except Exception:
        log.exception("ivr action failed", call_id=call.call_id, node=step.node_id, action=step.action)
        return False
    return True


async def _opt_out(walk: Walk, call: CallContext, effects: IvrEffects) -> None:
    """Record the opt-out, to the end even where the session is being cancelled."""
    recording = asyncio.create_task(_record_opt_out(walk, call, effects))
    try:
        await asyncio.shield(recording)
    except asyncio.CancelledError:
        await asyncio.wait({recording})
        raise


async def _record_opt_out(walk: Walk, call: CallContext, effects: IvrEffects) -> None:
    for pause_s in (*OPT_OUT_PAUSES_S, 0.0):
        try:
            async with asyncio.timeout(EFFECT_TIMEOUT_S):
                return await effects.opt_out(f"IVR {walk.path[-1]}")
        except Exception:
            log.exception("opt-out not recorded", call_id=call.call_id)
            await asyncio.sleep(pause_s)
    log.critical("opt-out lost", call_id=call.call_id)
    raise OptOutLost(call.call_id, _result(walk))


async def _transfer(session: AgiSession, step: Perform, call: CallContext) -> bool:
    """Connect an agent and stay until they part; False where nobody took the call: the flow goes on."""
    try:
        target = transfer_target(step.parameters)
    except InvalidInput as error:
        log.warning("transfer refused", call_id=call.call_id, node=step.node_id, reason=str(error))
        return False
    if target.application == "Queue":
        return await _join_queue(session, target.address)
    await session.exec("Dial", f"{_dial_string(target, call)},{AGENT_RING_S}", TRANSFER_LIMIT_S)
    return await session.get_variable("DIALSTATUS") == "ANSWER"


async def _join_queue(session: AgiSession, queue: str) -> bool:
    # Queue(name,options,URL,announceoverride,timeout). QUEUESTATUS says why no agent took the call; where one
    # did it stays as it was, or is CONTINUE.
    await session.set_variable("QUEUESTATUS", "")
    await session.exec("Queue", f"{queue},,,,{QUEUE_WAIT_S}", TRANSFER_LIMIT_S)
    return await session.get_variable("QUEUESTATUS") in {None, "", "CONTINUE"}


def _dial_string(target: TransferTarget, call: CallContext) -> str:
    return f"PJSIP/{target.address}@{call.trunk}" if target.is_number else target.address


def _result(walk: Walk) -> IvrResult:
    return IvrResult(walk.converted, walk.opted_out, walk.path)
