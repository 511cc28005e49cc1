"""The blacklist: numbers and prefixes nobody may call, everywhere, in one campaign, or by a registry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, cast
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from outdial.storage.advisory_locks import BLACKLIST, LIST_CHANGES, LISTED_CACHE
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("blacklist")

LISTED_CHANNEL = "outdial_listed"
"""PostgreSQL tells its listeners here that something was listed."""

STREAMED_ROWS = 5000


@dataclass(frozen=True)
class Scope:
    """Where an entry holds: everywhere, in one campaign, or in the campaigns that require a registry."""

    campaign_id: UUID | None = None
    registry: str | None = None


EVERYWHERE = Scope()


@dataclass(frozen=True)
class Listing:
    """One entry. Without `campaign_id` and `registry` it holds everywhere; without `until` for good."""

    number: str
    reason: str
    source: str
    listed_by: str
    campaign_id: UUID | None = None
    is_prefix: bool = False
    until: datetime | None = None
    registry: str | None = None

    @property
    def scope(self) -> Scope:
        """The list it stands on."""
        return Scope(self.campaign_id, self.registry)


@dataclass(frozen=True)
class Unlisting:
    """Who takes something off a list, and why."""

    by_whom: str
    reason: str | None = None
    source: str | None = None


async def hold_list_still(conn: Connection) -> None:
    """Until this transaction ends no listing is committed; others may hold it too."""
    await conn.execute(_SQL["lock_shared"], {"lock": BLACKLIST})


async def hold_list(conn: Connection) -> None:
    """Until this transaction ends no attempt begins: to be taken last, just before the commit."""
    await conn.execute(_SQL["lock"], {"lock": BLACKLIST})


async def hold_changes(conn: Connection) -> None:
    """Until this transaction ends nobody else changes the lists, or marks contacts for them."""
    await conn.execute(_SQL["lock"], {"lock": LIST_CHANGES})


async def add_listings(conn: Connection, listings: Sequence[Listing], now: datetime) -> set[str]:
    """List numbers and prefixes; returns those of which something changed.

    Unchanged stay entries that end later than the new ones would, and numbers that were erased.
    """
    written = [
        {
            "number": listing.number,
            "is_prefix": listing.is_prefix,
            "campaign_id": None if listing.campaign_id is None else str(listing.campaign_id),
            "registry": listing.registry,
            "reason": listing.reason,
            "source": listing.source,
            "listed_by": listing.listed_by,
            "until": None if listing.until is None else listing.until.isoformat(),
        }
        for listing in listings
    ]
    rows = await list_given(conn, _SQL["given"], {"listings": Jsonb(written), "now": now})
    return {row["number"] for row in rows}


async def list_given(conn: Connection, given: LiteralString, values: Mapping[str, Any]) -> list[DictRow]:
    """List the rows of `given`, a `with given as (…)`, and record it; returns what changed.

    Each has `number`, `is_prefix`, `until`, and whether it `is_new` on its list.
    """
    return await (await conn.execute(given + _SQL["list_given"], values)).fetchall()


async def remove_listings(
    conn: Connection,
    numbers: Collection[str],
    scope: Scope,
    unlisting: Unlisting,
    now: datetime,
    *,
    is_prefix: bool = False,
) -> dict[str, datetime | None]:
    """Take entries off one list; returns those that stood there, with the end they had."""
    values = {
        "numbers": list(numbers),
        "is_prefix": is_prefix,
        "campaign_id": scope.campaign_id,
        "registry": scope.registry,
        "reason": unlisting.reason,
        "source": unlisting.source,
        "by_whom": unlisting.by_whom,
        "now": now,
    }
    rows = await (await conn.execute(_SQL["remove"], values)).fetchall()
    return {row["number"]: row["until"] for row in rows}


async def hold_filling(conn: Connection) -> bool:
    """Whether this transaction is the one that fills the cache."""
    row = await (await conn.execute(_SQL["hold_filling"], {"lock": LISTED_CACHE})).fetchone()
    return cast("DictRow", row)["held"]


async def tell_dialers(conn: Connection) -> None:
    """Once this transaction is committed, dialers hang up what rings and is listed now."""
    await conn.execute(_SQL["tell_dialers"], {"channel": LISTED_CHANNEL})


async def is_listed(conn: Connection, number: str, campaign_id: UUID | None, now: datetime) -> bool:
    """Whether `number` may not be called now, anywhere or in this campaign."""
    values = {"number": number, "campaign_id": campaign_id, "now": now}
    row = await (await conn.execute(_SQL["is_listed"], values)).fetchone()
    return cast("DictRow", row)["listed"]


async def read_listed_until(
    conn: Connection, number: str, campaign_id: UUID | None, now: datetime
) -> tuple[bool, datetime | None]:
    """Whether `number` may not be called now, and until when; None is for good."""
    values = {"number": number, "campaign_id": campaign_id, "now": now}
    row = cast("DictRow", await (await conn.execute(_SQL["listed_until"], values)).fetchone())
    return row["listed"], row["until"]


async def find_listed_calls(conn: Connection, call_ids: Collection[str], now: datetime) -> set[str]:
    """Those of these calls in progress whose numbers are listed by now."""
    values = {"call_ids": list(call_ids), "now": now}
    rows = await (await conn.execute(_SQL["listed_calls"], values)).fetchall()
    return {row["call_id"] for row in rows}


async def read_entries_of(conn: Connection, number: str, now: datetime) -> list[DictRow]:
    """Every entry in force that speaks of `number`, for whichever campaigns it holds."""
    values = {"number": number, "prefixes": prefixes_of(number), "now": now}
    return await (await conn.execute(_SQL["entries_of"], values)).fetchall()


async def read_newest(conn: Connection, campaign_id: UUID | None, limit: int) -> list[DictRow]:
    """The newest entries, of one campaign or of all, with who listed them, when and why."""
    return await (
        await conn.execute(_SQL["read_newest"], {"campaign_id": campaign_id, "n": limit})
    ).fetchall()


async def read_history(conn: Connection, number: str) -> list[DictRow]:
    """What was done about `number`, oldest first."""
    values = {"number": number, "prefixes": prefixes_of(number)}
    return await (await conn.execute(_SQL["history"], values)).fetchall()


async def stream_lists(conn: Connection, scope: Scope) -> AsyncIterator[list[DictRow]]:
    """The entries of one list, or of all for EVERYWHERE, some thousands at a time."""
    values = {"campaign_id": scope.campaign_id, "registry": scope.registry}
    async for rows in _stream(conn, "read_lists", values):
        yield rows


async def stream_lasting(conn: Connection) -> AsyncIterator[list[DictRow]]:
    """Every entry without an end, some thousands at a time."""
    async for rows in _stream(conn, "lasting", {}):
        yield rows


async def _stream(conn: Connection, query: str, values: Mapping[str, Any]) -> AsyncIterator[list[DictRow]]:
    async with conn.transaction(), conn.cursor(name=query) as cursor:
        await cursor.execute(_SQL[query], values)
        while rows := await cursor.fetchmany(STREAMED_ROWS):
            yield rows


def prefixes_of(number: str) -> list[str]:
    """Every prefix `number` may be listed under, itself among them."""
    return [number[:length] for length in range(2, len(number) + 1)]
