"""Texts: claims that begin as texts, texts under way, and what becomes of their contacts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from outdial.storage.calls import TakenClaim, claim_from_row
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("texts")


async def take_text_claims(conn: Connection, claims: Sequence[tuple[UUID, UUID]]) -> dict[UUID, TakenClaim]:
    """Take claims, each (contact id, claim id), out of the outbox; by claim id those that stood."""
    values = {"contact_ids": [one for one, _ in claims], "claim_ids": [one for _, one in claims]}
    rows = await (await conn.execute(_SQL["take_claims"], values)).fetchall()
    return {row["claim_id"]: claim_from_row(row) for row in rows}


async def hold_numbers(conn: Connection, phones: Sequence[str]) -> None:
    """Until this transaction ends nobody else begins a call or a text to these numbers."""
    await conn.execute(_SQL["hold_numbers"], {"phones": list(phones)})


async def read_text_facts(
    conn: Connection, contact_ids: Collection[UUID], now: datetime
) -> dict[UUID, DictRow]:
    """What the gate asks about contacts, by their ids."""
    values = {"contact_ids": list(contact_ids), "now": now}
    rows = await (await conn.execute(_SQL["facts"], values)).fetchall()
    return {row["id"]: row for row in rows}


async def insert_texts(
    conn: Connection, texts: Sequence[Mapping[str, Any]], carrier: str, gateway_id: UUID, now: datetime
) -> None:
    """Write down texts that are about to go to `carrier`."""
    values = {"texts": Jsonb(list(texts)), "carrier": carrier, "gateway_id": gateway_id, "now": now}
    await conn.execute(_SQL["insert"], values)


async def take_queued_texts(conn: Connection, values: Mapping[str, Any]) -> list[DictRow]:
    """Texts that were asked for and whose time has come: see `texts.sql`."""
    return await (await conn.execute(_SQL["take_queued"], values)).fetchall()


async def find_phone(conn: Connection, campaign_id: UUID, contact_id: UUID) -> str | None:
    """The number of a contact, None where there is no such contact any more."""
    values = {"campaign_id": campaign_id, "contact_id": contact_id}
    row = await (await conn.execute(_SQL["contact"], values)).fetchone()
    return None if row is None else row["phone"]


async def hold_texts(conn: Connection, record_ids: Collection[UUID]) -> None:
    """Until this transaction ends nobody else judges these texts."""
    await conn.execute(_SQL["hold_records"], {"record_ids": list(record_ids)})


async def write_text_outcomes(conn: Connection, outcomes: Sequence[Mapping[str, Any]]) -> None:
    """Write what the carrier answered."""
    await conn.execute(_SQL["settle"], {"outcomes": Jsonb(list(outcomes))})


async def read_receipt_waits(conn: Connection, record_ids: Collection[UUID]) -> dict[UUID, float | None]:
    """How long the campaigns of these texts wait for receipts, in seconds; None where they do not say."""
    rows = await (await conn.execute(_SQL["receipt_waits"], {"record_ids": list(record_ids)})).fetchall()
    return {row["record_id"]: None if row["written"] is None else float(row["written"]) for row in rows}


async def await_receipts(conn: Connection, waits_s: Mapping[UUID, float], now: datetime) -> None:
    """Contacts of these texts are done in so many seconds, if no receipt comes before."""
    values = {"record_ids": list(waits_s), "waits_s": list(waits_s.values()), "now": now}
    await conn.execute(_SQL["await_receipts"], values)


async def find_overdue_texts(conn: Connection, now: datetime, limit: int) -> list[DictRow]:
    """Texts whose receipts have not come in time, held until the transaction ends."""
    return await (await conn.execute(_SQL["overdue"], {"now": now, "n": limit})).fetchall()


async def lock_live_texts(conn: Connection, record_ids: Collection[UUID], now: datetime) -> list[DictRow]:
    """Live texts among `record_ids`, locked, with what decides what follows."""
    values = {"record_ids": list(record_ids), "now": now}
    return await (await conn.execute(_SQL["lock_live"], values)).fetchall()


async def write_follow_ups(conn: Connection, contacts: Sequence[Mapping[str, Any]]) -> None:
    """Write what follows for the contacts of texts that have ended."""
    await conn.execute(_SQL["follow_up"], {"contacts": Jsonb(list(contacts))})


async def gateways_at_work(conn: Connection) -> list[UUID]:
    """Gateways that have not said what became of some text."""
    rows = await (await conn.execute(_SQL["gateways_at_work"])).fetchall()
    return [row["gateway_id"] for row in rows]


async def is_gateway_alive(conn: Connection, gateway_id: UUID) -> bool:
    """Whether the gateway lives; if not, nobody else finds out until the transaction ends."""
    row = await (await conn.execute(_SQL["is_alive"], {"gateway_id": gateway_id})).fetchone()
    return cast("DictRow", row)["alive"]


async def live_as(conn: AsyncConnection[Any], gateway_id: UUID) -> None:
    """For as long as this connection lasts, others know that the gateway lives."""
    await conn.execute(_SQL["live"], {"gateway_id": gateway_id})


async def texts_at_work_on(conn: Connection, gateway_id: UUID) -> set[UUID]:
    """Texts of which the gateway has not said what became."""
    rows = await (await conn.execute(_SQL["at_work_on"], {"gateway_id": gateway_id})).fetchall()
    return {row["id"] for row in rows}


async def mark_left_texts(conn: Connection, record_ids: Collection[UUID], now: datetime) -> list[UUID]:
    """End texts as `unknown` that are submitting still; returns which."""
    values = {"record_ids": list(record_ids), "now": now}
    rows = await (await conn.execute(_SQL["mark_left"], values)).fetchall()
    return [row["id"] for row in rows]
