"""Ready, waiting and dispatched contacts: who is taken next, and what becomes of claims nobody began."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from psycopg.rows import DictRow

from outdial.domain.channels import Channel
from outdial.domain.number_caps import NumberCaps
from outdial.domain.ranking import Group
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("claims")


@dataclass(frozen=True)
class Stand:
    """Where contacts stand ready: a campaign, and one of its channels."""

    campaign_id: UUID
    channel: Channel


@dataclass(frozen=True)
class Claim:
    """One contact taken for one task."""

    contact_id: UUID
    claim_id: UUID
    not_after: datetime | None
    phone: str
    metadata: dict[str, Any]
    attempts: int


@dataclass(frozen=True)
class OpenArea:
    """An area that may be called now: until when (None is without end), and how often one number may be."""

    area_id: int
    closes_at: datetime | None
    caps: NumberCaps


@dataclass(frozen=True)
class Standing:
    """How many contacts of a campaign stand where."""

    ready: int
    waiting: int
    dispatched: int
    live_calls: int
    live_texts: int


@dataclass(frozen=True)
class Remaining:
    """Whether a campaign has anybody who stands there; known at the same cost however many there are."""

    ready: bool
    waiting: bool
    dispatched: bool
    live: bool
    live_with_attempts_left: bool


async def promote_due(conn: Connection, campaign_id: UUID, now: datetime, limit: int) -> int:
    """Make up to `limit` waiting contacts ready whose time has come; returns how many."""
    values = {"campaign_id": campaign_id, "now": now, "n": limit}
    return (await conn.execute(_SQL["promote_due"], values)).rowcount


async def ready_buckets(conn: Connection, stand: Stand) -> list[tuple[int, int]]:
    """The (area, bucket) pairs in which someone stands ready."""
    values = {"campaign_id": stand.campaign_id, "channel": stand.channel}
    rows = await (await conn.execute(_SQL["buckets_ready"], values)).fetchall()
    return [(row["area_id"], row["bucket"]) for row in rows]


async def claim_best(
    conn: Connection,
    stand: Stand,
    groups: Sequence[Group],
    open_areas: Sequence[OpenArea],
    limit: int,
    now: datetime,
) -> list[Claim]:
    """Take the `limit` best of those who `stand` ready in `groups`, whose areas are all among `open_areas`.

    Contacts met on the way that are listed or whose numbers are capped are marked or made to wait; the
    result may therefore be shorter than `limit`.
    """
    values = {
        "campaign_id": stand.campaign_id,
        "channel": stand.channel,
        "areas": [group.area_id for group in groups],
        "buckets": [group.bucket for group in groups],
        "levels": [group.level for group in groups],
        "open_areas": [area.area_id for area in open_areas],
        "closing_times": [area.closes_at for area in open_areas],
        "caps_24_hours": [area.caps.per_24_hours for area in open_areas],
        "caps_7_days": [area.caps.per_7_days for area in open_areas],
        "n": limit,
        "now": now,
    }
    rows = await (await conn.execute(_SQL["claim_best"], values)).fetchall()
    return [Claim(**row) for row in rows]


async def mark_sent(conn: Connection, claim_ids: Collection[UUID], now: datetime) -> None:
    """SQS has taken these claims."""
    await conn.execute(_SQL["mark_sent"], {"claim_ids": list(claim_ids), "now": now})


async def put_back(conn: Connection, claim_ids: Collection[UUID]) -> None:
    """Make claims ready again that SQS did not take."""
    await conn.execute(_SQL["put_back"], {"claim_ids": list(claim_ids)})


async def heal_claims(
    conn: Connection, campaign_id: UUID, unsent_since: datetime, unbegun_since: datetime
) -> int:
    """Make claims ready again that were not sent, or not begun, since these instants; returns how many."""
    values = {"campaign_id": campaign_id, "unsent_since": unsent_since, "unbegun_since": unbegun_since}
    return (await conn.execute(_SQL["heal"], values)).rowcount


async def read_standing(conn: Connection, campaign_id: UUID) -> Standing:
    """Count the campaign's contacts by where they stand; takes the longer, the more there are."""
    row = await (await conn.execute(_SQL["counts"], {"campaign_id": campaign_id})).fetchone()
    return Standing(**cast("DictRow", row))


async def read_remaining(conn: Connection, campaign_id: UUID) -> Remaining:
    """Where anybody of the campaign stands: for dispatch and monitor, which ask every few seconds."""
    row = await (await conn.execute(_SQL["remaining"], {"campaign_id": campaign_id})).fetchone()
    return Remaining(**cast("DictRow", row))


@dataclass(frozen=True)
class InHand:
    """A campaign's claims on a channel that are not yet begun, how many other campaigns have some there, and
    its calls in progress.
    """

    dispatched: int
    others: int
    live_calls: int


async def count_in_hand(conn: Connection, stand: Stand) -> InHand:
    """What is on its way of a campaign, and beside it."""
    values = {"campaign_id": stand.campaign_id, "channel": stand.channel}
    row = await (await conn.execute(_SQL["in_hand"], values)).fetchone()
    return InHand(**cast("DictRow", row))


async def recall_claims(conn: Connection, campaign_id: UUID) -> int:
    """Make every claim of the campaign ready again; messages already sent find no claim."""
    return (await conn.execute(_SQL["recall"], {"campaign_id": campaign_id})).rowcount


async def are_registries_fresh(conn: Connection, campaign_id: UUID, now: datetime) -> bool:
    """Whether every registry the campaign requires is here in a copy that is not too old."""
    values = {"campaign_id": campaign_id, "now": now}
    row = await (await conn.execute(_SQL["registries_are_fresh"], values)).fetchone()
    return cast("DictRow", row)["fresh"]
