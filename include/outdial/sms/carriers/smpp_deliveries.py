"""What an SMPP carrier brings, left in the inbox and only then acknowledged; used by `smpp`.

A part of a longer text is not acknowledged before the whole is kept. Some carriers bring nothing more while
they wait: so it is turned away after a moment, to be brought again, and remembered until then.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from smpp34 import DeliverSm

from outdial.domain.clock import Clock
from outdial.domain.errors import Unavailable
from outdial.domain.sms.delivery import IncomingText
from outdial.sms.carriers.carrier import Inbox
from outdial.sms.carriers.smpp_incoming import IncomingPart, read_part, text_of
from outdial.sms.carriers.smpp_joining import Joining, Standing, TextKey, key_of
from outdial.sms.carriers.smpp_pdu import Status
from outdial.sms.carriers.smpp_receipts import ReceiptHabits, is_receipt, read_receipt
from outdial.sms.carriers.smpp_wire import SmppWire
from outdial.storage.cancellation import raise_if_cancelled
from outdial.telemetry.logs import get_logger

MOST_WAITING = 1000
MOST_RECEIPTS_AT_ONCE = 200
KEEP_TIMEOUT_S = 20.0
"""Carriers wait at least 30 s for an acknowledgement, mostly 60 s, before they bring it again."""

HELD_S = 2.0
"""How long a part waits for the others: those of carriers that do not wait come within milliseconds."""

_TURN_S = 0.5

log = get_logger(__name__)


@dataclass(frozen=True)
class Delivery:
    """What the carrier brought, and where and when."""

    wire: SmppWire
    pdu: DeliverSm
    at_s: float

    def answer(self, status: Status) -> None:
        """Acknowledge it, or turn it away."""
        self.wire.answer_delivery(self.pdu.sequence_number, status)


class Deliveries:
    """Takes deliveries off the link in `take`, and keeps them in `run`."""

    def __init__(self, carrier: str, habits: ReceiptHabits, region: str | None, clock: Clock) -> None:
        self._carrier = carrier
        self._habits = habits
        self._region = region
        self._clock = clock
        self._receipts: asyncio.Queue[Delivery] = asyncio.Queue(MOST_WAITING)
        self._texts: asyncio.Queue[Delivery] = asyncio.Queue(MOST_WAITING)
        self._joining = Joining()
        self._held = defaultdict[TextKey, list[Delivery]](list)

    def take(self, wire: SmppWire, pdu: DeliverSm) -> None:
        """Called by the link for each delivery; turned away where too many are waiting."""
        delivery = Delivery(wire, pdu, asyncio.get_running_loop().time())
        try:
            (self._receipts if is_receipt(pdu) else self._texts).put_nowait(delivery)
        except asyncio.QueueFull:
            delivery.answer(Status.QUEUE_FULL)

    async def run(self, inbox: Inbox) -> None:
        """Keep what comes, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_receipts(inbox))
            tasks.create_task(self._keep_texts(inbox))

    async def _keep_receipts(self, inbox: Inbox) -> None:
        while True:
            raise_if_cancelled()
            deliveries = [await self._receipts.get()]
            while len(deliveries) < MOST_RECEIPTS_AT_ONCE and not self._receipts.empty():
                deliveries.append(self._receipts.get_nowait())
            await self._keep_at_once(inbox, deliveries)

    async def _keep_at_once(self, inbox: Inbox, deliveries: Sequence[Delivery]) -> None:
        read = [read_receipt(delivery.pdu, self._carrier, self._habits) for delivery in deliveries]
        receipts = [receipt for receipt in read if receipt is not None]
        if len(receipts) < len(read):
            log.warning("receipts that name no text or no state", count=len(read) - len(receipts))
        status = await _kept(inbox.take_receipts(receipts)) if receipts else Status.OK
        if status is Status.SYSTEM_ERROR and len(deliveries) > 1:
            for delivery in deliveries:
                await self._keep_at_once(inbox, [delivery])
            return
        for delivery in deliveries:
            delivery.answer(status)

    async def _keep_texts(self, inbox: Inbox) -> None:
        loop = asyncio.get_running_loop()
        while True:
            raise_if_cancelled()
            try:
                async with asyncio.timeout(_TURN_S):
                    delivery = await self._texts.get()
            except TimeoutError:
                pass
            else:
                await self._keep_text(inbox, delivery)
            self._let_go(loop.time())
            for key in self._joining.overdue(loop.time()):
                await self._pass_on(inbox, key)

    async def _keep_text(self, inbox: Inbox, delivery: Delivery) -> None:
        part = read_part(delivery.pdu, self._region)
        if part.place is None:
            delivery.answer(await self._keep(inbox, [part]))
            return
        standing, key = self._joining.add(part, delivery.at_s), key_of(part)
        if standing in {Standing.WAITING, Standing.WHOLE}:
            self._held[key].append(delivery)
        if standing is Standing.WHOLE:
            await self._pass_on(inbox, key)
        elif standing is Standing.KNOWN:
            delivery.answer(Status.OK)
        elif standing is Standing.NO_ROOM:
            delivery.answer(Status.REPEAT_LATER)
        elif standing is Standing.LATE:
            status = await self._keep(inbox, [part])
            if status is Status.OK:
                self._joining.passed_on(key, delivery.at_s, part)
            delivery.answer(status)

    async def _pass_on(self, inbox: Inbox, key: TextKey) -> None:
        status = await self._keep(inbox, self._joining.parts(key))
        if status is Status.OK:
            self._joining.passed_on(key, asyncio.get_running_loop().time())
        for delivery in self._held.pop(key, []):
            delivery.answer(status)

    async def _keep(self, inbox: Inbox, parts: Sequence[IncomingPart]) -> Status:
        first = parts[0]
        reply = IncomingText(self._carrier, "", first.phone, first.sent_to, text_of(parts), self._clock())
        return await _kept(inbox.take_reply(reply))

    def _let_go(self, now_s: float) -> None:
        for key, deliveries in list(self._held.items()):
            if now_s - deliveries[0].at_s > HELD_S:
                del self._held[key]
                for delivery in deliveries:
                    delivery.answer(Status.REPEAT_LATER)


async def _kept(keeping: Awaitable[None]) -> Status:
    try:
        async with asyncio.timeout(KEEP_TIMEOUT_S):
            await keeping
    except (Unavailable, TimeoutError) as error:
        log.warning("what the carrier brought cannot be kept now", reason=str(error) or "timeout")
        return Status.REPEAT_LATER
    except Exception:
        # Raised on, one text that cannot be handled would end the link for all of them.
        log.exception("what the carrier brought could not be handled")
        return Status.SYSTEM_ERROR
    return Status.OK
