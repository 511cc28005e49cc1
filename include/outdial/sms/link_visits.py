"""Visits to links on their way into the database: nobody who follows a link waits for them to be written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from psycopg import Error as DatabaseError, OperationalError

from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.links import Visit, note_visits
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

GATHER_S = 0.25
BATCH = 500
MOST_WAITING = 20_000
WRITE_TIMEOUT_S = 20.0
RETRY_FIRST_S = 0.5
RETRY_MOST_S = 5.0

log = get_logger(__name__)


class LinkVisits:
    """Takes visits at once and writes them while `run` does."""

    def __init__(self, pool: Pool, most_waiting: int = MOST_WAITING) -> None:
        """While `most_waiting` wait for a database that is away, further visits are lost, and counted."""
        self._pool = pool
        self._most_waiting = most_waiting
        self._new: asyncio.Queue[Visit] = asyncio.Queue()
        self._unwritten = 0
        self._lost = 0
        self._all_written = asyncio.Event()
        self._all_written.set()

    def add(self, visit: Visit) -> None:
        """Take a visit to be written soon."""
        if self._unwritten >= self._most_waiting:
            self._lost += 1
            if self._lost == 1:
                log.error("visits to links are being lost: too many wait for the database")
            return
        self._unwritten += 1
        self._all_written.clear()
        self._new.put_nowait(visit)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            raise_if_cancelled()
            batch = await self._gather()
            await self._write_until_done(batch)
            self._forget(len(batch))

    async def drain(self, timeout_s: float) -> None:
        """Wait until all is written, while `run` still does."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._all_written.wait()
        except TimeoutError:
            log.warning("visits to links left unwritten", visits=self._unwritten)

    async def _gather(self) -> list[Visit]:
        batch = [await self._new.get()]
        await asyncio.sleep(GATHER_S)
        while len(batch) < BATCH and not self._new.empty():
            batch.append(self._new.get_nowait())
        return batch

    async def _write_until_done(self, batch: Sequence[Visit]) -> None:
        delay_s = RETRY_FIRST_S
        while not await self._is_written(batch):
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, RETRY_MOST_S)

    async def _is_written(self, batch: Sequence[Visit]) -> bool:
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S), self._pool.connection() as conn:
                await note_visits(conn, batch)
        except (OperationalError, TimeoutError) as error:
            log.warning(
                "visits to links wait for the database", visits=len(batch), reason=str(error) or "timeout"
            )
            return False
        except DatabaseError:
            log.exception("visits to links cannot be written and are lost", visits=len(batch))
        return True

    def _forget(self, written: int) -> None:
        self._unwritten -= written
        if not self._unwritten:
            self._all_written.set()
        if self._lost:
            log.error("visits to links were lost", visits=self._lost)
            self._lost = 0
