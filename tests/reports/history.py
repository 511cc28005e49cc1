"""A campaign's past, made up from a seed and written into a real database, to be counted again by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from outdial.domain.call_ids import CallKey
from outdial.domain.dispositions import UNCOUNTED, Disposition
from outdial.domain.retries import (
    USUAL_RETRIES,
    CallingTime,
    Completed,
    GivenUp,
    RetryAt,
    Tries,
    what_follows,
)
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Connection, Pool
from tests import given

ANY_TIME = CallingTime(timetables=(), zones=())
ZONES = (
    ("America/New_York",),
    ("America/Los_Angeles",),
    ("Asia/Kathmandu",),
    ("Asia/Jerusalem",),
    ("America/Boise", "America/Denver"),
    ("America/Chicago", "America/New_York"),
)
_WEIGHTS = {
    Disposition.ANSWERED: 38,
    Disposition.NO_ANSWER: 30,
    Disposition.BUSY: 12,
    Disposition.MACHINE: 8,
    Disposition.INVALID_NUMBER: 3,
    Disposition.REJECTED: 3,
    Disposition.CONGESTION: 4,
    Disposition.UNKNOWN: 2,
}
_RUNG = {
    Disposition.ANSWERED,
    Disposition.NO_ANSWER,
    Disposition.MACHINE,
    Disposition.REJECTED,
    Disposition.UNKNOWN,
}


@dataclass(frozen=True)
class Call:
    """One row of `call_records`."""

    attempt_no: int
    begun_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    disposition: Disposition | None
    converted: bool
    opted_out: bool

    @property
    def counted(self) -> bool | None:
        """Whether it uses up an attempt."""
        return None if self.disposition is None else self.disposition not in UNCOUNTED


@dataclass
class Person:
    """One contact: where they stand, why, and what was tried."""

    phone: str
    zones: tuple[str, ...]
    stands: str
    """ready, waiting, dispatched, live, completed, failed or blacklisted"""
    reason: str | None = None
    calls: list[Call] = field(default_factory=list[Call])


def make_history(seed: int, people: int, begins_at: datetime, calls_a_second: float = 2) -> list[Person]:
    """`people` contacts, some not yet called, some called until done, some in between."""
    chance = random.Random(seed)
    made = [
        Person(phone, chance.choice(ZONES), "blacklisted" if chance.random() < 0.03 else "ready")
        for phone in given.phones(people)
    ]
    for index, person in enumerate(made):
        if person.stands == "ready" and chance.random() < 0.9:
            call_until_done(person, begins_at + timedelta(seconds=index / calls_a_second), chance)
    return made


def call_until_done(person: Person, at: datetime, chance: random.Random) -> None:
    """Call somebody from `at` on, until nothing more is to be done or midway."""
    while True:
        if chance.random() < 0.02:
            _leave_unfinished(person, at, chance)
            return
        call = _make_call(len(person.calls) + 1, at, chance)
        person.calls.append(call)
        match what_follows(_disposition(call), _tries(person), USUAL_RETRIES, call.ended_at or at, ANY_TIME):
            case Completed():
                person.stands = "completed"
                return
            case GivenUp(reason):
                person.stands, person.reason = "failed", reason
                return
            case RetryAt(due_at):
                at = due_at + timedelta(seconds=chance.random() * 90)


def _leave_unfinished(person: Person, at: datetime, chance: random.Random) -> None:
    person.stands = chance.choice(["ready", "waiting", "dispatched", "live"])
    if person.stands == "live":
        person.calls.append(Call(len(person.calls) + 1, at, None, None, None, None, False, False))


def _make_call(attempt_no: int, at: datetime, chance: random.Random) -> Call:
    disposition = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    ringing_at = at + timedelta(seconds=chance.uniform(0.3, 2)) if disposition in _RUNG else None
    answers = disposition in {Disposition.ANSWERED, Disposition.MACHINE}
    answered_at = ringing_at + timedelta(seconds=chance.uniform(2, 22)) if ringing_at and answers else None
    ended_at = (answered_at or ringing_at or at) + timedelta(seconds=chance.uniform(1, 95))
    is_answered = disposition is Disposition.ANSWERED
    converted = is_answered and chance.random() < 0.2
    opted_out = is_answered and not converted and chance.random() < 0.06
    return Call(attempt_no, at, ringing_at, answered_at, ended_at, disposition, converted, opted_out)


def _disposition(call: Call) -> Disposition:
    assert call.disposition is not None
    return call.disposition


def _tries(person: Person) -> Tries:
    counted = sum(call.counted is True for call in person.calls)
    return Tries(counted, len(person.calls) - counted, 3)


async def store_history(pool: Pool, campaign: Campaign, history: Sequence[Person], now: datetime) -> None:
    """Write `history` as rows of `campaign`."""
    dialer_id = await given.a_dialer(pool, now)
    for zones in {person.zones for person in history}:
        numbers = [person.phone for person in history if person.zones == zones]
        await given.contacts(pool, campaign, numbers, now, zones)
    async with pool.connection() as conn:
        rows = await conn.execute(
            "select * from ready_contacts where campaign_id = %s order by seq", [campaign.id]
        )
        standing = {row["phone"]: row for row in await rows.fetchall()}
        for person in history:
            await _store_person(conn, person, standing[person.phone], dialer_id, now)


async def _store_person(
    conn: Connection, person: Person, place: dict[str, Any], dialer_id: UUID, now: datetime
) -> None:
    key = {name: place[name] for name in ("contact_id", "campaign_id", "area_id", "bucket", "seq", "phone")}
    call_ids = [str(CallKey(key["campaign_id"], key["contact_id"], call.attempt_no)) for call in person.calls]
    for call, call_id in zip(person.calls, call_ids, strict=True):
        row = vars(call) | {"counted": call.counted, "call_id": call_id, "dialer_id": dialer_id}
        await insert_row(
            conn,
            "call_records",
            row
            | {name: key[name] for name in ("contact_id", "campaign_id", "phone")}
            | {"trunk": "trunk", "ivr_path": Jsonb(["welcome", "1"] if call.converted else [])},
        )
    if person.stands != "ready":
        await conn.execute("delete from ready_contacts where contact_id = %s", [key["contact_id"]])
    stand = key | {"channel": place["channel"]}
    match person.stands:
        case "waiting":
            await insert_row(conn, "waiting_contacts", stand | {"due_at": now})
        case "dispatched":
            await insert_row(conn, "dispatched_contacts", stand | {"claimed_at": now})
        case "live":
            call = person.calls[-1]
            began = {"begun_at": call.begun_at, "attempt_no": call.attempt_no, "dialer_id": dialer_id}
            over = {"trunk": "trunk", "call_id": call_ids[-1]}
            await insert_row(conn, "live_calls", key | began | over)
        case _:
            pass
    finished = person.stands in {"completed", "failed", "blacklisted"}
    status = (
        person.stands if finished else "failed" if any(c.disposition for c in person.calls) else "pending"
    )
    await conn.execute(
        "update contacts set status = %s, failure_reason = %s, attempts = %s, originates = %s where id = %s",
        [
            status,
            person.reason,
            sum(call.counted is True for call in person.calls),
            len(person.calls),
            key["contact_id"],
        ],
    )


async def insert_row(conn: Connection, table: str, row: dict[str, Any]) -> None:
    """One row, of these columns."""
    columns, values = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    await conn.execute(f"insert into {table} ({columns}) values ({values})", row)
