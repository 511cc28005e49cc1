"""What is known of contacts beyond their numbers, asked of a whole campaign."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("metadata")


async def fields_known(conn: Connection, campaign_id: UUID, fields: Iterable[str]) -> set[str]:
    """Which of `fields` at least one contact has a value for."""
    asked = {"campaign_id": campaign_id, "fields": sorted(set(fields))}
    rows = await (await conn.execute(_SQL["fields_known"], asked)).fetchall()
    return {row["field"] for row in rows}


async def fields_seen(conn: Connection, campaign_id: UUID) -> set[str]:
    """The fields of some contacts, by whose names a slip in another can be told."""
    rows = await (await conn.execute(_SQL["fields_seen"], {"campaign_id": campaign_id})).fetchall()
    return {row["field"] for row in rows}


async def count_lacking(conn: Connection, campaign_id: UUID, fields: Iterable[str]) -> dict[str, int]:
    """How many contacts have no value, by field; fields that everybody has are left out."""
    asked = {"campaign_id": campaign_id, "fields": sorted(set(fields))}
    rows = await (await conn.execute(_SQL["count_lacking"], asked)).fetchall()
    return {row["field"]: row["contacts"] for row in rows}
