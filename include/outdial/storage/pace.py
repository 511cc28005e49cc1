"""Which clock gives out pace slots, and the slots PostgreSQL gives out itself while Redis is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from psycopg.rows import DictRow

from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("pace")


@dataclass(frozen=True)
class Authority:
    """The clock in force. Its slots carry `epoch` and may start from `starts_in_s` after it was read."""

    source: Literal["redis", "postgres"]
    epoch: int
    starts_in_s: float


@dataclass(frozen=True)
class Handover:
    """When the pace may go back to Redis, in seconds.

    PostgreSQL has been in force for `held_s`, and each dialer with a heartbeat within `alive_s` has heard
    from Redis within `seen_s`. Slots of the new epoch start after `gap_s`.
    """

    held_s: float
    alive_s: float
    seen_s: float
    gap_s: float


@dataclass(frozen=True)
class SlotTimes:
    """The time, when this epoch opened or opens, and the next free slot of each pace (0: never used)."""

    now_us: int
    opens_us: int
    next_us: list[int]


async def read_authority(conn: Connection) -> Authority:
    """The clock in force."""
    return Authority(**cast("DictRow", await (await conn.execute(_SQL["read_authority"])).fetchone()))


async def read_factors(conn: Connection) -> dict[str, float]:
    """The share of its CPS each pace may use, by key; a pace not named may use all of it."""
    rows = await (await conn.execute(_SQL["read_factors"])).fetchall()
    return {row["key"]: row["factor"] for row in rows}


async def hold_authority(conn: Connection) -> Authority:
    """The clock in force, which stays so until the transaction ends; one transaction at a time."""
    row = cast("DictRow", await (await conn.execute(_SQL["hold_authority"])).fetchone())
    return Authority(row["source"], row["epoch"], 0)


async def hand_to_postgres(conn: Connection, missed_in_epoch: int, gap_s: float) -> Authority | None:
    """Put PostgreSQL in force; None where somebody else has changed the epoch already."""
    async with conn.transaction():
        values = {"epoch": missed_in_epoch, "gap_s": gap_s}
        row = await (await conn.execute(_SQL["hand_to_postgres"], values)).fetchone()
        if row is None:
            return None
        await conn.execute(_SQL["forget_slots"])
        return Authority(**row)


async def hand_to_redis(conn: Connection, handover: Handover) -> Authority | None:
    """Put Redis in force again; None where it is too soon, or not everybody sees it."""
    async with conn.transaction():
        row = await (await conn.execute(_SQL["hand_to_redis"], vars(handover))).fetchone()
    return None if row is None else Authority(**row)


async def read_slot_times(conn: Connection, keys: Sequence[str]) -> SlotTimes:
    """The times a reservation starts from; call with the authority held."""
    row = cast("DictRow", await (await conn.execute(_SQL["read_slots"], {"keys": list(keys)})).fetchone())
    return SlotTimes(**row)


async def write_next_slots(conn: Connection, keys: Sequence[str], next_us: Sequence[int]) -> None:
    """The next free slot of each pace, in the order of `keys`."""
    await conn.execute(_SQL["write_slots"], {"keys": list(keys), "next_us": list(next_us)})
