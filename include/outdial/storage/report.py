"""What a report counts, read inside one snapshot; `outdial.reports` gives the figures their names."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast
from uuid import UUID

from psycopg.rows import DictRow

from outdial.storage.pool import Connection, Pool
from outdial.storage.queries import load_queries

_SQL = load_queries("report")
_ROWS_A_FETCH = 2000
_STATEMENT_TIMEOUT = "5min"
"""Counting millions of calls takes longer than the pool allows a statement."""

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class ContactCounts:
    """The list's length, and the rows of the tables in which unfinished contacts stand."""

    total: int
    ready: int
    waiting: int
    dispatched: int
    live_calls: int
    live_texts: int


@dataclass(frozen=True)
class FinishedContacts:
    """Contacts for whom nothing is left to do, of one status and reason."""

    status: str
    failure_reason: str | None
    contacts: int


@dataclass(frozen=True)
class CallCounts:
    """Sums over every originate of a campaign."""

    originates: int
    attempts: int
    converted: int
    opted_out: int
    messages_left: int
    contacts_called: int
    contacts_reached: int
    first_call_at: datetime | None
    last_call_ended_at: datetime | None


@dataclass(frozen=True)
class QuarterHour:
    """Calls to people in `zones` begun in the fifteen minutes from `quarter`."""

    zones: list[str]
    quarter: datetime
    originates: int
    answered: int


@dataclass(frozen=True)
class AttemptCounts:
    """Calls that were their contact's `attempt_no`-th originate."""

    attempt_no: int
    originates: int
    answered: int


@dataclass(frozen=True)
class LineCounts:
    """Calls over one trunk from one caller id, None where the trunk's own was shown."""

    trunk: str
    caller_id: str | None
    originates: int
    attempts: int
    answered: int
    unreached: int


@dataclass(frozen=True)
class DurationCounts:
    """Seconds of one kind ("ring" or "talk")."""

    kind: str
    calls: int
    total_s: float
    mean_s: float
    median_s: float
    p90_s: float
    max_s: float


@dataclass(frozen=True)
class PaceCounts:
    """Calls in the busiest second and minute (None without calls); gaps between calls, and their seconds."""

    busiest_second: int | None
    busiest_minute: int | None
    gaps: int
    calling_s: float


@dataclass(frozen=True)
class RunRow:
    """One run of the campaign's DAG."""

    run_id: str
    started_at: datetime
    finished_at: datetime | None
    result: str | None
    contact_limit: int | None
    claimed: int


@dataclass(frozen=True)
class Agreement:
    """How many contacts agree with their calls, of how many."""

    contacts: int
    same_counts: int
    completed: int
    completed_by_answer: int


@asynccontextmanager
async def open_snapshot(pool: Pool) -> AsyncGenerator[Connection]:
    """A connection on which every statement sees the database as it is now; nothing can be written."""
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("set transaction isolation level repeatable read, read only")
        await conn.execute("select set_config('statement_timeout', %s, true)", [_STATEMENT_TIMEOUT])
        yield conn


async def count_contacts(conn: Connection, campaign_id: UUID) -> ContactCounts:
    """Who stands where."""
    return await _read_one(conn, "contact_counts", campaign_id, ContactCounts)


async def count_finished(conn: Connection, campaign_id: UUID) -> list[FinishedContacts]:
    """Contacts for whom nothing is left to do."""
    return await _read(conn, "finished_contacts", campaign_id, FinishedContacts)


async def count_calls(conn: Connection, campaign_id: UUID) -> CallCounts:
    """All calls together."""
    return await _read_one(conn, "call_counts", campaign_id, CallCounts)


async def count_dispositions(conn: Connection, campaign_id: UUID) -> dict[str, int]:
    """Settled calls by disposition; those that never occurred are absent."""
    rows = await (await conn.execute(_SQL["calls_by_disposition"], {"campaign_id": campaign_id})).fetchall()
    return {row["disposition"]: row["calls"] for row in rows}


async def count_by_attempt(conn: Connection, campaign_id: UUID) -> list[AttemptCounts]:
    """Calls by attempt number, in order."""
    return await _read(conn, "calls_by_attempt", campaign_id, AttemptCounts)


async def count_by_line(conn: Connection, campaign_id: UUID) -> list[LineCounts]:
    """Calls by trunk and caller id."""
    return await _read(conn, "calls_by_line", campaign_id, LineCounts)


async def count_by_quarter_hour(conn: Connection, campaign_id: UUID) -> list[QuarterHour]:
    """Calls by area and quarter of an hour, in order."""
    return await _read(conn, "calls_by_quarter_hour", campaign_id, QuarterHour)


async def measure_durations(conn: Connection, campaign_id: UUID) -> list[DurationCounts]:
    """Ring and talk times; a kind nothing was measured of is absent."""
    return await _read(conn, "durations", campaign_id, DurationCounts)


async def measure_pace(conn: Connection, campaign_id: UUID) -> PaceCounts:
    """How fast calls were begun."""
    return await _read_one(conn, "pace", campaign_id, PaceCounts)


async def read_runs(conn: Connection, campaign_id: UUID) -> list[RunRow]:
    """Every run, oldest first."""
    return await _read(conn, "runs", campaign_id, RunRow)


async def compare_contacts_with_calls(conn: Connection, campaign_id: UUID) -> Agreement:
    """Whether what contacts say of themselves is what their calls say."""
    return await _read_one(conn, "agreement", campaign_id, Agreement)


async def stream_calls(conn: Connection, campaign_id: UUID) -> AsyncGenerator[list[DictRow]]:
    """Every call as rows of `call_records`, a few thousand at a time."""
    async with conn.cursor(name="report_calls") as cursor:
        await cursor.execute(_SQL["calls"], {"campaign_id": campaign_id})
        while rows := await cursor.fetchmany(_ROWS_A_FETCH):
            yield rows


async def _read(conn: Connection, name: str, campaign_id: UUID, shape: type[_Row]) -> list[_Row]:
    rows = await (await conn.execute(_SQL[name], {"campaign_id": campaign_id})).fetchall()
    return [shape(**row) for row in rows]


async def _read_one(conn: Connection, name: str, campaign_id: UUID, shape: type[_Row]) -> _Row:
    row = await (await conn.execute(_SQL[name], {"campaign_id": campaign_id})).fetchone()
    return shape(**cast("DictRow", row))
