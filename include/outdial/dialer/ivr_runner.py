"""Speaks a campaign's IVR flow on one answered call: the walk is the domain's, the voice is Asterisk's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from outdial.dialer.agi_session import AgiSession, CallerHungUp
from outdial.dialer.ivr_voice import Locate, Voice
from outdial.dialer.transfers import connect_agent
from outdial.domain.errors import Broken, InvalidInput, OutdialError, Unavailable
from outdial.domain.ivr.actions import Recording, read_recording
from outdial.domain.ivr.flow import OPT_OUT_KEY
from outdial.domain.ivr.steps import Ask, End, Entered, Event, Perform, Performed, Play, Played
from outdial.domain.ivr.transfer import transfer_target
from outdial.domain.ivr.walk import Walk, go_on
from outdial.telemetry.logs import get_logger

log = get_logger(__name__)

EFFECT_TIMEOUT_S = 5.0
OPT_OUT_PAUSES_S = (0.2, 1.0, 2.0)

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallContext:
    """The call a flow is spoken on; a transfer to a number leaves by `trunk`, branches look at `metadata`."""

    call_id: str
    trunk: str
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class IvrEffects:
    """What the IVR asks of the world outside the call. `opt_out(reason)` returns when it is committed.

    `send_sms`, `donate` and `webhook` get the action's parameters, under `entered` what the person typed, by
    node, and under `node` where they are. `record` takes a message and returns how that ended.
    """

    opt_out: Callable[[str], Awaitable[None]]
    send_sms: Callable[[Parameters], Awaitable[None]]
    donate: Callable[[Parameters], Awaitable[None]]
    webhook: Callable[[Parameters], Awaitable[None]]
    record: Callable[[AgiSession, str, Recording], Awaitable[Performed]]
    locate: Locate


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


async def run_walk(session: AgiSession, walk: Walk, call: CallContext, effects: IvrEffects) -> IvrResult:
    """Take the person through a flow, from where `walk` stands, and hang up.

    A caller who hangs up, or a link to Asterisk that breaks, ends the walk normally: the result so far is
    returned. Raises OptOutLost where an opt-out could not be recorded, after several tries.
    """
    voice = Voice(session, call.call_id, effects.locate)
    try:
        while not isinstance(walk.step, End):
            walk = go_on(walk, await _take_step(walk, voice, call, effects))
        await session.hangup()
    except CallerHungUp:
        log.debug("caller hung up", call_id=call.call_id, path=walk.path)
    except OptOutLost:
        raise
    except OutdialError as error:
        log.warning("ivr cut short", call_id=call.call_id, path=walk.path, reason=str(error))
    return _result(walk)


async def _take_step(walk: Walk, voice: Voice, call: CallContext, effects: IvrEffects) -> Event:
    match walk.step:
        case Play() as step:
            return Played(await voice.play(step))
        case Ask() as step:
            return Entered(await voice.ask(step))
        case Perform(action="add_to_blacklist"):
            await _opt_out(walk, call, effects)
            return Performed()
        case Perform(action="transfer_agent") as step:
            return Performed(await _transfer(voice.session, step, call))
        case Perform(action="record_message") as step:
            return await _record(voice, step, call, effects)
        case Perform() as step:
            return Performed(await _take_effect(step, call, effects))
        case End():
            raise Broken("a walk that has ended has no next step")


async def _take_effect(step: Perform, call: CallContext, effects: IvrEffects) -> bool:
    """Send the message, count the gift, post the event; a failure is logged and the call goes on."""
    parameters = {**step.parameters, "entered": dict(step.entered), "node": step.node_id}
    try:
        async with asyncio.timeout(EFFECT_TIMEOUT_S):
            await _effect_of(step, effects)(parameters)
    except Exception:
        log.exception("ivr action failed", call_id=call.call_id, node=step.node_id, action=step.action)
        return False
    return True


def _effect_of(step: Perform, effects: IvrEffects) -> Callable[[Parameters], Awaitable[None]]:
    match step.action:
        case "send_sms":
            return effects.send_sms
        case "trigger_donation":
            return effects.donate
        case "webhook":
            return effects.webhook
        case other:
            raise Broken(f"a walk does not perform {other}")


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
    return await connect_agent(session, target, call.trunk)


async def _record(voice: Voice, step: Perform, call: CallContext, effects: IvrEffects) -> Performed:
    """Take a message; the flow goes on where that fails. 9 ends it too, and opts out."""
    try:
        recording = read_recording(step.parameters)
        key = await voice.beep(OPT_OUT_KEY) if recording.beep else None
        if key:
            return Performed(key=key)
        return await effects.record(voice.session, step.node_id, recording)
    except (InvalidInput, Unavailable) as error:
        log.warning("message not recorded", call_id=call.call_id, node=step.node_id, reason=str(error))
        return Performed(succeeded=False)


def _result(walk: Walk) -> IvrResult:
    return IvrResult(walk.converted, walk.opted_out, walk.path)
