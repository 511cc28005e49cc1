"""The short links of texts: written by begin text, read by whoever serves them, counted for reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from outdial.domain.sms.visitors import Visitor
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("links")


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link of a text: the `position`th of it, from 0. `url` is in ASCII, as `find_links` gives it."""

    id: int
    record_id: UUID
    position: int
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StoredLink:
    """Where a link leads."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody followed a link; `agent` is what it called itself."""

    id: UUID
    link_id: int
    at: datetime
    visitor: Visitor
    agent: str


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """Of a campaign: how many texts with links a carrier may have taken, how many of them were opened and
    clicked, and all visits to their links by who came.
    """

    texts: int
    opened: int
    clicked: int
    by_people: int
    by_own_previewers: int
    by_previewers: int
    by_bots: int


async def take_link_ids(conn: Connection, n: int) -> list[int]:
    """Ids for `n` links of texts that are about to be written; one that stays unused harms nobody."""
    rows = await (await conn.execute(_SQL["take_ids"], {"n": n})).fetchall()
    return [row["id"] for row in rows]


async def insert_links(conn: Connection, links: Sequence[NewLink]) -> None:
    """Say where links lead, once their texts are in sms_records."""
    written = [
        {
            "id": link.id,
            "record_id": str(link.record_id),
            "position": link.position,
            "url": link.url,
            "expires_at": link.expires_at.isoformat(),
        }
        for link in links
    ]
    await conn.execute(_SQL["insert"], {"links": Jsonb(written)})


async def read_link(conn: Connection, link_id: int) -> StoredLink | None:
    """Where a link leads; None for one that is no more."""
    row = await (await conn.execute(_SQL["read"], {"link_id": link_id})).fetchone()
    return None if row is None else StoredLink(**row)


async def note_visits(conn: Connection, visits: Sequence[Visit]) -> None:
    """Write down who followed links; each visit once, whenever it is noted again."""
    written = [
        {
            "id": str(visit.id),
            "link_id": visit.link_id,
            "at": visit.at.isoformat(),
            "visitor": visit.visitor,
            "agent": visit.agent,
        }
        for visit in visits
    ]
    await conn.execute(_SQL["note_visits"], {"visits": Jsonb(written)})


async def count_links(conn: Connection, campaign_id: UUID) -> LinkCounts:
    """What is known of who opened and clicked a campaign's texts."""
    row = await (await conn.execute(_SQL["count"], {"campaign_id": campaign_id})).fetchone()
    return LinkCounts(**cast("DictRow", row))
