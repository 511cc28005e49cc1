"""Hangs up calls that ring when their number is listed. Who has answered is not cut off.

The transaction that lists tells PostgreSQL's listeners, so the dialer looks at once; and it looks every few
seconds too, should it not have been told.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from psycopg import AsyncConnection, OperationalError

from outdial.dialer.ami import AmiLink
from outdial.dialer.call_progress import hung_up_by_us
from outdial.dialer.live_calls import LiveCall, LiveCalls
from outdial.domain.clock import Clock
from outdial.domain.errors import Unavailable
from outdial.storage.blacklist import LISTED_CHANNEL, find_listed_calls
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

LOOK_EVERY_S = 3.0
LOOK_AGAIN_S = 0.2
"""A call just originated has no channel yet, and one being hung up has one for a moment more."""

QUERY_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 5
RECONNECT_AFTER_S = 1.0
REMARK = "ended by us: its number was listed before anybody answered"

log = get_logger(__name__)


@dataclass(frozen=True)
class ListedCalls:
    """What the watch works with; `run` is its life."""

    dsn: str
    pool: Pool
    link: AmiLink
    live: LiveCalls
    clock: Clock

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            raise_if_cancelled()
            try:
                await self._listen()
            except (OperationalError, TimeoutError) as error:
                log.warning("listings are not heard of", reason=str(error) or "timeout")
            await asyncio.sleep(RECONNECT_AFTER_S)

    async def _listen(self) -> None:
        async with await AsyncConnection.connect(
            self.dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
        ) as conn:
            await self._ask(conn, f"listen {LISTED_CHANNEL}")
            while True:
                raise_if_cancelled()
                # Looked before waiting: what was listed while nobody listened is not missed.
                some_ring = await self.look()
                await self._wait(conn, LOOK_AGAIN_S if some_ring else LOOK_EVERY_S)

    async def look(self) -> bool:
        """Hang up what rings and is listed; True where there was any, so that it is looked for again soon."""
        ringing = {
            call.call_id: call for call in self.live if not (call.is_over or call.progress.answered_at)
        }
        if not ringing:
            return False
        async with asyncio.timeout(QUERY_TIMEOUT_S), self.pool.connection() as conn:
            listed = await find_listed_calls(conn, ringing, self.clock())
        async with asyncio.TaskGroup() as group:
            for call_id in listed:
                group.create_task(self._hang_up(ringing[call_id]))
        return bool(listed)

    async def _hang_up(self, call: LiveCall) -> None:
        if call.is_over or call.progress.answered_at:
            return
        if not call.is_unwanted:
            log.info("hanging up: listed while it rings", call_id=call.call_id)
        call.is_unwanted = True
        call.remark = REMARK
        call.progress = hung_up_by_us(call.progress)
        try:
            await self.link.hangup(call.call_id)
        except Unavailable as error:
            log.warning("cannot hang up a listed call", call_id=call.call_id, reason=str(error))

    async def _wait(self, conn: AsyncConnection, seconds: float) -> None:
        """Return when something was listed, or after a while."""
        heard = False
        async with asyncio.timeout(seconds + QUERY_TIMEOUT_S):
            async for _ in conn.notifies(timeout=seconds, stop_after=1):
                heard = True
        if not heard:
            # A connection that died without a word would never tell us anything.
            await self._ask(conn, "select 1")

    @staticmethod
    async def _ask(conn: AsyncConnection, statement: str) -> None:
        async with asyncio.timeout(QUERY_TIMEOUT_S):
            await conn.execute(statement.encode())
