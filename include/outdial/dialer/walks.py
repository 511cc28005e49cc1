"""Joins an AGI session to its call: finds the call, walks the flow, keeps what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outdial.blacklist.cache import ListedCache
from outdial.blacklist.listing import list_numbers
from outdial.dialer.agi_session import AgiSession
from outdial.dialer.events import Announcer
from outdial.dialer.ivr_runner import CallContext, IvrEffects, OptOutLost, run_ivr
from outdial.dialer.live_calls import LiveCall, LiveCalls
from outdial.dialer.sms_requests import SendSms
from outdial.domain.clock import Clock
from outdial.domain.ivr_default import flow_of
from outdial.storage.blacklist import Listing
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class Walks:
    """What walks need; `on_session` is given to the AGI server."""

    pool: Pool
    cache: ListedCache
    live: LiveCalls
    announcer: Announcer
    send_sms: SendSms
    clock: Clock

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
        context = CallContext(call.call_id, call.begun.trunk)
        try:
            call.ivr = await run_ivr(session, flow, context, self._effects(call))
        except OptOutLost as lost:
            call.ivr = lost.result
            raise

    def _effects(self, call: LiveCall) -> IvrEffects:
        async def opt_out(reason: str) -> None:
            listing = Listing(call.begun.phone, reason, source="ivr", listed_by=call.call_id)
            await list_numbers(self.pool, [listing], self.clock(), self.cache)
            event = self._event(call, "optout.recorded", {"reason": reason, "source": "ivr"})
            self.announcer.announce(self.announcer.arns.optouts, event)

        async def send_sms(parameters: Mapping[str, Any]) -> None:
            await self.send_sms(self._event(call, "sms.requested", {"parameters": dict(parameters)}))

        async def donate(parameters: Mapping[str, Any]) -> None:
            event = self._event(call, "donation.started", {"parameters": dict(parameters)})
            self.announcer.announce(self.announcer.arns.donations, event)

        return IvrEffects(opt_out=opt_out, send_sms=send_sms, donate=donate)

    def _event(self, call: LiveCall, name: str, details: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "event": name,
            "callId": call.call_id,
            "campaignId": str(call.begun.key.campaign_id),
            "contactId": str(call.begun.key.contact_id),
            "phoneNumber": call.begun.phone,
            "metadata": call.begun.metadata,
            "timestamp": self.clock().isoformat(),
            **details,
        }
