"""The blacklist: numbers and prefixes nobody may call, everywhere or in one campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from outdial.storage.advisory_locks import BLACKLIST
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("blacklist")


@dataclass(frozen=True)
class Listing:
    """One entry. Without `campaign_id` it holds everywhere; without `until` for good."""

    number: str
    reason: str
    source: str
    listed_by: str
    campaign_id: UUID | None = None
    is_prefix: bool = False
    until: datetime | None = None


async def hold_list_still(conn: Connection) -> None:
    """Until this transaction ends no listing is committed; others may hold it too."""
    await conn.execute(_SQL["lock_shared"], {"lock": BLACKLIST})


async def hold_list(conn: Connection) -> None:
    """Until this transaction ends no attempt begins."""
    await conn.execute(_SQL["lock"], {"lock": BLACKLIST})


async def add_listings(conn: Connection, listings: Sequence[Listing], now: datetime) -> None:
    """List numbers, and take contacts with exactly these numbers out of ready and waiting.

    Contacts under a listed prefix are found when they are claimed, and again when their attempt begins.
    """
    written = [
        {
            "number": listing.number,
            "is_prefix": listing.is_prefix,
            "campaign_id": None if listing.campaign_id is None else str(listing.campaign_id),
            "reason": listing.reason,
            "source": listing.source,
            "listed_by": listing.listed_by,
            "until": None if listing.until is None else listing.until.isoformat(),
        }
        for listing in listings
    ]
    await conn.execute(_SQL["add"], {"listings": Jsonb(written), "now": now})
    numbers = [listing.number for listing in listings if not listing.is_prefix]
    await conn.execute(_SQL["sweep_numbers"], {"numbers": numbers, "now": now})


async def remove_listing(conn: Connection, number: str, campaign_id: UUID | None, *, is_prefix: bool) -> bool:
    """Take one entry off its list; False where it was not on it."""
    values = {"number": number, "campaign_id": campaign_id, "is_prefix": is_prefix}
    return (await conn.execute(_SQL["remove"], values)).rowcount > 0


async def is_listed(conn: Connection, number: str, campaign_id: UUID | None, now: datetime) -> bool:
    """Whether `number` may not be called now, anywhere or in this campaign."""
    values = {"number": number, "campaign_id": campaign_id, "now": now}
    row = await (await conn.execute(_SQL["is_listed"], values)).fetchone()
    return cast("DictRow", row)["listed"]


async def read_listings(conn: Connection) -> list[DictRow]:
    """Every entry with who listed it, when and why."""
    return await (await conn.execute(_SQL["read_all"])).fetchall()
