"""What time brings: receipts that did not come, gateways that died, texts that were lost sight of.

And a sign of life: by `carriers.seen_at` people learn whether anybody can be texted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from outdial.attempts.settle_texts import end_lost_texts, recover_texts, settle_overdue_texts
from outdial.domain.clock import Clock
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.carriers import renew_carriers
from outdial.storage.pool import Pool
from outdial.storage.texts import texts_at_work_on
from outdial.telemetry.logs import get_logger

LOOK_EVERY_S = 2.0
LOST_AFTER_S = 30.0
"""A carrier answers within 15 s: a text that nobody here waits for after twice that is lost sight of."""

AT_ONCE = 500
TIMEOUT_S = 20.0

log = get_logger(__name__)


@dataclass(frozen=True)
class Upkeep:
    """Every gateway does it; what one has in hand the others pass over.

    `held` are the texts in hand here, `reached` the carriers that can be asked from here.
    """

    pool: Pool
    gateway_id: UUID
    clock: Clock
    held: Callable[[], Collection[UUID]]
    reached: Callable[[], Collection[str]]

    async def run(self) -> None:
        """Look every two seconds until cancelled."""
        unheld: set[UUID] = set()
        compare_at = 0.0
        while True:
            raise_if_cancelled()
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    await self._look()
                    if (now_s := asyncio.get_running_loop().time()) >= compare_at:
                        unheld = await self._end_lost(unheld)
                        compare_at = now_s + LOST_AFTER_S
            except (DatabaseError, PoolTimeout, TimeoutError) as error:
                log.warning("upkeep waits", reason=str(error) or "timeout")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        async with self.pool.connection() as conn:
            await renew_carriers(conn, self.reached(), self.clock())
        while await settle_overdue_texts(self.pool, self.clock(), AT_ONCE) == AT_ONCE:
            pass
        if left := await recover_texts(self.pool, self.clock()):
            log.warning("a gateway died; nobody knows whether its last texts were taken", texts=left)

    async def _end_lost(self, unheld_before: set[UUID]) -> set[UUID]:
        """End those that nobody here held then, nor holds now; returns those nobody holds now."""
        async with self.pool.connection() as conn:
            unheld = await texts_at_work_on(conn, self.gateway_id) - set(self.held())
        if lost := unheld & unheld_before:
            log.error("texts were lost sight of", texts=await end_lost_texts(self.pool, lost, self.clock()))
        return unheld
