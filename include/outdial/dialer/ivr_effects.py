"""What keys do in the world outside: list a number, ask for a text, tell of a gift, keep a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outdial.attempts.begin import Begun
from outdial.attempts.machine_messages import may_leave_message, note_message_begins
from outdial.blacklist.cache import ListedCache
from outdial.blacklist.listing import list_numbers
from outdial.dialer.agi_session import AgiSession
from outdial.dialer.answering import MessageEffects
from outdial.dialer.ivr_runner import IvrEffects
from outdial.dialer.ivr_services import IvrServices
from outdial.dialer.recorder import Saved, recording_name
from outdial.dialer.sms_requests import SendSms
from outdial.domain.clock import Clock
from outdial.domain.ivr.actions import Recording, asked_text, read_webhook
from outdial.domain.ivr.steps import Performed
from outdial.messaging.announcing import Announcer
from outdial.storage.blacklist import Listing
from outdial.storage.pool import Pool

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Outside:
    """What the effects of every call reach."""

    pool: Pool
    cache: ListedCache
    announcer: Announcer
    send_sms: SendSms
    ivr: IvrServices
    clock: Clock

    def effects_on(self, call: Begun) -> IvrEffects:
        """The effects of one call, as the IVR asks for them."""
        bound = _CallEffects(self, call)
        return IvrEffects(
            opt_out=bound.opt_out,
            send_sms=bound.send_sms,
            donate=bound.donate,
            webhook=bound.webhook,
            record=bound.record,
            locate=self.ivr.locate,
        )

    def message_effects_on(self, call: Begun) -> MessageEffects:
        """The same for the message that a machine is left."""
        return MessageEffects(
            may_leave=lambda: may_leave_message(self.pool, call.key.contact_id),
            note_begins=lambda: note_message_begins(self.pool, call.call_id),
            locate=self.ivr.locate,
        )


@dataclass(frozen=True)
class _CallEffects:
    to: Outside
    call: Begun
    texts_asked: Counter[str] = field(default_factory=Counter[str])
    """By node: somebody may come to one twice and ask for two texts."""

    async def opt_out(self, reason: str) -> None:
        listing = Listing(self.call.phone, reason, source="ivr", listed_by=self.call.call_id)
        await list_numbers(self.to.pool, [listing], self.to.clock(), self.to.cache)
        self._announce(self.to.announcer.arns.optouts, "optout.recorded", {"reason": reason, "source": "ivr"})

    async def send_sms(self, parameters: Parameters) -> None:
        node = str(parameters["node"])
        self.texts_asked[node] += 1
        request_id = f"{self.call.call_id}:{node}:{self.texts_asked[node]}"
        details = {"requestId": request_id, "parameters": dict(parameters)}
        await self.to.send_sms(self._event("sms.requested", details))

    async def donate(self, parameters: Parameters) -> None:
        details = {"parameters": dict(parameters)}
        self._announce(self.to.announcer.arns.donations, "donation.started", details)
        if asked_text(parameters):
            await self.send_sms(parameters)

    async def webhook(self, parameters: Parameters) -> None:
        own = {name: value for name, value in parameters.items() if name not in {"entered", "node"}}
        webhook = read_webhook(own)
        node, entered = parameters["node"], parameters["entered"]
        # The same step of the same call is the same event, however often it is delivered.
        event_id = f"{self.call.call_id}:{node}:{self.to.clock().isoformat()}"
        details = {"eventId": event_id, "node": node, "entered": entered, "data": webhook.data}
        self.to.ivr.webhooks.post(webhook.url, event_id, self._event("ivr.reached", details))

    async def record(self, session: AgiSession, node_id: str, recording: Recording) -> Performed:
        async def tell(where: str, seconds: float) -> None:
            details = {"node": node_id, "recording": where, "seconds": round(seconds, 1)}
            self._announce(self.to.announcer.arns.calls, "message.recorded", details)

        name = recording_name(self.call.call_id, node_id)
        saved = Saved(str(self.call.key.campaign_id), name, tell)
        return await self.to.ivr.recorder.take(session, recording, saved)

    def _announce(self, arn: str, name: str, details: Parameters) -> None:
        self.to.announcer.announce(arn, self._event(name, details))

    def _event(self, name: str, details: Parameters) -> dict[str, Any]:
        return {
            "event": name,
            "callId": self.call.call_id,
            "campaignId": str(self.call.key.campaign_id),
            "contactId": str(self.call.key.contact_id),
            "phoneNumber": self.call.phone,
            "metadata": self.call.metadata,
            "timestamp": self.to.clock().isoformat(),
            **details,
        }
