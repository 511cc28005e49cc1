"""What is known of a campaign that should be dialling, and of one contact of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from psycopg.rows import DictRow

from outdial.domain.channels import Channel
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("explain")


@dataclass(frozen=True)
class Traffic:
    """Calls, or texts, begun within the last minute and five minutes, and when the last one ever began."""

    last_minute: int
    last_5_minutes: int
    last_begun_at: datetime | None


@dataclass(frozen=True)
class Outbox:
    """Claims not yet on the queue, and those there that nobody has begun; since when the oldest is."""

    unsent: int
    unsent_since: datetime | None
    sent: int
    sent_since: datetime | None


@dataclass(frozen=True)
class TextsUnderWay:
    """Texts a carrier is being asked to take, those that wait for receipts, and until when the last does."""

    submitting: int
    awaiting_receipts: int
    last_settles_at: datetime | None


@dataclass(frozen=True)
class PaceClock:
    """Which clock gives out pace slots, from when on."""

    source: str
    epoch: int
    starts_at: datetime


async def read_traffic(conn: Connection, campaign_id: UUID, now: datetime) -> Traffic:
    """What the campaign has dialled lately."""
    values = {"campaign_id": campaign_id, "now": now}
    return Traffic(**cast("DictRow", await (await conn.execute(_SQL["traffic"], values)).fetchone()))


async def read_latest_endings(conn: Connection, campaign_id: UUID, calls: int) -> dict[str, int]:
    """How the latest calls ended, the most frequent ending first."""
    values = {"campaign_id": campaign_id, "n": calls}
    rows = await (await conn.execute(_SQL["latest_endings"], values)).fetchall()
    return {row["disposition"]: row["calls"] for row in rows}


async def read_text_traffic(conn: Connection, campaign_id: UUID, now: datetime) -> Traffic:
    """What the campaign has texted lately."""
    values = {"campaign_id": campaign_id, "now": now}
    return Traffic(**cast("DictRow", await (await conn.execute(_SQL["text_traffic"], values)).fetchone()))


async def read_latest_text_endings(
    conn: Connection, campaign_id: UUID, texts: int
) -> dict[tuple[str, str], int]:
    """States of the latest texts and why they failed, the most frequent first; an empty reason is none."""
    values = {"campaign_id": campaign_id, "n": texts}
    rows = await (await conn.execute(_SQL["latest_text_endings"], values)).fetchall()
    return {(row["state"], row["failure"]): row["texts"] for row in rows}


async def read_texts_under_way(conn: Connection, campaign_id: UUID) -> TextsUnderWay:
    """Contacts in progress for a text."""
    row = await (await conn.execute(_SQL["texts_under_way"], {"campaign_id": campaign_id})).fetchone()
    return TextsUnderWay(**cast("DictRow", row))


async def read_outbox(conn: Connection, campaign_id: UUID, channel: Channel) -> Outbox:
    """Claims on their way to a dialer, or a gateway."""
    values = {"campaign_id": campaign_id, "channel": channel}
    row = await (await conn.execute(_SQL["outbox"], values)).fetchone()
    return Outbox(**cast("DictRow", row))


async def read_pace_clock(conn: Connection) -> PaceClock:
    """The clock of the pace in force."""
    return PaceClock(**cast("DictRow", await (await conn.execute(_SQL["pace"])).fetchone()))


async def find_person(conn: Connection, campaign_id: UUID, who: str) -> DictRow | None:
    """A contact by its id or its E.164 number, with where it stands."""
    return await (await conn.execute(_SQL["person"], {"campaign_id": campaign_id, "who": who})).fetchone()


async def read_calls_to(conn: Connection, phone: str, since: datetime) -> list[DictRow]:
    """Calls of all campaigns to a number, newest first."""
    return await (await conn.execute(_SQL["calls_to"], {"phone": phone, "since": since})).fetchall()


async def read_texts_to(conn: Connection, phone: str, since: datetime) -> list[DictRow]:
    """Texts of all campaigns to a number, newest first."""
    return await (await conn.execute(_SQL["texts_to"], {"phone": phone, "since": since})).fetchall()


async def read_texts_of(conn: Connection, contact_id: UUID) -> list[DictRow]:
    """Every text to a contact, oldest first, with what was heard of it."""
    return await (await conn.execute(_SQL["texts_of"], {"contact_id": contact_id})).fetchall()


async def read_attempts_of(conn: Connection, contact_id: UUID) -> list[DictRow]:
    """Every originate to a contact, oldest first."""
    return await (await conn.execute(_SQL["attempts_of"], {"contact_id": contact_id})).fetchall()


async def read_sources_of(
    conn: Connection, campaign_id: UUID, contact_id: UUID, created_at: datetime
) -> list[DictRow]:
    """The imports a contact came from, or may have come from."""
    values = {"campaign_id": campaign_id, "contact_id": contact_id, "created_at": created_at}
    return await (await conn.execute(_SQL["sources_of"], values)).fetchall()


async def find_a_dialer(conn: Connection) -> UUID | None:
    """The dialer that was heard of last."""
    row = await (await conn.execute(_SQL["a_dialer"])).fetchone()
    return None if row is None else row["id"]
