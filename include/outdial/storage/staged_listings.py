"""A file of listings, gathered beside the lists and compared with one of them before anything changes.

Everything here happens on one connection, whose session holds what was gathered.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from psycopg.rows import DictRow

from outdial.storage.blacklist import STREAMED_ROWS, Scope, list_given
from outdial.storage.pool import Connection, Pool
from outdial.storage.queries import load_queries

_SQL = load_queries("staged_listings")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class StagedListing(NamedTuple):
    """One row of a file. What it does not say of itself is None."""

    number: str
    is_prefix: bool = False
    reason: str | None = None
    source: str | None = None
    listed_by: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Unsaid:
    """What holds for rows that do not say it themselves."""

    reason: str
    source: str
    listed_by: str


@dataclass(frozen=True)
class Comparison:
    """How many different entries a file has, how many change the list, and how many of the list it lacks."""

    entries: int
    to_list: int
    to_unlist: int


@asynccontextmanager
async def open_stage(pool: Pool) -> AsyncGenerator[Connection]:
    """A connection with room to gather listings; nothing of them is left at the end."""
    async with pool.connection() as conn:
        async with conn.transaction():
            await conn.execute(_SQL["open"])
        try:
            yield conn
        finally:
            if not conn.closed and not conn.broken:
                await conn.rollback()
                async with conn.transaction():
                    await conn.execute(_SQL["close"])


async def stage(conn: Connection, rows: Sequence[StagedListing]) -> None:
    """Gather some rows."""
    lines = "".join(map(_line, rows))
    async with conn.transaction(), conn.cursor() as cursor, cursor.copy(_SQL["copy"]) as copy:
        await copy.write(lines)


async def compare(conn: Connection, scope: Scope, unsaid: Unsaid, *, is_whole: bool) -> Comparison:
    """Work out what changes; where the file `is_whole`, what it lacks is to leave the list."""
    values = {
        "campaign_id": scope.campaign_id,
        "registry": scope.registry,
        "reason": unsaid.reason,
        "source": unsaid.source,
        "listed_by": unsaid.listed_by,
    }
    async with conn.transaction():
        await conn.execute(_SQL["have_time"])
        await conn.execute(_SQL["drop_erased"])
        await conn.execute("analyze staged_listings")
        await conn.execute(_SQL["compare_new"], values)
        if is_whole:
            await conn.execute(_SQL["compare_gone"], values)
        row = await (await conn.execute(_SQL["count"])).fetchone()
    return Comparison(**cast("DictRow", row))


async def list_staged(conn: Connection, scope: Scope, after: int, upto: int, now: datetime) -> list[DictRow]:
    """List what stands at these places of what is to be listed; returns what `list_given` does."""
    values: Mapping[str, Any] = {
        "campaign_id": scope.campaign_id,
        "registry": scope.registry,
        "after": after,
        "upto": upto,
        "now": now,
    }
    return await list_given(conn, _SQL["given"], values)


async def staged_gone(conn: Connection, after: int, upto: int) -> list[str]:
    """What stands at these places of what is to be unlisted."""
    rows = await (await conn.execute(_SQL["gone"], {"after": after, "upto": upto})).fetchall()
    return [row["number"] for row in rows]


async def staged_prefixes(conn: Connection) -> list[str]:
    """The prefixes of the file."""
    rows = await (await conn.execute(_SQL["prefixes"])).fetchall()
    return [row["number"] for row in rows]


async def staged_standing(conn: Connection) -> AsyncIterator[list[str]]:
    """Numbers of the file that stand ready or wait in some campaign, some thousands at a time."""
    async with conn.transaction(), conn.cursor(name="standing") as cursor:
        await conn.execute(_SQL["have_time"])
        await cursor.execute(_SQL["standing"])
        while rows := await cursor.fetchmany(STREAMED_ROWS):
            yield [row["phone"] for row in rows]


def _line(row: StagedListing) -> str:
    kind = "t" if row.is_prefix else "f"
    if row.reason is row.source is row.listed_by is row.until is None:
        return f"{row.number}\t{kind}\t\\N\t\\N\t\\N\t\\N\n"
    until = None if row.until is None else row.until.isoformat()
    said = "\t".join(_cell(value) for value in (row.reason, row.source, row.listed_by, until))
    return f"{row.number}\t{kind}\t{said}\n"


def _cell(value: str | None) -> str:
    return "\\N" if value is None else value.translate(_ESCAPES)
