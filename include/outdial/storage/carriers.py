"""Carriers of texts as all gateways and dispatch know them: how fast each may be given parts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import cast

from psycopg.rows import DictRow

from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("carriers")

USUAL_PARTS_PER_SECOND = 1.0
"""Until a gateway has said how fast its carrier is."""


async def note_carrier(
    conn: Connection, name: str, parts_per_second: float, rank: int, now: datetime
) -> None:
    """A gateway has opened the carrier; of those it opened, `rank` 0 is for campaigns that name none."""
    values = {"name": name, "parts_per_second": parts_per_second, "rank": rank, "now": now}
    await conn.execute(_SQL["note_opened"], values)


async def renew_carriers(conn: Connection, names: Collection[str], now: datetime) -> None:
    """A gateway lives that reaches these carriers."""
    await conn.execute(_SQL["renew"], {"names": list(names), "now": now})


async def read_parts_per_second(conn: Connection, name: str | None) -> float:
    """The pace of a carrier; None is that of campaigns that name none."""
    row = await (await conn.execute(_SQL["read"], {"name": name})).fetchone()
    return USUAL_PARTS_PER_SECOND if row is None else row["parts_per_second"]


async def has_run(conn: Connection, name: str | None) -> bool:
    """Has a gateway ever opened the carrier, or any where `name` is None?"""
    return await (await conn.execute(_SQL["read"], {"name": name})).fetchone() is not None


async def take_slots(conn: Connection, name: str, parts: int, now: datetime) -> datetime:
    """Take room for `parts`; when the first of them may go, the others following at the carrier's pace."""
    values = {"name": name, "parts": parts, "now": now}
    row = cast("DictRow", await (await conn.execute(_SQL["take_slots"], values)).fetchone())
    return row["starts_at"]
