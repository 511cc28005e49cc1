"""Joins an AGI session to its call: finds the call, walks the flow, keeps what came of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from outdial.dialer.agi_session import AgiSession
from outdial.dialer.ivr_effects import Outside
from outdial.dialer.ivr_runner import CallContext, OptOutLost, run_ivr
from outdial.dialer.live_calls import LiveCall, LiveCalls
from outdial.domain.ivr_default import flow_of
from outdial.telemetry.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class Walks:
    """What walks need; `on_session` is given to the AGI server."""

    live: LiveCalls
    outside: Outside

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
        try:
            await self._walk(session, call)
        finally:
            call.walk_ended.set()

    async def _walk(self, session: AgiSession, call: LiveCall) -> None:
        flow = flow_of(call.begun.campaign.config)
        if flow is None:
            log.error("the campaign has neither a flow nor audio", campaign_id=call.begun.key.campaign_id)
            await session.hangup()
            return
        context = CallContext(call.call_id, call.begun.trunk, call.begun.metadata)
        try:
            call.ivr = await run_ivr(session, flow, context, self.outside.effects_on(call.begun))
        except OptOutLost as lost:
            call.ivr = lost.result
            raise
