"""Contacts and the areas they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from outdial.domain.ranking import NO_PLANNED_HOUR
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("contacts")

Zones = tuple[str, ...]


@dataclass(frozen=True)
class NewContact:
    """Someone to be called. `zones` are all IANA zones the number may stand in, in a fixed order."""

    phone: str
    zones: Zones
    metadata: dict[str, Any] = field(default_factory=dict)


async def read_areas(conn: Connection) -> dict[int, Zones]:
    """The zones of every area, by its id."""
    rows = await (await conn.execute(_SQL["read_areas"])).fetchall()
    return {row["id"]: tuple(row["zones"]) for row in rows}


async def area_ids(conn: Connection, zone_sets: Iterable[Zones]) -> dict[Zones, int]:
    """The area of each set of zones, made where it is new."""
    wanted = set(zone_sets)
    await conn.execute(_SQL["add_areas"], {"zone_sets": Jsonb([list(zones) for zones in sorted(wanted)])})
    return {zones: area_id for area_id, zones in (await read_areas(conn)).items() if zones in wanted}


async def insert_contacts(
    conn: Connection, campaign: Campaign, contacts: Sequence[NewContact], now: datetime
) -> set[str]:
    """Add contacts in their order; returns the numbers that were new to the campaign."""
    areas = await area_ids(conn, (contact.zones for contact in contacts))
    rows = await (
        await conn.execute(
            _SQL["insert"],
            {
                "campaign_id": campaign.id,
                "phones": [contact.phone for contact in contacts],
                "area_ids": [areas[contact.zones] for contact in contacts],
                "metadata": [Jsonb(contact.metadata) for contact in contacts],
                "bucket": NO_PLANNED_HOUR,
                "max_attempts": campaign.config.max_attempts_per_contact,
                "now": now,
            },
        )
    ).fetchall()
    return {row["phone"] for row in rows}


async def renew_metadata(
    conn: Connection, campaign_id: UUID, contacts: Sequence[NewContact], *, keep_old: bool
) -> None:
    """Replace the metadata of contacts the campaign has, or with `keep_old` only add what is missing."""
    await conn.execute(
        _SQL["renew_metadata"],
        {
            "campaign_id": campaign_id,
            "phones": [contact.phone for contact in contacts],
            "metadata": [Jsonb(contact.metadata) for contact in contacts],
            "keep_old": keep_old,
        },
    )
