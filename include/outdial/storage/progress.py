"""Counts of a campaign's contacts, calls and texts, and the figures kept of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("progress")


async def count_contacts(conn: Connection, campaign_id: UUID) -> DictRow:
    """Contacts by status."""
    row = await (await conn.execute(_SQL["contacts"], {"campaign_id": campaign_id})).fetchone()
    return cast("DictRow", row)


async def count_calls(conn: Connection, campaign_id: UUID, recent_since: datetime) -> DictRow:
    """Calls by disposition, and how many began after `recent_since`."""
    values = {"campaign_id": campaign_id, "recent_since": recent_since}
    return cast("DictRow", await (await conn.execute(_SQL["calls"], values)).fetchone())


async def count_texts(conn: Connection, campaign_id: UUID, recent_since: datetime) -> DictRow:
    """Texts by state, who replied, and how many texts began after `recent_since`."""
    values = {"campaign_id": campaign_id, "recent_since": recent_since}
    return cast("DictRow", await (await conn.execute(_SQL["texts"], values)).fetchone())


async def insert_figures(conn: Connection, campaign_id: UUID, figures: dict[str, Any], now: datetime) -> None:
    """Keep the figures of this moment."""
    await conn.execute(_SQL["record"], {"campaign_id": campaign_id, "figures": Jsonb(figures), "now": now})
