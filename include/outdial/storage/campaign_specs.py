"""What shapes the campaigns' DAGs; the DAG bundle renders it to files."""

from __future__ import annotations

from typing import Any

from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("campaign_specs")


async def read_campaign_specs(conn: Connection) -> dict[str, dict[str, Any]]:
    """The written spec of every campaign, by slug, not yet checked: one wrong row must not hide others."""
    rows = await (await conn.execute(_SQL["read"])).fetchall()
    return {row["slug"]: row["spec"] for row in rows}
