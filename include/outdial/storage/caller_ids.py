"""How often caller ids with limits were used; begin attempt reads and counts each use in its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from outdial.domain.caller_ids import CallerId
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("caller_ids")


@dataclass(frozen=True)
class CallerIdUses:
    """How often a caller id was used so far; `earlier` as `domain.caller_ids.spent_until` wants it."""

    number: str
    uses: int
    last_used_at: datetime | None
    earlier: Sequence[datetime | None]


async def read_uses(conn: Connection, caller_ids: Sequence[CallerId]) -> dict[str, CallerIdUses]:
    """The uses of each, by its number."""
    wanted = [{"number": one.number, "limits": [limit.uses for limit in one.limits]} for one in caller_ids]
    rows = await (await conn.execute(_SQL["read_uses"], {"wanted": Jsonb(wanted)})).fetchall()
    return {row["number"]: CallerIdUses(**row) for row in rows}


async def take_use(conn: Connection, seen: CallerIdUses, now: datetime) -> bool:
    """Count one more use; False where somebody else used it since it was `seen`."""
    values = {"number": seen.number, "uses": seen.uses, "now": now}
    return await (await conn.execute(_SQL["take_use"], values)).fetchone() is not None


async def note_use(conn: Connection, number: str, now: datetime) -> None:
    """Count a use by a campaign without a limit on it, where another campaign has one."""
    await conn.execute(_SQL["note_use"], {"number": number, "now": now})
