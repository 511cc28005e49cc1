"""A file of numbers goes onto a list: gathered beside it, compared, then applied some thousands at a time.

Running an import again finds what is left to do; nothing of it is done twice. Attempts wait only for the
moment at which each piece is committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from outdial.blacklist.cache import NO_CACHE, Entry, ListedCache
from outdial.blacklist.contacts import sweep, sweep_under
from outdial.blacklist.listing import unlist_numbers
from outdial.storage.blacklist import Scope, Unlisting, hold_changes, hold_list, tell_dialers
from outdial.storage.listed_contacts import Swept
from outdial.storage.pool import Connection, Pool
from outdial.storage.staged_listings import (
    Comparison,
    StagedListing,
    Unsaid,
    compare,
    list_staged,
    open_stage,
    stage,
    staged_gone,
    staged_prefixes,
    staged_standing,
)

CONNECTIONS = 4
"""A pool for imports needs so many: to hold a registry, to gather, to read who stands, and to change."""

LISTED_AT_ONCE = 10_000
UNLISTED_AT_ONCE = 2000
"""Fewer, because attempts wait while the contacts of these numbers come back."""


@dataclass
class ImportChanges:
    """What an import did. `entries` are the file's different ones; `listed` are new, `renewed` last longer.

    `swept` are contacts that were ready or waiting.
    """

    entries: int = 0
    listed: int = 0
    renewed: int = 0
    unlisted: int = 0
    swept: Swept = field(default_factory=Swept)

    @property
    def unchanged(self) -> int:
        """Entries of the file that stood on the list already."""
        return self.entries - self.listed - self.renewed


Tell = Callable[[ImportChanges, float], None]
"""Is told what was done so far, and which share of what is to be changed that is."""

Check = Callable[[Comparison], None]
"""Looks at what would change before anything does; raises where it must not."""


def ignore_progress(_changes: ImportChanges, _share: float) -> None:
    """For imports nobody watches."""


def accept_any(_comparison: Comparison) -> None:
    """For lists that may take any change."""


@dataclass(frozen=True)
class ListImport:
    """Onto which list a file goes, what holds where it says nothing, and whether it is the whole list."""

    scope: Scope
    unsaid: Unsaid
    is_whole: bool = False
    check: Check = accept_any
    on_progress: Tell = ignore_progress


async def import_listings(
    pool: Pool,
    batches: Iterable[Sequence[StagedListing]],
    wanted: ListImport,
    now: datetime,
    cache: ListedCache = NO_CACHE,
) -> ImportChanges:
    """List what `batches` hold; where they are the whole list, unlist what they lack.

    What is new is listed before anything is unlisted, so that a half-done import lists too much and not too
    little. Raises whatever `batches` and `wanted.check` raise, before any change.
    """
    async with open_stage(pool) as conn:
        reading = iter(batches)
        while (batch := await asyncio.to_thread(_next_batch, reading)) is not None:
            await stage(conn, batch)
        comparison = await compare(conn, wanted.scope, wanted.unsaid, is_whole=wanted.is_whole)
        wanted.check(comparison)
        return await _Change(pool, conn, wanted, comparison, now, cache).run()


def _next_batch(reading: Iterator[Sequence[StagedListing]]) -> Sequence[StagedListing] | None:
    return next(reading, None)


@dataclass
class _Change:
    pool: Pool
    staged: Connection
    wanted: ListImport
    comparison: Comparison
    now: datetime
    cache: ListedCache
    changes: ImportChanges = field(default_factory=ImportChanges)

    async def run(self) -> ImportChanges:
        self.changes.entries = self.comparison.entries
        for after in range(0, self.comparison.to_list, LISTED_AT_ONCE):
            await self._list(after)
            self._tell(after + LISTED_AT_ONCE)
        await self._sweep()
        for after in range(0, self.comparison.to_unlist, UNLISTED_AT_ONCE):
            await self._unlist(after)
            self._tell(self.comparison.to_list + after + UNLISTED_AT_ONCE)
        return self.changes

    async def _list(self, after: int) -> None:
        conn, scope = self.staged, self.wanted.scope
        async with conn.transaction():
            await hold_changes(conn)
            rows = await list_staged(conn, scope, after, after + LISTED_AT_ONCE, self.now)
            await tell_dialers(conn)
            await hold_list(conn)
        lasting = [row for row in rows if row["until"] is None]
        await self.cache.add(Entry(row["number"], scope, is_prefix=row["is_prefix"]) for row in lasting)
        new = sum(row["is_new"] for row in rows)
        self.changes.listed += new
        self.changes.renewed += len(rows) - new

    async def _sweep(self) -> None:
        async for numbers in staged_standing(self.staged):
            self.changes.swept += await sweep(self.pool, numbers, self.now)
        for prefix in await staged_prefixes(self.staged):
            self.changes.swept += await sweep_under(self.pool, prefix, self.now)

    async def _unlist(self, after: int) -> None:
        numbers = await staged_gone(self.staged, after, after + UNLISTED_AT_ONCE)
        unsaid = self.wanted.unsaid
        unlisting = Unlisting(unsaid.listed_by, "no longer on the list", unsaid.source)
        gone = await unlist_numbers(self.pool, numbers, self.wanted.scope, unlisting, self.now, self.cache)
        self.changes.unlisted += len(gone)

    def _tell(self, done: int) -> None:
        total = self.comparison.to_list + self.comparison.to_unlist
        self.wanted.on_progress(self.changes, min(1.0, done / total) if total else 1.0)
