"""Sees to it that Redis has what is listed: one dialer at a time fills it when it is lost."""

from __future__ import annotations

import asyncio

from psycopg import OperationalError

from outdial.blacklist.cache import ListedCache
from outdial.blacklist.filling import fill_cache
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

LOOK_EVERY_S = 5.0
FILL_TIMEOUT_S = 300.0

log = get_logger(__name__)


async def run_cache_upkeep(pool: Pool, cache: ListedCache) -> None:
    """Look after the cache until cancelled."""
    while True:
        raise_if_cancelled()
        try:
            async with asyncio.timeout(FILL_TIMEOUT_S):
                count = await fill_cache(pool, cache)
            if count is not None:
                log.info("the blacklist is in Redis", entries=count)
        except (OperationalError, TimeoutError) as error:
            log.warning("the blacklist is not put into Redis", reason=str(error) or "timeout")
        await asyncio.sleep(LOOK_EVERY_S)
