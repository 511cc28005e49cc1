"""Texts with links, as begin text leaves them in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from outdial.storage.links import NewLink, insert_links, take_link_ids
from outdial.storage.pool import Pool

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = b"a secret of the tests"
KEPT = timedelta(days=30)

_RECORD = """
insert into sms_records (request_id, origin, contact_id, campaign_id, phone, sender, carrier, body, encoding,
                         parts, gateway_id, begun_at, state)
select gen_random_uuid(), 'campaign', id, campaign_id, phone, 'Outdial', 'smpp', 'Hello', 'GSM-7',
       1, gen_random_uuid(), %(now)s, %(state)s
from contacts where campaign_id = %(campaign_id)s order by seq limit 1
returning id
"""


async def a_text(pool: Pool, campaign_id: UUID, urls: Sequence[str], state: str = "sent") -> list[int]:
    """A text to the campaign's contact with links to `urls`, kept 30 days; returns their ids."""
    async with pool.connection() as conn, conn.transaction():
        ids = await take_link_ids(conn, len(urls))
        values = {"campaign_id": campaign_id, "now": NOW, "state": state}
        row = await (await conn.execute(_RECORD, values)).fetchone()
        assert row
        links = [
            NewLink(link_id, row["id"], position, url, NOW + KEPT)
            for position, (link_id, url) in enumerate(zip(ids, urls, strict=True))
        ]
        await insert_links(conn, links)
    return ids


async def visits_in(pool: Pool) -> list[tuple[int, str, str]]:
    """Each visit written down: its link, who came, and what it called itself."""
    async with pool.connection() as conn:
        rows = await (await conn.execute("select * from sms_link_visits order by at, link_id")).fetchall()
    return [(row["link_id"], row["visitor"], row["agent"]) for row in rows]
