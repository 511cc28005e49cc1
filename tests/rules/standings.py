"""Where every contact of a database stands, as one word and a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from outdial.storage.pool import Connection

Standing = tuple[str, datetime | None]

_STANDINGS = """
    select c.id, c.status, c.failure_reason, r.contact_id is not null as is_ready, w.due_at,
           d.contact_id is not null as is_dispatched, d.not_after,
           l.contact_id is not null or t.contact_id is not null as is_live
    from contacts c
    left join ready_contacts r on r.contact_id = c.id
    left join waiting_contacts w on w.contact_id = c.id
    left join dispatched_contacts d on d.contact_id = c.id
    left join live_calls l on l.contact_id = c.id
    left join live_texts t on t.contact_id = c.id
"""


async def standings(conn: Connection) -> dict[UUID, Standing]:
    """Where everybody stands: one word, and until when."""
    rows = await (await conn.execute(_STANDINGS)).fetchall()
    return {row["id"]: _standing(row) for row in rows}


def _standing(row: dict[str, Any]) -> Standing:
    places = {
        "ready": row["is_ready"],
        "waiting": row["due_at"] is not None,
        "dispatched": row["is_dispatched"],
        "live": row["is_live"],
    }
    (word,) = [place for place, stands in places.items() if stands] or [
        row["failure_reason"] or row["status"]
    ]
    return word, row["due_at"] or row["not_after"]
