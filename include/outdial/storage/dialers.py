"""Dialers that are running, and the calls each of them has in progress."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("dialers")


@dataclass(frozen=True)
class Dialer:
    """One dialer process."""

    id: UUID
    host: str
    pid: int
    version: str


async def register_dialer(conn: Connection, dialer: Dialer) -> None:
    """Enter a dialer that starts."""
    values = {"dialer_id": dialer.id, "host": dialer.host, "pid": dialer.pid, "version": dialer.version}
    await conn.execute(_SQL["register"], values)


async def record_heartbeat(
    conn: Connection, dialer_id: UUID, redis_seen_ago_s: float | None, *, draining: bool
) -> bool:
    """Note that a dialer lives and how long ago Redis answered it (None: never).

    False where it is entered no more: it was silent for so long that it was taken for dead.
    """
    values = {"dialer_id": dialer_id, "redis_seen_ago_s": redis_seen_ago_s, "draining": draining}
    return await (await conn.execute(_SQL["heartbeat"], values)).fetchone() is not None


async def unregister_dialer(conn: Connection, dialer_id: UUID) -> bool:
    """Strike a dialer off; False where it still has calls in progress, or was struck off before."""
    return await (await conn.execute(_SQL["unregister"], {"dialer_id": dialer_id})).fetchone() is not None


async def find_silent_dialers(conn: Connection, silent_s: float) -> list[UUID]:
    """Dialers without a heartbeat for `silent_s`."""
    rows = await (await conn.execute(_SQL["find_silent"], {"silent_s": silent_s})).fetchall()
    return [row["id"] for row in rows]


async def list_calls_of(conn: Connection, dialer_id: UUID, older_than_s: float = 0) -> list[str]:
    """Ids of a dialer's calls in progress begun at least `older_than_s` ago, oldest first."""
    values = {"dialer_id": dialer_id, "older_than_s": older_than_s}
    return [row["call_id"] for row in await (await conn.execute(_SQL["calls_of"], values)).fetchall()]
