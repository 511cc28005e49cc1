"""Fills the cache from PostgreSQL, where Redis lost it or has had it for long."""

from __future__ import annotations

from outdial.blacklist.cache import Entry, ListedCache
from outdial.storage.blacklist import Scope, hold_filling, stream_lasting
from outdial.storage.pool import Pool


async def fill_cache(pool: Pool, cache: ListedCache) -> int | None:
    """Put every lasting entry into the cache; None where that is not needed, or somebody else is at it.

    What is listed meanwhile is added by whoever lists it; what is unlisted meanwhile and comes in all the
    same is mended at its first use.
    """
    if await cache.is_complete():
        return None
    count = 0
    async with pool.connection() as conn, conn.transaction():
        if not await hold_filling(conn):
            return None
        async for rows in stream_lasting(conn):
            await cache.add(
                Entry(row["number"], Scope(row["campaign_id"], row["registry"]), is_prefix=row["is_prefix"])
                for row in rows
            )
            count += len(rows)
        await cache.mark_complete()
    return count
