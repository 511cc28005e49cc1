"""Outcomes on their way into the database: gathered for at most 50 ms, kept until they are written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from psycopg import Error as DatabaseError, OperationalError

from outdial.attempts.settle import CallOutcome, Settled, settle
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

GATHER_S = 0.05
BATCH = 500
WRITE_TIMEOUT_S = 20.0
RETRY_FIRST_S = 0.5
RETRY_MOST_S = 5.0

log = get_logger(__name__)


class Settlement:
    """Writes outcomes in batches. What waits is bounded by the calls in progress."""

    def __init__(
        self, pool: Pool, on_settled: Callable[[Sequence[CallOutcome], Sequence[Settled]], None]
    ) -> None:
        """`on_settled` gets each batch that is written, and those of it that were still open."""
        self._pool = pool
        self._on_settled = on_settled
        self._waiting: asyncio.Queue[CallOutcome] = asyncio.Queue()

    def add(self, outcome: CallOutcome) -> None:
        """Take an outcome to be written soon."""
        self._waiting.put_nowait(outcome)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            raise_if_cancelled()
            await self._write_until_done(await self._gather())

    async def _gather(self) -> list[CallOutcome]:
        batch = [await self._waiting.get()]
        await asyncio.sleep(GATHER_S)
        while len(batch) < BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        return batch

    async def _write_until_done(self, batch: list[CallOutcome]) -> None:
        delay_s = RETRY_FIRST_S
        while not await self._is_written(batch):
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, RETRY_MOST_S)

    async def _is_written(self, batch: list[CallOutcome]) -> bool:
        try:
            await self._write(batch)
        except (OperationalError, TimeoutError) as error:
            log.warning("outcomes wait for the database", calls=len(batch), reason=str(error) or "timeout")
            return False
        except DatabaseError:
            await self._write_one_by_one(batch)
        return True

    async def _write_one_by_one(self, batch: Sequence[CallOutcome]) -> None:
        # One outcome the database will never take must not hold up the others.
        for outcome in batch:
            try:
                await self._write([outcome])
            except (OperationalError, TimeoutError):
                self.add(outcome)
            except DatabaseError:
                log.exception(
                    "an outcome cannot be written; the call ends as unknown", call_id=outcome.call_id
                )
                self._on_settled([outcome], [])

    async def _write(self, batch: Sequence[CallOutcome]) -> None:
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            settled = await settle(self._pool, batch)
        self._on_settled(batch, settled)
