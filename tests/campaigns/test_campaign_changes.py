"""Every change of a campaign's status is written down, with who made it, and stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from outdial.campaigns.lifecycle import (
    cancel,
    fail_campaign,
    finish_run_if_done,
    pause,
    renew_lease,
    resume,
    start_run,
)
from outdial.domain.errors import InvalidInput
from outdial.storage.campaign_changes import Actor, CampaignChange, newest_changes
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Pool
from tests import given

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
CONSOLE = Actor("a manager", "console")


async def changes(pool: Pool, campaign: Campaign, n: int = 10) -> list[CampaignChange]:
    async with pool.connection() as conn:
        return await newest_changes(conn, campaign.id, n)


async def test_each_change_says_who_made_it_when_and_which_way(pool: Pool) -> None:
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    await pause(pool, campaign.id, given.OPERATOR, LATER)
    await resume(pool, campaign.id, CONSOLE, LATER)
    await cancel(pool, campaign.id, given.OPERATOR, LATER)

    assert await changes(pool, campaign) == [
        CampaignChange(LATER, "active", "cancelled", "ops", "command line"),
        CampaignChange(LATER, "paused", "active", "a manager", "console"),
        CampaignChange(LATER, "active", "paused", "ops", "command line"),
        CampaignChange(NOON, "draft", "active", given.RUN, "airflow"),
    ]
    assert [change.after for change in await changes(pool, campaign, 2)] == ["cancelled", "active"]


async def test_what_a_run_makes_of_a_campaign_is_written_down_as_the_runs(pool: Pool) -> None:
    campaign = await given.a_running_campaign(pool, NOON, [])
    await fail_campaign(pool, campaign.id, given.RUN, ["no audio"], NOON)
    await start_run(pool, campaign.id, "again", None, LATER)
    await renew_lease(pool, campaign.id, "again", LATER)
    assert await finish_run_if_done(pool, campaign.id, "again", LATER) == "completed"

    assert (await changes(pool, campaign))[:3] == [
        CampaignChange(LATER, "active", "completed", "again", "airflow"),
        CampaignChange(LATER, "failed", "active", "again", "airflow"),
        CampaignChange(NOON, "active", "failed", given.RUN, "airflow"),
    ]


async def test_what_changes_nothing_is_not_written_down(pool: Pool) -> None:
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    await pause(pool, campaign.id, given.OPERATOR, NOON)
    before = await changes(pool, campaign)

    await pause(pool, campaign.id, CONSOLE, LATER)
    await start_run(pool, campaign.id, given.RUN, None, LATER)
    await cancel(pool, campaign.id, given.OPERATOR, LATER)
    with pytest.raises(InvalidInput):
        await resume(pool, campaign.id, CONSOLE, LATER)
    await fail_campaign(pool, campaign.id, given.RUN, ["too late"], LATER)

    assert (await changes(pool, campaign))[1:] == before


@pytest.mark.parametrize(
    "statement",
    [
        "update campaign_changes set changed_by = 'nobody'",
        "delete from campaign_changes",
        "truncate campaign_changes",
    ],
)
async def test_what_was_written_down_stays(pool: Pool, statement: str) -> None:
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))

    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        async with pool.connection() as conn:
            await conn.execute(statement)  # type: ignore[arg-type]

    assert len(await changes(pool, campaign)) == 1
