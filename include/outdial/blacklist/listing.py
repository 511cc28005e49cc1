"""List and unlist numbers. What is committed here no attempt that begins later can miss.

Every change waits for the begins in progress only for the moment of its commit: `hold_list` comes last.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from outdial.blacklist.cache import NO_CACHE, Entry, ListedCache
from outdial.blacklist.contacts import release_kept, sweep, sweep_under
from outdial.storage.blacklist import (
    Listing,
    Scope,
    Unlisting,
    add_listings,
    hold_changes,
    hold_list,
    remove_listings,
    tell_dialers,
)
from outdial.storage.listed_contacts import numbers_kept_by
from outdial.storage.pool import Pool


async def list_numbers(
    pool: Pool, listings: Sequence[Listing], now: datetime, cache: ListedCache = NO_CACHE
) -> set[str]:
    """List numbers or prefixes, and take their contacts out of ready and waiting.

    Listing one again renews its reason and source, and its end where that is later. Returns the numbers and
    prefixes of which something changed.
    """
    async with pool.connection() as conn, conn.transaction():
        await hold_changes(conn)
        changed = await add_listings(conn, listings, now)
        await tell_dialers(conn)
        await hold_list(conn)
    # From here on nobody begins a call to them. What follows spares contacts a useless claim.
    await cache.add(_entries(listings, changed))
    await sweep(pool, [one.number for one in listings if not one.is_prefix], now)
    for prefix in {one.number for one in listings if one.is_prefix}:
        await sweep_under(pool, prefix, now)
    return changed


async def unlist_numbers(
    pool: Pool,
    numbers: Collection[str],
    scope: Scope,
    unlisting: Unlisting,
    now: datetime,
    cache: ListedCache = NO_CACHE,
) -> set[str]:
    """Take numbers off one list and bring back contacts that nothing else lists; returns those it had.

    Contacts of a number that is on the list no more are brought back too, should that have been cut off.
    """
    await cache.remove([Entry(number, scope) for number in numbers])
    async with pool.connection() as conn, conn.transaction():
        await hold_changes(conn)
        gone = await remove_listings(conn, numbers, scope, unlisting, now)
        # Only now is it certain that every begin that met the listing has marked its contact.
        await hold_list(conn)
        await release_kept(conn, numbers, [until for until in gone.values() if until], now)
    return set(gone)


async def unlist_prefix(
    pool: Pool,
    prefix: str,
    scope: Scope,
    unlisting: Unlisting,
    now: datetime,
    cache: ListedCache = NO_CACHE,
) -> bool:
    """Take a prefix off one list and bring back contacts under it; False where it was not on the list."""
    await cache.remove([Entry(prefix, scope, is_prefix=True)])
    async with pool.connection() as conn, conn.transaction():
        await hold_changes(conn)
        gone = await remove_listings(conn, [prefix], scope, unlisting, now, is_prefix=True)
        await hold_list(conn)
    until = gone.get(prefix)
    # Any number of contacts may come back: some thousands at a time, while attempts begin.
    async with pool.connection() as reading:
        async for numbers in numbers_kept_by(reading, prefix, until):
            async with pool.connection() as conn, conn.transaction():
                await hold_changes(conn)
                await release_kept(conn, numbers, [until] if until else [], now)
    return bool(gone)


def _entries(listings: Sequence[Listing], changed: Collection[str]) -> list[Entry]:
    return [
        Entry(one.number, one.scope, is_prefix=one.is_prefix)
        for one in listings
        if one.until is None and one.number in changed
    ]
