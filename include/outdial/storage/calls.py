"""Attempts: claims that begin, calls in progress, and their records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from outdial.domain.channels import Channel
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("calls")


@dataclass(frozen=True)
class TakenClaim:
    """A claim taken off the outbox, and the place in the order it came from."""

    contact_id: UUID
    campaign_id: UUID
    channel: Channel
    area_id: int
    bucket: int
    seq: int
    phone: str
    not_after: datetime | None

    @property
    def place(self) -> dict[str, Any]:
        """Where the contact stands again when it is given back."""
        return {
            "contact_id": self.contact_id,
            "campaign_id": self.campaign_id,
            "channel": self.channel,
            "area_id": self.area_id,
            "bucket": self.bucket,
            "seq": self.seq,
            "phone": self.phone,
        }


async def take_claim(conn: Connection, contact_id: UUID, claim_id: UUID) -> TakenClaim | None:
    """Take the claim out of the outbox, or None where it does not stand any more."""
    values = {"contact_id": contact_id, "claim_id": claim_id}
    row = await (await conn.execute(_SQL["take_claim"], values)).fetchone()
    return None if row is None else claim_from_row(row)


async def take_claim_and_line(
    conn: Connection, contact_id: UUID, claim_id: UUID, trunk: str, *, is_counted: bool
) -> TakenClaim | None:
    """The same; and until this transaction ends nobody else begins a call to the claim's number.

    Where the calls on `trunk` are to be counted, nobody begins one over it either.
    """
    values = {"contact_id": contact_id, "claim_id": claim_id, "trunk": trunk, "is_counted": is_counted}
    row = await (await conn.execute(_SQL["take_claim_and_line"], values)).fetchone()
    return None if row is None else claim_from_row(row)


def claim_from_row(row: DictRow) -> TakenClaim:
    """A row of `dispatched_contacts` as a value."""
    return TakenClaim(**{name: row[name] for name in TakenClaim.__dataclass_fields__})


async def count_trunk_calls(conn: Connection, trunk: str) -> int:
    """Calls in progress on a trunk, whoever placed them."""
    row = await (await conn.execute(_SQL["count_trunk_calls"], {"trunk": trunk})).fetchone()
    return 0 if row is None else row["calls"]


async def read_facts(conn: Connection, values: Mapping[str, Any]) -> DictRow | None:
    """What the gate asks about a contact: see `calls.sql`."""
    return await (await conn.execute(_SQL["facts"], values)).fetchone()


async def insert_attempt(conn: Connection, claim: TakenClaim, values: Mapping[str, Any]) -> bool:
    """Record the attempt as live; False where the number is on another call."""
    return (await conn.execute(_SQL["begin"], claim.place | dict(values))).rowcount == 1


async def make_ready(conn: Connection, claim: TakenClaim) -> None:
    """Give a claim back, to be taken again as soon as it may."""
    await conn.execute(_SQL["make_ready"], claim.place)


async def make_wait(conn: Connection, claim: TakenClaim, due_at: datetime) -> None:
    """Give a claim back until `due_at`."""
    await conn.execute(_SQL["make_wait"], claim.place | {"due_at": due_at})


async def close_contact(conn: Connection, contact_id: UUID, status: str, failure_reason: str | None) -> None:
    """Mark a contact that will not be called again in this campaign."""
    values = {"contact_id": contact_id, "status": status, "failure_reason": failure_reason}
    await conn.execute(_SQL["close_contact"], values)


async def has_left_message(conn: Connection, contact_id: UUID) -> bool:
    """Has a machine of this contact heard our message, or the beginning of it?"""
    row = await (await conn.execute(_SQL["message_was_left"], {"contact_id": contact_id})).fetchone()
    return row is not None and row["was_left"]


async def begin_message(conn: Connection, call_id: str) -> bool:
    """Write down that a message begins; False where the call is settled, or has had one."""
    return (await conn.execute(_SQL["begin_message"], {"call_id": call_id})).rowcount == 1


async def lock_live_calls(conn: Connection, call_ids: Collection[str], now: datetime) -> list[DictRow]:
    """Live calls among `call_ids`, locked, with what decides what follows."""
    values = {"call_ids": list(call_ids), "now": now}
    return await (await conn.execute(_SQL["lock_live"], values)).fetchall()


async def write_settlements(conn: Connection, outcomes: Sequence[Mapping[str, Any]]) -> None:
    """Write outcomes with what follows each of them."""
    await conn.execute(_SQL["settle"], {"outcomes": Jsonb(list(outcomes))})
