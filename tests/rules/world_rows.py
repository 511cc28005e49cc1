"""A generated world as rows of a real database, in a transaction that is taken back afterwards."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from outdial.storage.pool import Connection
from tests.rules.world import DISPATCHED, FINISHED, READY, REGISTRIES, WAITING, Call, Person, World

RUN = "manual__run"


class HeldConnection:
    """Gives the code under test one connection inside the example's transaction, as a pool would."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self._conn


@asynccontextmanager
async def world_in(conn: Connection, world: World) -> AsyncIterator[HeldConnection]:
    """The world's rows, until the block ends."""
    async with conn.transaction(force_rollback=True):
        await _write(conn, world)
        yield HeldConnection(conn)


async def _write(conn: Connection, world: World) -> None:
    areas = {
        place: n + 1 for n, place in enumerate(sorted({(one.zones, one.regions) for one in world.people}))
    }
    seqs = {one.id: n + 1 for n, one in enumerate(world.people)}

    def placed(stands: int) -> list[dict[str, Any]]:
        return [
            {
                "contact_id": one.id,
                "campaign_id": one.campaign_id,
                "area_id": areas[one.zones, one.regions],
                "bucket": 24,
                "seq": seqs[one.id],
                "phone": one.phone,
                "channel": "voice",
                "due_at": one.since,
                "claim_id": uuid4(),
                "claimed_at": one.since,
                "sent_at": one.since if one.is_sent else None,
            }
            for one in world.people
            if one.stands == stands
        ]

    place = ("contact_id", "campaign_id", "channel", "area_id", "bucket", "seq", "phone")
    async with conn.pipeline():
        await insert(conn, "campaigns", [_campaign_row(one, world.now) for one in world.campaigns])
        await insert(
            conn,
            "campaign_runs",
            [
                {"campaign_id": one.id, "run_id": RUN, "started_at": world.now, "claimed": 0}
                for one in world.campaigns
            ],
        )
        await insert(
            conn,
            "areas",
            [{"id": n, "zones": zones, "regions": regions} for (zones, regions), n in areas.items()],
        )
        await insert(conn, "contacts", [_contact_row(one, areas, seqs) for one in world.people])
        await insert(conn, "ready_contacts", placed(READY), place)
        await insert(conn, "waiting_contacts", placed(WAITING), (*place, "due_at"))
        await insert(
            conn, "dispatched_contacts", placed(DISPATCHED), (*place, "claim_id", "claimed_at", "sent_at")
        )
        await insert(conn, "call_records", [_call_row(one) for one in world.calls])
        await insert(
            conn,
            "registries",
            [{"name": name, "as_of": world.copies.get(name), "numbers": 0} for name in REGISTRIES],
        )
        await insert(conn, "blacklist", [_listing_row(n, world) for n in range(len(world.listings))])
        for number in world.erased:
            await conn.execute(
                "insert into erased_numbers (digest, erased_at, erased_by) "
                "values (number_digest(%s), %s, 'ops')",
                [number, world.now],
            )


async def insert(
    conn: Connection, table: str, rows: Sequence[dict[str, Any]], columns: Iterable[str] = ()
) -> None:
    """Insert rows, all with the same columns, in one statement."""
    if not rows:
        return
    await conn.execute(_statement(table, tuple(columns or rows[0])), [Jsonb(rows, dumps=_dumps)])


@cache
def _statement(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(columns)
    return (
        f"insert into {table} ({names}) overriding system value "
        f"select {names} from jsonb_populate_recordset(null::{table}, %s)"
    )


def _dumps(rows: object) -> str:
    return json.dumps(rows, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no form in JSON")


def _campaign_row(one: Any, now: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "slug": f"campaign_{one.id.int}",
        "name": "Spring appeal",
        "type": "voice",
        "status": one.status,
        "timezone": "UTC",
        "start_time": one.start_time,
        "end_time": one.end_time,
        "config": one.config.model_dump(mode="json", by_alias=True, exclude_none=True),
        "failure_reasons": [],
        "run_id": RUN,
        "run_lease_until": one.lease_until,
        "created_at": now,
        "updated_at": now,
    }


def _contact_row(one: Person, areas: dict[Any, int], seqs: dict[UUID, int]) -> dict[str, Any]:
    return {
        "id": one.id,
        "campaign_id": one.campaign_id,
        "seq": seqs[one.id],
        "phone": one.phone,
        "area_id": areas[one.zones, one.regions],
        "channel": "voice",
        "line_type": "unknown",
        "texts": 0,
        "metadata": {},
        "status": "completed" if one.stands == FINISHED else "failed" if one.originates else "pending",
        "failure_reason": None,
        "attempts": one.attempts,
        "originates": one.originates,
        "max_attempts": one.max_attempts,
        "created_at": one.since,
    }


def _call_row(one: Call) -> dict[str, Any]:
    return {
        "contact_id": one.person.id,
        "attempt_no": one.attempt_no,
        "campaign_id": one.person.campaign_id,
        "call_id": f"call-{one.person.campaign_id}-{one.person.id}-{one.attempt_no}",
        "phone": one.person.phone,
        "dialer_id": UUID(int=7),
        "trunk": "trunk",
        "begun_at": one.begun_at,
        "ringing_at": one.begun_at if one.rang else None,
        "ended_at": one.begun_at,
        "disposition": one.disposition.value,
        "counted": one.counted,
        "converted": False,
        "opted_out": False,
        "ivr_path": [],
    }


def _listing_row(n: int, world: World) -> dict[str, Any]:
    entry = world.listings[n]
    return {
        "id": n + 1,
        "number": entry.number,
        "is_prefix": entry.is_prefix,
        "campaign_id": entry.campaign_id,
        "registry": entry.registry,
        "reason": "said no",
        "source": "phone",
        "listed_by": "ops",
        "listed_at": world.now,
        "until": entry.until,
    }
