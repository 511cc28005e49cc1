"""Registries that others keep, and the date of our copy of each."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from psycopg.rows import DictRow

from outdial.storage.advisory_locks import REGISTRY_IMPORT
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("registries")


@dataclass(frozen=True)
class Registry:
    """Our copy of a registry; `as_of` is None until a whole one is in."""

    name: str
    as_of: date | None
    imported_at: datetime | None
    imported_by: str | None
    numbers: int


async def read_registries(conn: Connection) -> dict[str, Registry]:
    """Every registry, by its name."""
    rows = await (await conn.execute(_SQL["read"])).fetchall()
    return {row["name"]: Registry(**row) for row in rows}


@asynccontextmanager
async def hold_import(conn: Connection, name: str) -> AsyncGenerator[bool]:
    """Whether this session alone imports the registry `name`, which is made where it is new."""
    values = {"name": name, "lock": REGISTRY_IMPORT}
    async with conn.transaction():
        await conn.execute(_SQL["begin"], values)
        row = await (await conn.execute(_SQL["hold_import"], values)).fetchone()
    held = cast("DictRow", row)["held"]
    try:
        yield held
    finally:
        if held and not conn.closed and not conn.broken:
            await conn.rollback()
            async with conn.transaction():
                await conn.execute(_SQL["end_import"], values)


async def finish_copy(conn: Connection, name: str, as_of: date, by_whom: str, now: datetime) -> None:
    """Give the copy its date: all of it is in."""
    await conn.execute(_SQL["finish"], {"name": name, "as_of": as_of, "by_whom": by_whom, "now": now})
