"""Ends channels that nobody should be on any more, and calls the database holds but this dialer does not."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from uuid import UUID

from psycopg import OperationalError

from outdial.attempts.recover import settle_as_unknown
from outdial.dialer.ami import AmiLink
from outdial.dialer.live_calls import LiveCalls
from outdial.domain.clock import Clock
from outdial.domain.errors import Unavailable
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.dialers import list_calls_of
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

PATIENCE_S = 3.0
LOOK_AGAIN_S = 0.2
HEAL_EVERY_S = 10.0
ORPHAN_AFTER_S = 20.0
"""A begin is given up after 10 s; what it may have committed all the same is older than this."""

log = get_logger(__name__)


async def end_channels(link: AmiLink, call_ids: Collection[str]) -> list[str]:
    """Hang up what of `call_ids` is live; returns those that have no channel any more. Raises Unavailable."""
    if not call_ids:
        return []
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + PATIENCE_S
    live = (await link.live_channels()).keys() & set(call_ids)
    for call_id in live:
        await link.hangup(call_id)
    while live and loop.time() < give_up_at:
        await asyncio.sleep(LOOK_AGAIN_S)
        live = (await link.live_channels()).keys() & set(call_ids)
    return [call_id for call_id in call_ids if call_id not in live]


async def run_healing(pool: Pool, link: AmiLink, live: LiveCalls, dialer_id: UUID, clock: Clock) -> None:
    """Settle this dialer's orphans until cancelled: begun in the database, but the answer was lost."""
    while True:
        raise_if_cancelled()
        await asyncio.sleep(HEAL_EVERY_S)
        if not link.connected:
            continue
        try:
            await heal(pool, link, live, dialer_id, clock)
        except (OperationalError, Unavailable, TimeoutError) as error:
            log.warning("orphaned calls wait", reason=str(error) or "timeout")


async def heal(pool: Pool, link: AmiLink, live: LiveCalls, dialer_id: UUID, clock: Clock) -> int:
    """Settle what is in the database under this dialer and not among its calls; returns how many."""
    async with asyncio.timeout(HEAL_EVERY_S):
        async with pool.connection() as conn:
            held = await list_calls_of(conn, dialer_id, ORPHAN_AFTER_S)
        orphans = [call_id for call_id in held if call_id not in live]
        if not orphans:
            return 0
        gone = await end_channels(link, orphans)
        return await settle_as_unknown(pool, gone, clock(), "the dialer lost it")
