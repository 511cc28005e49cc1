"""A dialer's sign of life, by which the others know it and by which it trusts itself to begin calls."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from importlib.metadata import version
from uuid import UUID

from psycopg import OperationalError

from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.dialers import Dialer, record_heartbeat, register_dialer, unregister_dialer
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

BEAT_EVERY_S = 2.0
BEAT_TIMEOUT_S = 5.0
TRUSTED_FOR_S = 10.0
"""Others take us for dead after 15 s; well before that we begin nothing any more."""

log = get_logger(__name__)


class Heartbeat:
    """The row of this dialer in `dialers`, kept fresh by `run`."""

    def __init__(self, pool: Pool, dialer_id: UUID, redis_seen_ago_s: Callable[[], float | None]) -> None:
        """`redis_seen_ago_s` tells how long ago Redis last answered this process."""
        self.dialer_id = dialer_id
        self.draining = False
        self._pool = pool
        self._redis_seen_ago_s = redis_seen_ago_s
        self._beat_at = float("-inf")

    @property
    def is_fresh(self) -> bool:
        """Whether nobody can have taken us for dead: asked before each begin and each originate."""
        return _now() - self._beat_at < TRUSTED_FOR_S

    async def register(self) -> None:
        """Enter this dialer."""
        dialer = Dialer(self.dialer_id, socket.gethostname(), os.getpid(), version("outdial"))
        started_at = _now()
        async with self._pool.connection() as conn:
            await register_dialer(conn, dialer)
        self._beat_at = started_at

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            raise_if_cancelled()
            await asyncio.sleep(BEAT_EVERY_S)
            try:
                async with asyncio.timeout(BEAT_TIMEOUT_S):
                    await self.beat()
            except (OperationalError, TimeoutError) as error:
                log.warning("no heartbeat: the database does not answer", reason=str(error) or "timeout")

    async def beat(self) -> None:
        """Say once that this dialer lives; entered anew where it was taken for dead."""
        # Counted from before the statement, so that a slow answer makes us no fresher than others see us.
        started_at = _now()
        async with self._pool.connection() as conn:
            known = await record_heartbeat(
                conn, self.dialer_id, self._redis_seen_ago_s(), draining=self.draining
            )
        if known:
            self._beat_at = started_at
            return
        log.warning("this dialer was taken for dead; it enters itself again")
        await self.register()

    async def unregister(self) -> bool:
        """Strike this dialer off; False where calls of it are still in progress."""
        async with self._pool.connection() as conn:
            return await unregister_dialer(conn, self.dialer_id)


def _now() -> float:
    return asyncio.get_running_loop().time()
