"""Texts as the gateway leaves them, in one line each, for tests of what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from outdial.domain.sms.delivery import EndedText, Receipt, ReceiptState, TextFailure
from outdial.storage.pool import Connection, Pool

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)  # Monday 12:00 in New York
ADA = "+12025550101"
US = "+12025550123"

_WRITE = """
    insert into sms_records (id, request_id, origin, contact_id, campaign_id, phone, sender, carrier, body,
                             encoding, parts, gateway_id, begun_at, sent_at, state)
    values (%(id)s, %(id)s::text, %(origin)s, %(contact_id)s, %(campaign_id)s, %(phone)s, %(sender)s, 'smpp',
            'Hello', 'GSM-7', %(parts)s, gen_random_uuid(), %(begun_at)s, %(sent_at)s, %(state)s)
"""


async def a_text(pool: Pool, message_ids: Sequence[str] = (), **wished: Any) -> UUID:
    """A text the carrier took in parts with these ids, but for what is wished otherwise."""
    text: dict[str, Any] = {
        "id": uuid4(),
        "origin": "answer",
        "contact_id": None,
        "campaign_id": None,
        "phone": ADA,
        "sender": US,
        "parts": max(1, len(message_ids)),
        "begun_at": NOON,
        "sent_at": NOON,
        "state": "sent",
    } | wished
    async with pool.connection() as conn:
        await conn.execute(_WRITE.encode(), text)
        await write_parts(conn, text["id"], message_ids)
    return text["id"]


async def write_parts(conn: Connection, record_id: UUID, message_ids: Sequence[str]) -> None:
    """The carrier has answered: these are its ids of the parts."""
    for part_no, message_id in enumerate(message_ids, 1):
        await conn.execute(
            "insert into sms_parts (carrier, message_id, record_id, part_no) values ('smpp', %s, %s, %s) "
            "on conflict (carrier, message_id, record_id) do update set part_no = excluded.part_no",
            [message_id, record_id, part_no],
        )


def a_receipt(message_id: str, state: ReceiptState = ReceiptState.DELIVERED, **wished: Any) -> Receipt:
    """A receipt as the carrier gives it."""
    failure = TextFailure.UNREACHABLE if state is ReceiptState.FAILED else None
    return replace(Receipt("smpp", message_id, state, failure), **wished)


async def nothing_follows(_conn: Connection, _ended: Sequence[EndedText], _now: datetime) -> None:
    """For texts that are no campaign's."""


async def text_row(pool: Pool, record_id: UUID) -> dict[str, Any]:
    """The record of a text."""
    async with pool.connection() as conn:
        row = await (await conn.execute("select * from sms_records where id = %s", [record_id])).fetchone()
    assert row is not None
    return row


async def until_somebody_waits(conn: Connection, people: int = 1) -> None:
    """Return when so many transactions stand before locks that others hold."""
    for _ in range(500):
        cursor = await conn.execute("select count(*) as n from pg_locks where not granted")
        if (await cursor.fetchone() or {})["n"] >= people:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("nobody waits")
