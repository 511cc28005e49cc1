"""Erase but remember: what is known of a person goes, and that they are never called stays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from outdial.blacklist.cache import NO_CACHE, Entry, ListedCache
from outdial.domain.errors import InvalidInput
from outdial.storage.blacklist import Scope, hold_changes, hold_list, read_entries_of, tell_dialers
from outdial.storage.erasure import Erased, erase, hold_erasure, is_being_texted, is_on_a_call
from outdial.storage.pool import Pool

NOT_ERASED = (
    "reports and exports written before, under STORAGE_URL and wherever they were downloaded to",
    "contact lists, and the rejects files beside them",
    "dial tasks still on the queue or among its dead letters, until SQS drops them; they lead to no call",
    "a message left within the last minute, which may still be on its way into the storage",
    "the audio of texts said to them, in the speech cache and on the telephony host, until these are cleared",
    "what carriers keep of texts and replies, and SMS requests still on the queue",
    "log files, where numbers are masked but for a few digits",
    "backups of the database, and what was published as events",
)
"""What an erasure does not reach, for whoever has to see to it."""


DeleteRecordings = Callable[[UUID, UUID], Awaitable[int]]
"""Deletes what a contact of a campaign said on calls; returns how many recordings there were."""


async def nothing_recorded(_campaign_id: UUID, _contact_id: UUID) -> int:
    """For an installation whose flows record nobody."""
    return 0


async def erase_number(
    pool: Pool,
    number: str,
    by_whom: str,
    now: datetime,
    cache: ListedCache = NO_CACHE,
    delete_recordings: DeleteRecordings = nothing_recorded,
) -> Erased:
    """Erase a number from contacts, calls, texts, replies and lists; it stays listed for good.

    Contacts keep what reports count. Raises InvalidInput while a call or a text to the number is under way.
    Where a recording cannot be deleted nothing else is erased either, so that it can be asked for again.
    """
    async with pool.connection() as conn, conn.transaction():
        await hold_erasure(conn)
        await hold_changes(conn)
        # First here, not last: nobody may begin a call to the number while its contacts change.
        await hold_list(conn)
        if await is_on_a_call(conn, number):
            raise InvalidInput(f"{number} is on a call at this moment: erase it when the call has ended")
        if await is_being_texted(conn, number):
            raise InvalidInput(
                f"a text to {number} is under way, or its receipt is waited for: erase it when that is over"
            )
        entries = await read_entries_of(conn, number, now)
        await cache.remove(
            Entry(number, Scope(row["campaign_id"], row["registry"]))
            for row in entries
            if not row["is_prefix"]
        )
        await tell_dialers(conn)
        erased = await erase(conn, number, by_whom, now)
        recordings = [await delete_recordings(*person) for person in erased.people]
        return replace(erased, recordings=sum(recordings))
