"""Slots from PostgreSQL, while Redis is lost: one reservation at a time, from one locked row.

Here a pace knows only its next free slot. A campaign or trunk slower than the whole may therefore make the
others wait, but only briefly: beyond that it gets no slot ahead of time and asks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from outdial.pacing.requests import HORIZON_S, PaceGap, Reserved, is_too_late
from outdial.storage.pace import Authority, SlotTimes, hold_authority, read_slot_times, write_next_slots
from outdial.storage.pool import Connection
from outdial.telemetry.logs import get_logger

_HORIZON_US = round(HORIZON_S * 1_000_000)

LONGEST_WAIT_FOR_OTHERS_US = 20_000
"""How long one slow campaign's slot may hold up everybody's."""

log = get_logger(__name__)


async def reserve_from_postgres(
    conn: Connection, gaps: Sequence[PaceGap], n: int
) -> tuple[Authority, Reserved]:
    """Up to `n` slots, and the authority as it stands: where that is Redis again there are none."""
    async with conn.transaction():
        authority = await hold_authority(conn)
        if authority.source != "postgres":
            return authority, Reserved(0, [])
        keys = [gap.key for gap in gaps]
        asked_at_s = asyncio.get_running_loop().time()
        times = await read_slot_times(conn, keys)
        starts, next_us = plan_slots(times, [gap.gap_us for gap in gaps], n)
        if starts:
            await write_next_slots(conn, keys, next_us)
    if is_too_late(asked_at_s, asyncio.get_running_loop().time()):
        log.warning("slots came too late to be used", slots=len(starts))
        return authority, Reserved(times.now_us, [])
    return authority, Reserved(times.now_us, starts)


def plan_slots(times: SlotTimes, gaps_us: Sequence[int], n: int) -> tuple[list[int], list[int]]:
    """Starts of up to `n` slots, and the next free slot of each pace after them; all in microseconds.

    The pace of all calls comes first in `times.next_us` and `gaps_us`.
    """
    last_us = times.now_us + _HORIZON_US
    # A next slot further ahead than any can be is from before the clock was set back.
    next_us = [min(at, last_us + gap) for at, gap in zip(times.next_us, gaps_us, strict=True)]
    starts: list[int] = []
    while len(starts) < n:
        free_us = max(times.now_us, times.opens_us, next_us[0])
        start = max(free_us, *next_us)
        if start > last_us or start - free_us > LONGEST_WAIT_FOR_OTHERS_US:
            break
        starts.append(start)
        next_us = [start + gap for gap in gaps_us]
    return starts, next_us
