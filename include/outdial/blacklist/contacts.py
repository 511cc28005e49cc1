"""Keeps contacts in step with the lists: swept when they are listed, brought back when nothing lists them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from psycopg.rows import DictRow

from outdial.domain.calling_rules import timetables_for
from outdial.domain.campaign import CampaignConfig
from outdial.domain.dispositions import Disposition
from outdial.domain.retries import CallingTime, retry_at
from outdial.storage.blacklist import hold_changes
from outdial.storage.listed_contacts import (
    NUMBERS_AT_ONCE,
    Swept,
    bring_back,
    find_kept_back,
    numbers_standing_under,
    sweep_contacts,
)
from outdial.storage.pool import Connection, Pool


async def sweep(pool: Pool, numbers: Sequence[str], now: datetime) -> Swept:
    """Take contacts with these numbers out of ready and waiting, where they are listed by now."""
    swept = Swept()
    for start in range(0, len(numbers), NUMBERS_AT_ONCE):
        async with pool.connection() as conn, conn.transaction():
            await hold_changes(conn)
            swept += await sweep_contacts(conn, numbers[start : start + NUMBERS_AT_ONCE], now)
    return swept


async def sweep_under(pool: Pool, prefix: str, now: datetime) -> Swept:
    """Take contacts under `prefix` out of ready and waiting, where they are listed by now."""
    swept = Swept()
    async with pool.connection() as conn:
        async for numbers in numbers_standing_under(conn, prefix):
            swept += await sweep(pool, numbers, now)
    return swept


async def release_kept(
    conn: Connection, numbers: Collection[str], untils: Collection[datetime], now: datetime
) -> int:
    """Bring back contacts with these numbers that nothing lists any more, or not for good.

    `untils` are the ends of the listings that are gone: who waits for one of them need not. A contact that
    was called before comes back no earlier than its retry was due. Returns how many came back.
    """
    kept = await find_kept_back(conn, numbers, untils, now)
    return await bring_back(
        conn, [row["contact_id"] for row in kept], [_due_at(row, now) for row in kept], now
    )


def _due_at(row: DictRow, now: datetime) -> datetime | None:
    """When a contact may be called again; None is now."""
    due = max((moment for moment in (_retry_due(row), row["listed_until"]) if moment), default=None)
    return due if due is not None and due > now else None


def _retry_due(row: DictRow) -> datetime | None:
    if row["ended_at"] is None:
        return None
    config = CampaignConfig.model_validate(row["config"])
    rule = config.retry_rules.get(Disposition(row["disposition"]))
    if rule is None:
        return None
    zones = [ZoneInfo(zone) for zone in row["zones"]]
    time = CallingTime(timetables_for(config, row["regions"]), zones, row["end_time"])
    # No window may be left before the end; the delay holds all the same.
    return retry_at(rule, row["ended_at"], time) or row["ended_at"] + timedelta(seconds=rule.delay_seconds)
