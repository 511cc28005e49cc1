"""List and unlist numbers. What is committed here no attempt that begins later can miss."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from outdial.storage.blacklist import Listing, add_listings, hold_list, remove_listing
from outdial.storage.pool import Pool


async def list_numbers(pool: Pool, listings: Sequence[Listing], now: datetime) -> None:
    """List numbers or prefixes; listing one again renews its reason, source and end."""
    async with pool.connection() as conn, conn.transaction():
        await hold_list(conn)
        await add_listings(conn, listings, now)


async def unlist_number(
    pool: Pool, number: str, campaign_id: UUID | None = None, *, is_prefix: bool = False
) -> bool:
    """Take a number off one list; False where it was not on it. Contacts already marked stay marked."""
    async with pool.connection() as conn, conn.transaction():
        return await remove_listing(conn, number, campaign_id, is_prefix=is_prefix)
