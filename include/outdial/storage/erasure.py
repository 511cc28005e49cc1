"""Erases what is known of a person by their number, and remembers only that the number is never called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from psycopg.rows import DictRow

from outdial.storage.advisory_locks import ERASURE
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("erasure")


@dataclass(frozen=True)
class Erased:
    """What lost the number, and what else said who it belongs to.

    `people` are the contacts, each with its campaign's id before its own; the rest are counts of rows, and
    of recordings deleted.
    """

    people: tuple[tuple[UUID, UUID], ...]
    calls: int
    listings: int
    history_entries: int
    texts: int = 0
    replies: int = 0
    recordings: int = 0


async def hold_erasure(conn: Connection) -> None:
    """Until this transaction ends no contacts come in: to be taken before any other lock."""
    await conn.execute(_SQL["lock"], {"lock": ERASURE})


async def find_erased(conn: Connection, phones: Sequence[str]) -> set[str]:
    """Those of `phones` that were erased; until this transaction ends no other number is."""
    await conn.execute(_SQL["lock_shared"], {"lock": ERASURE})
    rows = await (await conn.execute(_SQL["find_erased"], {"phones": list(phones)})).fetchall()
    return {row["phone"] for row in rows}


async def is_on_a_call(conn: Connection, number: str) -> bool:
    """Whether a call to `number` is in progress."""
    row = await (await conn.execute(_SQL["is_on_a_call"], {"number": number})).fetchone()
    return cast("DictRow", row)["on_a_call"]


async def is_being_texted(conn: Connection, number: str) -> bool:
    """Whether a text to `number` is under way, or waits for its receipt."""
    row = await (await conn.execute(_SQL["is_being_texted"], {"number": number})).fetchone()
    return cast("DictRow", row)["under_way"]


async def read_erasure(conn: Connection, number: str) -> DictRow | None:
    """`erased_at` and `erased_by`, where everything about `number` was erased."""
    return await (await conn.execute(_SQL["is_erased"], {"number": number})).fetchone()


async def erase(conn: Connection, number: str, by_whom: str, now: datetime) -> Erased:
    """Erase a number with no call and no text under way, everywhere in the database."""
    values = {"number": number, "by_whom": by_whom, "now": now}

    async def run(query: str) -> DictRow:
        return cast("DictRow", await (await conn.execute(_SQL[query], values)).fetchone())

    await conn.execute(_SQL["remember"], values)
    await conn.execute(_SQL["drop_queued"], values)
    written = await run("erase_texts")
    found = await run("erase_contacts")
    await run("erase_from_imports")
    listings = (await run("erase_from_lists"))["listings"]
    history_entries = (await run("erase_from_history"))["entries"]
    people = tuple((UUID(campaign_id), UUID(contact_id)) for campaign_id, contact_id in found["people"])
    return Erased(
        people, found["calls"], listings, history_entries, texts=written["texts"], replies=written["replies"]
    )
