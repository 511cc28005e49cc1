"""Recover: what becomes of the calls of a dialer that died. Run by the dialers' leader.

Each such call is over before its number and its place are freed: what still has a channel is hung up
first. Its attempt ends as `unknown`: it counts, and is not blindly repeated.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from outdial.attempts.settle import CallOutcome, settle
from outdial.domain.dispositions import Disposition
from outdial.storage.dialers import find_silent_dialers, list_calls_of, unregister_dialer
from outdial.storage.pool import Pool

DEAD_AFTER_S = 15.0
"""A dialer beats every 2 s and begins no call once its own heartbeat is 10 s old."""


@dataclass(frozen=True)
class DeadDialer:
    """A dialer taken for dead and the calls it left in progress."""

    dialer_id: UUID
    call_ids: tuple[str, ...]


async def find_dead_dialers(pool: Pool, dead_after_s: float = DEAD_AFTER_S) -> list[DeadDialer]:
    """Dialers silent for `dead_after_s`, with what they left behind."""
    async with pool.connection() as conn:
        silent = await find_silent_dialers(conn, dead_after_s)
        return [DeadDialer(one, tuple(await list_calls_of(conn, one))) for one in silent]


async def settle_as_unknown(pool: Pool, call_ids: Collection[str], now: datetime, why: str) -> int:
    """Settle calls whose end nobody saw, once no channel of theirs exists; returns how many were open."""
    outcomes = [
        CallOutcome(call_id, Disposition.UNKNOWN, ended_at=now, annotation=why) for call_id in call_ids
    ]
    return len(await settle(pool, outcomes))


async def strike_off(pool: Pool, dialer_id: UUID) -> bool:
    """Forget a dialer without calls. Should it only have been frozen, it enters itself again."""
    async with pool.connection() as conn:
        return await unregister_dialer(conn, dialer_id)
