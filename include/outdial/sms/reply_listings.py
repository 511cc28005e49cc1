"""Lists a number for what its owner wrote, and takes back that listing and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from outdial.blacklist.cache import Entry, ListedCache
from outdial.blacklist.contacts import release_kept
from outdial.storage.blacklist import (
    EVERYWHERE,
    Listing,
    Unlisting,
    add_listings,
    hold_list,
    remove_listings,
    tell_dialers,
)
from outdial.storage.pool import Connection
from outdial.storage.replies import read_listing_before, read_listing_of

STOPPED = "sms"
"""The source of listings by those who wrote STOP."""

UNCLEAR = "sms-unclear"
"""The source of listings that hold until a person has read a reply."""

BY_REPLIES = (STOPPED, UNCLEAR)


async def list_for_reply(conn: Connection, listing: Listing, now: datetime) -> bool:
    """List a number for good; False where it is so already, by something a reply must not put aside.

    A STOP takes the place of the silence that an unclear reply brought, never the other way round. The
    caller holds `hold_changes`, and takes `hold_list` before the commit.
    """
    standing = await read_listing_of(conn, listing.number, now)
    if standing is not None and standing.until is None:
        is_clearer = standing.source == UNCLEAR and listing.source == STOPPED
        if not is_clearer:
            return False
    await add_listings(conn, [listing], now)
    await tell_dialers(conn)
    return True


async def take_back(
    conn: Connection,
    phone: str,
    sources: Collection[str],
    unlisting: Unlisting,
    now: datetime,
    cache: ListedCache,
) -> bool:
    """End a number's listing by replies, and bring its contacts back; False where none of `sources` lists it.

    What the listing took the place of holds again. The caller holds `hold_changes`.
    """
    standing = await read_listing_of(conn, phone, now)
    if standing is None or standing.source not in sources:
        return False
    await cache.remove([Entry(phone, EVERYWHERE)])
    before = await read_listing_before(conn, phone, BY_REPLIES, now)
    await remove_listings(conn, [phone], EVERYWHERE, unlisting, now)
    if before is not None:
        earlier = Listing(phone, before["reason"], before["source"], before["by_whom"], until=before["until"])
        await add_listings(conn, [earlier], now)
    # Only now is it certain that every begin that met the listing has marked its contact.
    await hold_list(conn)
    await release_kept(conn, [phone], [], now)
    return True
