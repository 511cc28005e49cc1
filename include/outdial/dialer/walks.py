"""Joins an AGI session to its call: finds the call, walks the flow, keeps what came of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from outdial.dialer.agi_session import AgiSession, CallerHungUp
from outdial.dialer.answering import LATE_KEY_S, find_out_who, leave_message
from outdial.dialer.ivr_effects import Outside
from outdial.dialer.ivr_runner import CallContext, IvrResult, OptOutLost, run_walk
from outdial.dialer.live_calls import LiveCall, LiveCalls
from outdial.dialer.timings import Timings, Wait
from outdial.domain.answering_machines import WhoAnswered
from outdial.domain.errors import OutdialError
from outdial.domain.ivr.default import flow_of
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.walk import Walk, begin_opt_out, begin_walk
from outdial.telemetry.logs import get_logger

DETECTION = "amd"
"""Stands in a call's path for keys pressed before the flow."""

log = get_logger(__name__)


@dataclass(frozen=True)
class Walks:
    """What walks need; `on_session` is given to the AGI server."""

    live: LiveCalls
    outside: Outside
    timings: Timings

    async def on_session(self, session: AgiSession) -> None:
        """Walk the person on this call through their campaign's flow."""
        call = self.live.find(session.environment.get("agi_uniqueid", ""))
        if call is None:
            # Nobody to speak for: the call was taken over or settled meanwhile, or is not ours at all.
            log.warning(
                "agi session for a call not in progress", channel=session.environment.get("agi_uniqueid")
            )
            await session.hangup()
            return
        self.live.on_answered(call)
        call.walk_ended = asyncio.Event()
        begun_at = asyncio.get_running_loop().time()
        try:
            await self._walk(session, call)
        finally:
            call.walk_ended.set()
            if session.first_prompt_at is not None:
                self.timings.note(Wait.SESSION_TO_PROMPT, session.first_prompt_at - begun_at)

    async def _walk(self, session: AgiSession, call: LiveCall) -> None:
        flow = flow_of(call.begun.campaign.config)
        if flow is None:
            log.error("the campaign has neither a flow nor audio", campaign_id=call.begun.key.campaign_id)
            await session.hangup()
            return
        walk = await self._meet(session, call, flow)
        if walk is not None:
            await self._go(session, call, walk)
        if call.answering.wants_out and not call.ivr.opted_out:
            # The manager told of the key only after the flow had begun, or after the call had ended.
            await self._go(session, call, begin_opt_out(flow, DETECTION))

    async def _meet(self, session: AgiSession, call: LiveCall, flow: IvrFlow) -> Walk | None:
        """The walk for whoever picked up; None where there is nobody to speak to."""
        amd, answering = call.begun.campaign.config.amd, call.answering
        if amd is None:
            answering.leave_keys_to_agi()
            return begin_walk(flow, call.begun.metadata)
        try:
            await find_out_who(session, amd, answering)
            if answering.who is WhoAnswered.MACHINE and amd.leaves_message:
                await leave_message(session, amd, answering, self.outside.message_effects_on(call.begun))
            if answering.who is WhoAnswered.MACHINE:
                await session.hangup()
                return None
        except CallerHungUp:
            await asyncio.sleep(LATE_KEY_S)
            return None
        except OutdialError as error:
            log.warning("whoever picked up is taken for a person", call_id=call.call_id, reason=str(error))
        return (
            begin_opt_out(flow, DETECTION) if answering.wants_out else begin_walk(flow, call.begun.metadata)
        )

    async def _go(self, session: AgiSession, call: LiveCall, walk: Walk) -> None:
        context = CallContext(call.call_id, call.begun.trunk, call.begun.metadata)
        before = call.ivr
        try:
            walked = await run_walk(session, walk, context, self.outside.effects_on(call.begun))
        except OptOutLost as lost:
            call.ivr = _together(before, lost.result)
            raise
        call.ivr = _together(before, walked)


def _together(before: IvrResult, after: IvrResult) -> IvrResult:
    return IvrResult(
        before.converted or after.converted,
        before.opted_out or after.opted_out,
        (*before.path, *after.path),
    )
