"""How far a campaign is: the status figures, read from rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.domain.campaign import CampaignStatus
from outdial.storage.campaigns import read_campaign
from outdial.storage.pool import Connection, Pool
from outdial.storage.progress import count_calls, count_contacts, count_texts, insert_figures

RECENT = timedelta(seconds=5)


class Progress(BaseModel):
    """Figures of one moment. `failed` includes `waiting`: contacts that will be tried again.

    `live` and all without `texts` in their name are of calls. `texts_sent` are those the carrier took,
    whatever became of them; `texts_failed` the undelivered and the refused; `texts_in_progress` those the
    carrier has not answered for. `replied` counts people.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    status: CampaignStatus
    total: int
    pending: int
    in_progress: int
    completed: int
    failed: int
    waiting: int
    blacklisted: int
    originates: int
    attempts: int
    live: int
    answered: int
    busy: int
    no_answer: int
    not_connected: int
    converted: int
    opted_out: int
    texts: int = 0
    texts_in_progress: int = 0
    texts_sent: int = 0
    texts_delivered: int = 0
    texts_failed: int = 0
    texts_unknown: int = 0
    replied: int = 0
    opted_out_by_reply: int = 0
    calls_per_second: float
    texts_per_second: float = 0
    completion_percent: float
    needs_more_contacts: bool


async def read_progress(conn: Connection, campaign_id: UUID, now: datetime) -> Progress:
    """The campaign's figures at `now`, as one snapshot saw them if the caller's transaction is one."""
    campaign = await read_campaign(conn, campaign_id)
    contacts = await count_contacts(conn, campaign_id)
    calls = await count_calls(conn, campaign_id, now - RECENT)
    recent = calls.pop("recent")
    texts = await count_texts(conn, campaign_id, now - RECENT)
    recent_texts = texts.pop("recent")
    unfinished = contacts["pending"] + contacts["in_progress"] + contacts["waiting"]
    done = contacts["total"] - unfinished
    return Progress(
        status=campaign.status,
        **contacts,
        **calls,
        **texts,
        calls_per_second=recent / RECENT.total_seconds(),
        texts_per_second=recent_texts / RECENT.total_seconds(),
        completion_percent=round(100 * done / contacts["total"], 1) if contacts["total"] else 100.0,
        needs_more_contacts=contacts["pending"] + contacts["waiting"] > 0,
    )


async def record_progress(pool: Pool, campaign_id: UUID, now: datetime) -> Progress:
    """Read the figures and keep them; dispatch and monitor do so every minute."""
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("set transaction isolation level repeatable read")
        progress = await read_progress(conn, campaign_id, now)
        await insert_figures(conn, campaign_id, progress.model_dump(by_alias=True), now)
    return progress
