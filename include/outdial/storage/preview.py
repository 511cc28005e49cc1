"""A campaign's contacts counted by when they can be called next, and what a forecast measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from psycopg.rows import DictRow

from outdial.domain.channels import Channel
from outdial.domain.number_caps import NumberCaps
from outdial.domain.permission import NUMBER_BUSY_DELAY
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("preview")

ALWAYS = datetime.max.replace(tzinfo=UTC)
NEVER = datetime.min.replace(tzinfo=UTC)
"""Instants after and before all others."""


_ROOM = {"work_mem": "256MB", "jit": "off", "statement_timeout": "120s"}
"""What one statement over millions of rows needs, for the length of a transaction."""


@dataclass(frozen=True)
class AreaRules:
    """What SQL has to know of an area: caps, when its next open stretches close, and the last of all.

    Whoever may be called only from `last_closing` on has no window before the end; ALWAYS where there is no
    end, NEVER where nothing opens. A stretch without end closes at ALWAYS.
    """

    area_id: int
    caps: NumberCaps
    closings: Sequence[datetime]
    last_closing: datetime


@dataclass(frozen=True)
class Tally:
    """Contacts of one area and channel with the same outlook.

    `finished` and what belongs to it, else when they may be called but for the hours of their area: the first
    from `first_since`, the last from `last_since` on, all before the area's open stretch `stretch` closes.
    """

    area_id: int
    contacts: int
    finished: str | None
    failure_reason: str | None
    holder: int | None
    registry: str | None
    cause: str | None
    last_disposition: str | None
    dispatched: bool | None
    stretch: int | None
    channel: Channel
    first_since: datetime | None
    last_since: datetime | None


@dataclass(frozen=True)
class DialersSeen:
    """How many dialers take calls, end theirs, and see Redis; `heard_at` is the last heartbeat of any."""

    alive: int
    draining: int
    see_redis: int
    heard_at: datetime | None


async def read_area_ids(conn: Connection, campaign_id: UUID) -> set[int]:
    """The areas in which the campaign's contacts stand."""
    rows = await (await conn.execute(_SQL["areas_of"], {"campaign_id": campaign_id})).fetchall()
    return {row["area_id"] for row in rows}


async def count_outlooks(
    conn: Connection, campaign: Campaign, areas: Sequence[AreaRules], now: datetime, *, over: bool
) -> list[Tally]:
    """Every contact of the campaign, in one tally each; `over` is whether nobody is called any more.

    Call within a transaction: it is given memory and time for millions of contacts.
    """
    closings = [(area.area_id, closing) for area in areas for closing in area.closings]
    values = {
        "campaign_id": campaign.id,
        "now": now,
        "start_time": campaign.start_time,
        "over": over,
        "number_busy_delay": NUMBER_BUSY_DELAY,
        "registries": [registry.name for registry in campaign.config.registries],
        "areas": [area.area_id for area in areas],
        "caps_24_hours": [area.caps.per_24_hours for area in areas],
        "caps_7_days": [area.caps.per_7_days for area in areas],
        "last_closings": [_instant(area.last_closing) for area in areas],
        "closing_areas": [area_id for area_id, _ in closings],
        "closings": [_instant(closing) for _, closing in closings],
    }
    for name, value in _ROOM.items():
        await conn.execute("select set_config(%s, %s, true)", [name, value])
    rows = await (await conn.execute(_SQL["outlooks"], values)).fetchall()
    return [_tally(row) for row in rows]


async def measure_seconds_a_call(
    conn: Connection, campaign_id: UUID, *, own: bool, calls: int
) -> tuple[int, float | None]:
    """How long the latest calls held their places, on average, and of how many calls that is.

    Of the campaign's `own`, or of those of all campaigns.
    """
    values = {"campaign_id": campaign_id, "own": own, "n": calls}
    row = cast("DictRow", await (await conn.execute(_SQL["seconds_a_call"], values)).fetchone())
    return row["calls"], row["seconds"]


async def see_dialers(conn: Connection, silent: timedelta, redis_silent: timedelta) -> DialersSeen:
    """The dialers, by the database's clock, which their heartbeats are written with."""
    values = {"silent": silent, "redis_silent": redis_silent}
    row = await (await conn.execute(_SQL["dialers"], values)).fetchone()
    return DialersSeen(**cast("DictRow", row))


def _tally(row: DictRow) -> Tally:
    row["channel"] = Channel(row["channel"])
    return Tally(**row)


def _instant(at: datetime) -> str:
    """An instant as PostgreSQL writes it, which has infinite ones."""
    return {ALWAYS: "infinity", NEVER: "-infinity"}.get(at) or at.isoformat()
