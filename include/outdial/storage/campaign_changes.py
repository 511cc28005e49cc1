"""Who changed a campaign's status, when, and which way: written with each change, told to managers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from outdial.domain.campaign import CampaignStatus
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("campaign_changes")

Way = Literal["command line", "console", "airflow"]


@dataclass(frozen=True)
class Actor:
    """Who changes a campaign: a person, or by way of `airflow` the run that works on it."""

    name: str
    way: Way


@dataclass(frozen=True)
class CampaignChange:
    """One change of a campaign's status."""

    at: datetime
    before: CampaignStatus
    after: CampaignStatus
    changed_by: str
    way: Way


async def note_change(conn: Connection, campaign_id: UUID, change: CampaignChange) -> None:
    """Keep a change for good."""
    await conn.execute(_SQL["note"], asdict(change) | {"campaign_id": campaign_id})


async def newest_changes(conn: Connection, campaign_id: UUID, n: int) -> list[CampaignChange]:
    """The campaign's last `n` changes, the newest first; older campaigns lack those of their beginning."""
    rows = await (await conn.execute(_SQL["newest"], {"campaign_id": campaign_id, "n": n})).fetchall()
    return [CampaignChange(**row) for row in rows]
