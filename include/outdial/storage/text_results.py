"""What became of the contacts a campaign was to text, counted from rows: for the result of its dispatch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from psycopg.rows import DictRow

from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("text_results")


@dataclass(frozen=True)
class TextCounts:
    """Contacts, each in one of the three or still to come. `sent` are those of whom a carrier took a text."""

    total: int
    sent: int
    skipped: int
    failed: int


@dataclass(frozen=True)
class NotTexted:
    """A contact of whom no carrier took a text: the contact's reason, and the carrier's where it gave one."""

    contact_id: UUID
    reason: str
    failure: str | None


async def count_texted(conn: Connection, campaign_id: UUID, *, begins_with_texts: bool) -> TextCounts:
    """Every contact who was to be texted; where calls come first, those who were passed on."""
    asked = {"campaign_id": campaign_id, "begins_with_texts": begins_with_texts}
    return TextCounts(**cast("DictRow", await (await conn.execute(_SQL["count"], asked)).fetchone()))


async def read_not_texted(
    conn: Connection, campaign_id: UUID, n: int, *, begins_with_texts: bool
) -> Sequence[NotTexted]:
    """The first `n` contacts in the list's order who were not texted, and why; the listed are left out."""
    asked = {"campaign_id": campaign_id, "begins_with_texts": begins_with_texts, "n": n}
    rows = await (await conn.execute(_SQL["failures"], asked)).fetchall()
    return [NotTexted(row["id"], row["reason"], row["failure"]) for row in rows]


async def count_in_hand(conn: Connection, campaign_id: UUID) -> int:
    """Texts that a carrier is being asked to take at this moment."""
    row = await (await conn.execute(_SQL["count_in_hand"], {"campaign_id": campaign_id})).fetchone()
    return cast("DictRow", row)["texts"]
