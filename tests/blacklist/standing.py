"""Where contacts of a test stand, and who is listed: the questions these tests ask of the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from outdial.storage.pool import Pool

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)  # Monday 12:00 in New York

_STANDING = """
    select c.phone, c.status, c.failure_reason,
           case when r.contact_id is not null then 'ready' when w.contact_id is not null then 'waiting'
                when d.contact_id is not null then 'dispatched' end as place, w.due_at
    from contacts c
    left join ready_contacts r on r.contact_id = c.id
    left join waiting_contacts w on w.contact_id = c.id
    left join dispatched_contacts d on d.contact_id = c.id
    where c.campaign_id = coalesce(%s, c.campaign_id)
    order by c.seq
"""


async def rows(pool: Pool, query: str, *values: object) -> list[dict[str, Any]]:
    """The rows of a query."""
    async with pool.connection() as conn:
        return await (await conn.execute(query.encode(), values)).fetchall()


async def standing(pool: Pool, campaign_id: object = None) -> list[tuple[str, str | None]]:
    """Status and place of every contact, oldest first."""
    return [(row["status"], row["place"]) for row in await rows(pool, _STANDING, campaign_id)]


async def due(pool: Pool, number: str) -> datetime | None:
    """When a waiting contact is due."""
    return next(row["due_at"] for row in await rows(pool, _STANDING, None) if row["phone"] == number)


async def history(pool: Pool) -> list[tuple[Any, ...]]:
    """What was done to the lists, in order: action, number, who."""
    found = await rows(pool, "select action, number, by_whom from blacklist_history order by id")
    return [tuple(row.values()) for row in found]
