"""Where carriers leave receipts and replies: durable on return, and receipts many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from psycopg import Error as DatabaseError

from outdial.attempts.receipts import FollowUp, apply_receipts
from outdial.domain.clock import Clock
from outdial.domain.errors import Unavailable
from outdial.domain.sms.delivery import IncomingText, Receipt
from outdial.sms.replies import Outside, take_reply
from outdial.storage.cancellation import raise_if_cancelled
from outdial.telemetry.logs import get_logger

GATHER_S = 0.05
QUIET_S = 0.005
"""A carrier that waits for each acknowledgement sends nothing meanwhile: nor do we wait for more."""

BATCH = 500
WRITE_TIMEOUT_S = 20.0
ANSWER_TIMEOUT_S = 25.0

log = get_logger(__name__)

_STOPPING = Unavailable("the gateway is stopping")

_Waiting = tuple[Sequence[Receipt], asyncio.Future[None]]


class StoredInbox:
    """The Inbox of a gateway, in its database. Use `open_inbox`."""

    def __init__(self, outside: Outside, clock: Clock, follow_up: FollowUp) -> None:
        """`follow_up` says what the ends of texts mean for contacts."""
        self._outside = outside
        self._clock = clock
        self._follow_up = follow_up
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()

    async def take_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Keep receipts; the same one twice is no harm. Raises Unavailable where they cannot be kept."""
        if not receipts:
            return
        written = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(([_storable_receipt(one) for one in receipts], written))
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await written
        except TimeoutError as error:
            raise Unavailable("receipts were not written in time") from error

    async def take_reply(self, reply: IncomingText) -> None:
        """Keep what somebody wrote and act on it. Raises Unavailable where that cannot be done now."""
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await take_reply(self._outside, _storable_reply(reply), self._clock())
        except (DatabaseError, TimeoutError) as error:
            log.warning("a reply is not kept", carrier=reply.carrier, reason=str(error) or "timeout")
            raise Unavailable("the reply cannot be kept now") from error

    async def run(self) -> None:
        """Write receipts until cancelled."""
        while True:
            raise_if_cancelled()
            gathered = await self._gather()
            try:
                await self._write(gathered)
            finally:
                _answer(gathered, _STOPPING)

    def refuse_rest(self) -> None:
        """Whoever still waits is told to bring it again."""
        while not self._waiting.empty():
            _answer([self._waiting.get_nowait()], _STOPPING)

    async def _gather(self) -> list[_Waiting]:
        """What comes within a moment, for as long as it keeps coming."""
        gathered = [await self._waiting.get()]
        until = asyncio.get_running_loop().time() + GATHER_S
        while sum(len(receipts) for receipts, _written in gathered) < BATCH:
            try:
                async with asyncio.timeout_at(min(until, asyncio.get_running_loop().time() + QUIET_S)):
                    gathered.append(await self._waiting.get())
            except TimeoutError:
                break
        return gathered

    async def _write(self, gathered: Sequence[_Waiting]) -> None:
        now = self._clock()
        if await self._is_written(gathered, now) or len(gathered) == 1:
            return
        # What the database will not take now must not hold up what others brought.
        for one in gathered:
            await self._is_written([one], now)

    async def _is_written(self, gathered: Sequence[_Waiting], now: datetime) -> bool:
        receipts = [receipt for each, _written in gathered for receipt in each]
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await apply_receipts(self._outside.pool, receipts, now, self._follow_up)
        except Exception as error:
            log.exception("receipts are not kept", receipts=len(receipts))
            if len(gathered) == 1:
                _answer(gathered, Unavailable(f"the receipt cannot be kept now: {error}"))
            return False
        _answer(gathered, None)
        return True


@asynccontextmanager
async def open_inbox(outside: Outside, clock: Clock, follow_up: FollowUp) -> AsyncGenerator[StoredInbox]:
    """An inbox, for the length of a block; receipts that are not written by its end are refused."""
    inbox = StoredInbox(outside, clock, follow_up)
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(inbox.run())
        try:
            yield inbox
        finally:
            writing.cancel()
            inbox.refuse_rest()


def _answer(gathered: Sequence[_Waiting], refusal: Unavailable | None) -> None:
    for _receipts, written in gathered:
        if written.done():  # whoever brought them waits no more
            continue
        if refusal is None:
            written.set_result(None)
        else:
            written.set_exception(refusal)


def _storable_receipt(receipt: Receipt) -> Receipt:
    return replace(receipt, message_id=_storable(receipt.message_id), said=_storable(receipt.said))


def _storable_reply(reply: IncomingText) -> IncomingText:
    clean = replace(
        reply,
        message_id=_storable(reply.message_id),
        phone=_storable(reply.phone),
        sent_to=_storable(reply.sent_to),
        body=_storable(reply.body),
    )
    return clean if clean.message_id else replace(clean, message_id=_made_id(clean))


def _storable(text: str) -> str:
    """PostgreSQL takes neither NUL nor half a character, and no carrier shall bring them again for ever."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _made_id(reply: IncomingText) -> str:
    """Where the carrier gives no id: the same words from the same number within a minute are one reply."""
    parts = (reply.phone, reply.sent_to, reply.body, f"{reply.received_at:%Y-%m-%dT%H:%M}")
    return sha256("\0".join(parts).encode()).hexdigest()
