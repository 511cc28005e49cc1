"""Contacts and the areas they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from outdial.domain.channels import LineType
from outdial.domain.ranking import NO_PLANNED_HOUR
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("contacts")


@dataclass(frozen=True, order=True)
class Area:
    """Contacts whose windows open and close together: all IANA zones they may stand in, and all regions
    (ISO 3166, as US-FL) whose law and holidays may be theirs; both in a fixed order.
    """

    zones: tuple[str, ...]
    regions: tuple[str, ...] = ()

    @property
    def zone_infos(self) -> tuple[ZoneInfo, ...]:
        """The zones as their rules."""
        return tuple(ZoneInfo(zone) for zone in self.zones)


@dataclass(frozen=True)
class NewContact:
    """Someone to be called, with the zones and regions of their `Area`."""

    phone: str
    zones: tuple[str, ...]
    metadata: dict[str, Any] = field(default_factory=dict)
    regions: tuple[str, ...] = ()
    line_type: LineType = LineType.UNKNOWN

    @property
    def area(self) -> Area:
        """Where the person may be."""
        return Area(self.zones, self.regions)


async def read_areas(conn: Connection) -> dict[int, Area]:
    """Every area, by its id."""
    rows = await (await conn.execute(_SQL["read_areas"])).fetchall()
    return {row["id"]: Area(tuple(row["zones"]), tuple(row["regions"])) for row in rows}


async def area_ids(conn: Connection, areas: Iterable[Area]) -> dict[Area, int]:
    """The id of each area, made where it is new."""
    wanted = set(areas)
    written = [{"zones": area.zones, "regions": area.regions} for area in sorted(wanted)]
    await conn.execute(_SQL["add_areas"], {"areas": Jsonb(written)})
    return {area: area_id for area_id, area in (await read_areas(conn)).items() if area in wanted}


async def insert_contacts(
    conn: Connection, campaign: Campaign, contacts: Sequence[NewContact], now: datetime
) -> set[str]:
    """Add contacts in their order; returns the numbers that were new to the campaign."""
    areas = await area_ids(conn, (contact.area for contact in contacts))
    rows = await (
        await conn.execute(
            _SQL["insert"],
            {
                "campaign_id": campaign.id,
                "phones": [contact.phone for contact in contacts],
                "area_ids": [areas[contact.area] for contact in contacts],
                "metadata": [Jsonb(contact.metadata) for contact in contacts],
                "channels": [campaign.reach.begins_on(contact.line_type) for contact in contacts],
                "line_types": [contact.line_type for contact in contacts],
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
