"""A gateway's sign of life: a lock held for as long as it lives, by which others know what it left behind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from psycopg import AsyncConnection, OperationalError

from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.texts import live_as
from outdial.telemetry.logs import get_logger

LOOK_EVERY_S = 2.0
CONNECT_TIMEOUT_S = 5
QUERY_TIMEOUT_S = 10.0
QUIET_LIMIT_MS = 10_000
"""A frozen gateway loses the lock as surely as a dead one; what it then still sends is known as unknown."""

log = get_logger(__name__)


@dataclass(frozen=True)
class Presence:
    """Holds the lock while `run` does. Nothing may begin before it is `established`."""

    dsn: str
    gateway_id: UUID
    established: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Live until cancelled; a lost lock is taken again."""
        while True:
            raise_if_cancelled()
            try:
                await self._live()
            except (OperationalError, TimeoutError) as error:
                log.warning("others may take this gateway for dead", reason=str(error) or "timeout")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _live(self) -> None:
        options = f"-c idle_session_timeout={QUIET_LIMIT_MS} -c statement_timeout={QUIET_LIMIT_MS}"
        async with await AsyncConnection.connect(
            self.dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, options=options
        ) as conn:
            async with asyncio.timeout(QUERY_TIMEOUT_S):
                await live_as(conn, self.gateway_id)
            self.established.set()
            while True:
                raise_if_cancelled()
                await asyncio.sleep(LOOK_EVERY_S)
                async with asyncio.timeout(QUERY_TIMEOUT_S):
                    await conn.execute("select 1")
