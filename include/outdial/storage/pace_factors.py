"""The share of its CPS each pace may use: what is in force and why, operators' holds, and every change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("pace_factors")


@dataclass(frozen=True)
class PaceFactor:
    """A pace that is not whole: `factor` is in force, the lower of `adaptive` and, where set, `held`."""

    key: str
    factor: float
    adaptive: float
    since: datetime
    reason: str
    held: float | None
    held_since: datetime | None
    held_by: str | None
    held_because: str | None

    @property
    def is_held(self) -> bool:
        """Whether it is the operator's limit that is in force."""
        return self.held is not None and self.held <= self.adaptive

    @property
    def why(self) -> str:
        """The reason of what is in force."""
        if self.is_held:
            return f"Held by {self.held_by}: {self.held_because}"
        return self.reason


@dataclass(frozen=True)
class PaceChange:
    """One change of what is in force. `changed_by` is the operator, None for the controller."""

    at: datetime
    key: str
    before: float
    after: float
    reason: str
    figures: Mapping[str, Any]
    changed_by: str | None = None


@dataclass(frozen=True)
class Hold:
    """An operator's own limit of a pace."""

    key: str
    factor: float
    by: str
    because: str


@dataclass(frozen=True)
class PaceWatch:
    """What the controller saw at its last look."""

    looked_at: datetime
    cpu_share: float | None
    cpu_read_at: datetime | None
    ping_s: float | None
    problems: Sequence[str]


async def read_pace_factors(conn: Connection) -> list[PaceFactor]:
    """Every pace that is not whole, by key."""
    return [PaceFactor(**row) for row in await (await conn.execute(_SQL["read_in_force"])).fetchall()]


async def read_pace_falls(conn: Connection) -> dict[str, tuple[float, datetime]]:
    """The share from which each lowered pace fell last, and when it was lowered last, by key."""
    rows = await (await conn.execute(_SQL["read_falls"])).fetchall()
    return {row["key"]: (row["fell_from"], row["fell_at"]) for row in rows}


async def write_pace_change(conn: Connection, change: PaceChange) -> bool:
    """Put a change of the controller's in force; False where somebody else changed the pace before it."""
    values = {
        "key": change.key,
        "at": change.at,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
        "figures": Jsonb(dict(change.figures)),
    }
    async with conn.transaction():
        row = await (await conn.execute(_SQL["write_change"], values)).fetchone()
        await conn.execute(_SQL["forget_whole"])
    return row is not None


async def hold_pace(conn: Connection, hold: Hold, now: datetime) -> None:
    """Put an operator's limit in force until it is released; a limit set before is replaced."""
    await conn.execute(_SQL["hold"], vars(hold) | {"now": now})


async def release_pace(
    conn: Connection, key: str, by: str, because: str, now: datetime
) -> tuple[float, float] | None:
    """Take an operator's limit away; the factor before and after, None where nothing was held."""
    values = {"key": key, "by": by, "because": because, "now": now}
    async with conn.transaction():
        row = await (await conn.execute(_SQL["release"], values)).fetchone()
        await conn.execute(_SQL["forget_whole"])
    return None if row is None else (row["before"], row["after"])


async def read_pace_changes(conn: Connection, n: int, key: str | None = None) -> list[PaceChange]:
    """The last `n` changes, newest first."""
    rows = await (await conn.execute(_SQL["read_changes"], {"n": n, "key": key})).fetchall()
    return [PaceChange(**row) for row in rows]


async def write_pace_watch(conn: Connection, watch: PaceWatch) -> None:
    """Say what the controller saw."""
    await conn.execute(_SQL["write_watch"], vars(watch) | {"problems": list(watch.problems)})


async def read_pace_watch(conn: Connection) -> PaceWatch | None:
    """What the controller saw at its last look; None where none ever looked."""
    row = await (await conn.execute(_SQL["read_watch"])).fetchone()
    return None if row is None else PaceWatch(**row)
