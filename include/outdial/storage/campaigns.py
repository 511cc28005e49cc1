"""Campaigns and their runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from outdial.domain.campaign import CampaignConfig, CampaignSpec, CampaignStatus, reach_of
from outdial.domain.channels import CampaignType, Reach
from outdial.domain.errors import InvalidInput
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("campaigns")


@dataclass(frozen=True)
class Campaign:
    """A campaign as it stands in the database."""

    id: UUID
    slug: str
    name: str
    type: CampaignType
    status: CampaignStatus
    timezone: str
    start_time: datetime | None
    end_time: datetime | None
    schedule: str | None
    written_config: dict[str, Any]
    failure_reasons: tuple[str, ...]
    run_id: str | None
    run_lease_until: datetime | None
    created_at: datetime
    updated_at: datetime

    @cached_property
    def config(self) -> CampaignConfig:
        """The campaign's configuration, checked again on first use."""
        return CampaignConfig.model_validate(self.written_config)

    @property
    def zone(self) -> ZoneInfo:
        """The campaign's own zone."""
        return ZoneInfo(self.timezone)

    @cached_property
    def reach(self) -> Reach:
        """By which channels its contacts are reached."""
        return reach_of(self.type, self.config)

    def has_lease(self, now: datetime) -> bool:
        """Whether an Airflow run vouches for the campaign at this moment."""
        return self.run_lease_until is not None and now < self.run_lease_until


@dataclass(frozen=True)
class CampaignRun:
    """One run of a campaign's DAG. A trial claims at most `contact_limit` contacts."""

    campaign_id: UUID
    run_id: str
    started_at: datetime
    finished_at: datetime | None
    result: str | None
    contact_limit: int | None
    claimed: int


def campaign_from_row(row: DictRow) -> Campaign:
    """A row of `campaigns` as a value."""
    return Campaign(
        **{
            name: row[name]
            for name in Campaign.__dataclass_fields__
            if name in row and name != "failure_reasons"
        },
        written_config=row["config"],
        failure_reasons=tuple(row["failure_reasons"]),
    )


async def insert_campaign(
    conn: Connection, spec: CampaignSpec, status: CampaignStatus, now: datetime
) -> UUID:
    """Store a new campaign under the first free slug of its name."""
    written = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    row = await (
        await conn.execute(
            _SQL["insert"],
            {
                "slug": spec.slug,
                "name": spec.name,
                "type": spec.type,
                "status": status,
                "timezone": spec.timezone,
                "start_time": spec.start_time,
                "end_time": spec.end_time,
                "schedule": spec.schedule,
                "config": Jsonb(written["config"]),
                "now": now,
            },
        )
    ).fetchone()
    return cast("DictRow", row)["id"]


async def read_campaign(conn: Connection, campaign_id: UUID) -> Campaign:
    """Raises InvalidInput where there is no such campaign."""
    row = await (await conn.execute(_SQL["read"], {"campaign_id": campaign_id})).fetchone()
    return _required(row, str(campaign_id))


async def find_campaign(conn: Connection, name: str) -> Campaign:
    """A campaign by id or slug. Raises InvalidInput where there is none."""
    row = await (await conn.execute(_SQL["find"], {"name": name})).fetchone()
    return _required(row, name)


async def list_campaigns(conn: Connection) -> list[Campaign]:
    """Every campaign, newest first."""
    return [campaign_from_row(row) for row in await (await conn.execute(_SQL["list_all"])).fetchall()]


async def lock_campaign(conn: Connection, campaign_id: UUID) -> Campaign:
    """A campaign whose status nobody else changes until this transaction ends."""
    row = await (await conn.execute(_SQL["lock"], {"campaign_id": campaign_id})).fetchone()
    return _required(row, str(campaign_id))


async def set_status(
    conn: Connection,
    campaign_id: UUID,
    status: CampaignStatus,
    now: datetime,
    failure_reasons: list[str] | None = None,
) -> None:
    """Move a campaign to `status`; the caller has checked that it may."""
    await conn.execute(
        _SQL["set_status"],
        {"campaign_id": campaign_id, "status": status, "failure_reasons": failure_reasons or [], "now": now},
    )


async def own_run(conn: Connection, run: CampaignRun) -> None:
    """Make `run` the one that works on its campaign; starting it again keeps what it claimed."""
    values = {"campaign_id": run.campaign_id, "run_id": run.run_id, "now": run.started_at}
    await conn.execute(_SQL["start_run"], values | {"contact_limit": run.contact_limit})
    await conn.execute(_SQL["own_run"], values)


async def read_run(conn: Connection, campaign_id: UUID, run_id: str) -> CampaignRun | None:
    """One run, or None where it never started."""
    values = {"campaign_id": campaign_id, "run_id": run_id}
    row = await (await conn.execute(_SQL["read_run"], values)).fetchone()
    return None if row is None else CampaignRun(**row)


async def count_claimed(conn: Connection, campaign_id: UUID, run_id: str, claimed: int) -> None:
    """Charge `claimed` contacts to the run."""
    await conn.execute(
        _SQL["count_claimed"], {"campaign_id": campaign_id, "run_id": run_id, "claimed": claimed}
    )


async def renew_lease(conn: Connection, campaign_id: UUID, run_id: str, until: datetime) -> bool:
    """Extend the run's lease; False where the run does not own the campaign or it has ended."""
    values = {"campaign_id": campaign_id, "run_id": run_id, "until": until}
    return await (await conn.execute(_SQL["renew_lease"], values)).fetchone() is not None


async def end_lease(conn: Connection, campaign_id: UUID, run_id: str) -> None:
    """Take the run's lease away, where the run owns the campaign."""
    await conn.execute(_SQL["end_lease"], {"campaign_id": campaign_id, "run_id": run_id})


async def finish_run(conn: Connection, campaign_id: UUID, run_id: str, result: str, now: datetime) -> None:
    """Note how a run ended, once."""
    await conn.execute(
        _SQL["finish_run"], {"campaign_id": campaign_id, "run_id": run_id, "result": result, "now": now}
    )


def _required(row: DictRow | None, name: str) -> Campaign:
    if row is None:
        raise InvalidInput(f"there is no campaign {name}; `outdial campaign list` shows all")
    return campaign_from_row(row)
