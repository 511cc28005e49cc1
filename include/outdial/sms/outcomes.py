"""What carriers answered, on its way into the database: gathered for a moment, kept until it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from psycopg import Error as DatabaseError, OperationalError

from outdial.attempts.settle_texts import TextOutcome, settle_texts
from outdial.domain.clock import Clock
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

GATHER_S = 0.01
"""What is answered and not yet written is unknown for good if the gateway is killed. Where there is much, the
writing of one batch gathers the next."""

BATCH = 500
WRITE_TIMEOUT_S = 20.0
RETRY_FIRST_S = 0.5
RETRY_MOST_S = 5.0

log = get_logger(__name__)


class Outcomes:
    """Writes outcomes in batches. What waits is bounded by the texts in flight."""

    def __init__(
        self, pool: Pool, clock: Clock, on_written: Callable[[Sequence[TextOutcome]], Awaitable[None]]
    ) -> None:
        """`on_written` gets each batch once it is durable."""
        self._pool = pool
        self._clock = clock
        self._on_written = on_written
        self._waiting: asyncio.Queue[TextOutcome] = asyncio.Queue()
        self._unwritten = 0

    @property
    def unwritten(self) -> int:
        """How many are not durable yet."""
        return self._unwritten

    def add(self, outcome: TextOutcome) -> None:
        """Take an outcome to be written soon."""
        self._unwritten += 1
        self._waiting.put_nowait(outcome)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            raise_if_cancelled()
            batch = await self._gather()
            delay_s = RETRY_FIRST_S
            while not await self._is_written(batch):
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RETRY_MOST_S)
            self._unwritten -= len(batch)
            await self._on_written(batch)

    async def _gather(self) -> list[TextOutcome]:
        batch = [await self._waiting.get()]
        await asyncio.sleep(GATHER_S)
        while len(batch) < BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        return batch

    async def _is_written(self, batch: Sequence[TextOutcome]) -> bool:
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await settle_texts(self._pool, batch, self._clock())
        except (OperationalError, TimeoutError) as error:
            log.warning("outcomes wait for the database", texts=len(batch), reason=str(error) or "timeout")
            return False
        except DatabaseError:
            if len(batch) > 1:
                # One outcome the database will never take must not hold up the others.
                return all([await self._is_written([one]) for one in batch])
            log.exception("an outcome cannot be written; its text stays unknown", text=batch[0].record_id)
        return True
