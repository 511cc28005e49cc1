"""The ledger of imports, the rows they rejected, and the contacts that a query keeps in step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from outdial.domain.ranking import NO_PLANNED_HOUR
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("imports")


@dataclass(frozen=True)
class NewImport:
    """What goes into a campaign; `source` is its name for people, `fingerprint` says what it is."""

    campaign_id: UUID
    kind: Literal["file", "query"]
    source: str
    fingerprint: str
    mapping: Mapping[str, str]


@dataclass(frozen=True)
class ImportProgress:
    """A line of the ledger: how many rows are committed, and what became of them."""

    id: UUID
    rows: int
    imported: int
    duplicates: int
    rejected: int
    warnings: int
    oddities: dict[str, int]


@dataclass(frozen=True)
class KeptReject:
    """A rejected row as it stood in the list."""

    row_number: int
    reason: str
    cells: Sequence[str]


@dataclass(frozen=True)
class SourcedCampaign:
    """A campaign whose people are listed by a query."""

    id: UUID
    slug: str


@dataclass(frozen=True)
class Sourced:
    """A contact that a query listed, and the reading that saw it last, in the order of going through them."""

    import_id: UUID
    contact_id: UUID


FIRST = Sourced(UUID(int=0), UUID(int=0))
"""Comes before all."""


@dataclass(frozen=True)
class Withdrawn:
    """How many were withdrawn, and the last that was looked at; None where there are no more."""

    contacts: int
    last: Sourced | None


async def unfinished_import(conn: Connection, campaign_id: UUID, fingerprint: str) -> ImportProgress | None:
    """The import that was interrupted, or None."""
    values = {"campaign_id": campaign_id, "fingerprint": fingerprint}
    row = await (await conn.execute(_SQL["unfinished"], values)).fetchone()
    return None if row is None else _progress(row)


async def begin_import(conn: Connection, new: NewImport, now: datetime) -> ImportProgress:
    """Open a line of the ledger."""
    values = {name: getattr(new, name) for name in ("campaign_id", "kind", "source", "fingerprint")}
    row = await (
        await conn.execute(_SQL["begin"], values | {"mapping": Jsonb(dict(new.mapping)), "now": now})
    ).fetchone()
    return _progress(cast("DictRow", row))


async def drop_import(conn: Connection, import_id: UUID) -> None:
    """Forget an import; the contacts it made stay."""
    await conn.execute(_SQL["drop"], {"import_id": import_id})


async def advance_import(
    conn: Connection, before: ImportProgress, after: ImportProgress, now: datetime
) -> bool:
    """Write down that a batch is in; False where somebody else has gone on with the import since `before`."""
    counted = ("rows", "imported", "duplicates", "rejected", "warnings")
    grown = {name: getattr(after, name) - getattr(before, name) for name in counted}
    values = {
        "import_id": before.id,
        "rows_before": before.rows,
        "oddities": Jsonb(after.oddities),
        "now": now,
    }
    return await (await conn.execute(_SQL["advance"], grown | values)).fetchone() is not None


async def keep_rejects(conn: Connection, import_id: UUID, rejects: Sequence[KeptReject]) -> None:
    """Keep the rejected rows of a batch until their file is written."""
    if rejects:
        rows = [{"row_number": r.row_number, "reason": r.reason, "cells": list(r.cells)} for r in rejects]
        await conn.execute(_SQL["keep_rejects"], {"import_id": import_id, "rejects": Jsonb(rows)})


async def read_rejects(conn: Connection, import_id: UUID, after: int, n: int) -> list[KeptReject]:
    """The next `n` rejected rows after row `after`."""
    values = {"import_id": import_id, "after": after, "n": n}
    rows = await (await conn.execute(_SQL["read_rejects"], values)).fetchall()
    return [KeptReject(row["row_number"], row["reason"], row["cells"]) for row in rows]


async def finish_import(conn: Connection, import_id: UUID, now: datetime) -> None:
    """The whole list is in; its rejected rows are in their file and leave the database."""
    await conn.execute(_SQL["finish"], {"import_id": import_id, "now": now})


async def supersede_queries(conn: Connection, campaign_id: UUID, now: datetime) -> None:
    """End the campaign's earlier readings of its query that were interrupted."""
    await conn.execute(_SQL["supersede"], {"campaign_id": campaign_id, "now": now})


async def campaigns_with_source(conn: Connection) -> list[SourcedCampaign]:
    """Campaigns that a query keeps in step, but for those that are over."""
    return [SourcedCampaign(**row) for row in await (await conn.execute(_SQL["sources"])).fetchall()]


async def note_sourced(conn: Connection, campaign_id: UUID, import_id: UUID, phones: Sequence[str]) -> int:
    """These numbers stand in the campaign's query; returns how many withdrawn ones came back by that."""
    values: dict[str, Any] = {"campaign_id": campaign_id, "import_id": import_id, "phones": list(phones)}
    row = await (await conn.execute(_SQL["note_sourced"], values | {"bucket": NO_PLANNED_HOUR})).fetchone()
    return cast("DictRow", row)["restored"]


async def hold_import(conn: Connection, import_id: UUID) -> bool:
    """Whether the import is going on; nobody ends it or begins it anew until the transaction ends."""
    return await (await conn.execute(_SQL["hold"], {"import_id": import_id})).fetchone() is not None


async def withdraw_missing(
    conn: Connection, campaign_id: UUID, import_id: UUID, after: Sourced, n: int
) -> Withdrawn:
    """Withdraw who stood in the campaign's query before this reading of it and no longer does.

    Looks at no more than `n` of them, those that come `after`; most are locked until the transaction ends.
    """
    values: dict[str, Any] = {"campaign_id": campaign_id, "import_id": import_id, "n": n}
    values |= {"after_import_id": after.import_id, "after_contact_id": after.contact_id}
    missing = [Sourced(**row) for row in await (await conn.execute(_SQL["missing"], values)).fetchall()]
    contact_ids = {"contact_ids": [one.contact_id for one in missing]}
    row = await (await conn.execute(_SQL["withdraw"], contact_ids)).fetchone()
    return Withdrawn(cast("DictRow", row)["withdrawn"], missing[-1] if len(missing) == n else None)


def _progress(row: DictRow) -> ImportProgress:
    return ImportProgress(**{name: row[name] for name in ImportProgress.__dataclass_fields__})
