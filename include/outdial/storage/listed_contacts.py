"""What a listing does to contacts that stand ready or wait, and what its end does for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from psycopg.rows import DictRow

from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("listed_contacts")

NUMBERS_AT_ONCE = 2000


@dataclass(frozen=True)
class Swept:
    """Contacts that are not called any more, and contacts that wait for the end of a listing."""

    marked: int = 0
    made_to_wait: int = 0

    def __add__(self, other: Swept) -> Swept:
        """Both together."""
        return Swept(self.marked + other.marked, self.made_to_wait + other.made_to_wait)


async def sweep_contacts(conn: Connection, numbers: Collection[str], now: datetime) -> Swept:
    """Take contacts with these numbers out of ready and waiting, where they are listed."""
    values = {"numbers": list(numbers), "now": now}
    row = cast("DictRow", await (await conn.execute(_SQL["sweep"], values)).fetchone())
    return Swept(row["marked"], row["made_to_wait"])


async def find_kept_back(
    conn: Connection, numbers: Collection[str], untils: Collection[datetime], now: datetime
) -> list[DictRow]:
    """Contacts with these numbers that are marked, or wait for one of `untils`, and are not listed for good.

    Their rows stay locked until the transaction ends.
    """
    values = {"numbers": list(numbers), "untils": list(untils), "now": now}
    return await (await conn.execute(_SQL["kept_back"], values)).fetchall()


async def bring_back(
    conn: Connection, contact_ids: Sequence[UUID], due_ats: Sequence[datetime | None], now: datetime
) -> int:
    """Let contacts be called again, each from its due time on, None being now; returns how many were."""
    values = {"contact_ids": list(contact_ids), "due_ats": list(due_ats), "now": now}
    return cast("DictRow", await (await conn.execute(_SQL["bring_back"], values)).fetchone())["n"]


async def numbers_standing_under(conn: Connection, prefix: str) -> AsyncIterator[list[str]]:
    """Numbers under `prefix` that stand ready or wait, some thousands at a time."""
    async for numbers in _stream(conn, "standing_under_prefix", {"prefix": prefix}):
        yield numbers


async def numbers_kept_by(conn: Connection, prefix: str, until: datetime | None) -> AsyncIterator[list[str]]:
    """Numbers under `prefix` whose contacts are marked or wait for `until`, some thousands at a time."""
    async for numbers in _stream(conn, "kept_by_prefix", {"prefix": prefix, "until": until}):
        yield numbers


async def _stream(conn: Connection, query: str, values: Mapping[str, Any]) -> AsyncIterator[list[str]]:
    async with conn.transaction(), conn.cursor(name=query) as cursor:
        await cursor.execute(_SQL[query], values)
        while rows := await cursor.fetchmany(NUMBERS_AT_ONCE):
            yield [row["phone"] for row in rows]
