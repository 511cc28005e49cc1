"""A campaign's status, its runs and their lease: who may move it where, and when a run is over.

Every change of the status is written down with who made it, in the transaction that makes it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from outdial.domain.campaign import CampaignStatus
from outdial.domain.errors import InvalidInput
from outdial.storage.blacklist import hold_list_still
from outdial.storage.campaign_changes import Actor, CampaignChange, note_change
from outdial.storage.campaigns import (
    Campaign,
    CampaignRun,
    end_lease as drop_lease,
    finish_run,
    lock_campaign,
    own_run,
    read_campaign,
    read_run,
    renew_lease as extend_lease,
    set_status,
)
from outdial.storage.claims import Remaining, read_remaining, recall_claims
from outdial.storage.pool import Connection, Pool

LEASE = timedelta(seconds=90)
"""How long calls go on without word from Airflow that its run is running and its DAG not paused."""

FINISHED: frozenset[CampaignStatus] = frozenset({"completed", "cancelled"})


async def start_run(
    pool: Pool, campaign_id: UUID, run_id: str, contact_limit: int | None, now: datetime
) -> Campaign:
    """Let the DAG run `run_id` work on the campaign; a run started again keeps what it claimed.

    A paused campaign stays paused. Raises InvalidInput where the campaign is finished.
    """
    async with pool.connection() as conn, conn.transaction():
        campaign = await lock_campaign(conn, campaign_id)
        if campaign.status in FINISHED:
            raise InvalidInput(f"campaign {campaign.slug} is {campaign.status}: it calls nobody any more")
        await own_run(conn, CampaignRun(campaign_id, run_id, now, None, None, contact_limit, 0))
        if campaign.status not in ("active", "paused"):
            await _change_status(conn, campaign, "active", _airflow(run_id), now)
        return await read_campaign(conn, campaign_id)


async def renew_lease(pool: Pool, campaign_id: UUID, run_id: str, now: datetime) -> bool:
    """Vouch for the campaign for another 90 s; False where the run does not own it or it has ended."""
    async with pool.connection() as conn:
        return await extend_lease(conn, campaign_id, run_id, now + LEASE)


async def end_lease(pool: Pool, campaign_id: UUID, run_id: str) -> None:
    """Airflow has stopped the run: no attempt begins until it vouches for the campaign again."""
    async with pool.connection() as conn:
        await drop_lease(conn, campaign_id, run_id)


async def pause(pool: Pool, campaign_id: UUID, actor: Actor, now: datetime) -> Campaign:
    """No new attempt begins from this commit on; calls in progress end as they would."""
    return await _move(pool, campaign_id, "paused", ("active",), actor, now)


async def resume(pool: Pool, campaign_id: UUID, actor: Actor, now: datetime) -> Campaign:
    """Go on where the campaign was paused."""
    return await _move(pool, campaign_id, "active", ("paused",), actor, now)


async def cancel(pool: Pool, campaign_id: UUID, actor: Actor, now: datetime) -> Campaign:
    """End the campaign for good; calls in progress end as they would, and the run still reports."""
    of = ("draft", "scheduled", "active", "paused", "failed")
    return await _move(pool, campaign_id, "cancelled", of, actor, now)


async def _move(
    pool: Pool,
    campaign_id: UUID,
    to: CampaignStatus,
    allowed: tuple[CampaignStatus, ...],
    actor: Actor,
    now: datetime,
) -> Campaign:
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        campaign = await lock_campaign(conn, campaign_id)
        if campaign.status == to:
            return campaign
        if campaign.status not in allowed:
            raise InvalidInput(
                f"campaign {campaign.slug} is {campaign.status}; only one that is {' or '.join(allowed)} "
                f"can become {to}"
            )
        await _change_status(conn, campaign, to, actor, now)
        if to != "active":
            await recall_claims(conn, campaign_id)
        return await read_campaign(conn, campaign_id)


async def _change_status(
    conn: Connection,
    campaign: Campaign,
    to: CampaignStatus,
    actor: Actor,
    now: datetime,
    reasons: list[str] | None = None,
) -> None:
    await set_status(conn, campaign.id, to, now, reasons)
    if to != campaign.status:
        change = CampaignChange(now, campaign.status, to, actor.name, actor.way)
        await note_change(conn, campaign.id, change)


def _airflow(run_id: str) -> Actor:
    return Actor(run_id, "airflow")


async def fail_campaign(
    pool: Pool, campaign_id: UUID, run_id: str, reasons: list[str], now: datetime
) -> None:
    """The run cannot go on; the reasons are kept for the report. It may be started again once mended."""
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        campaign = await lock_campaign(conn, campaign_id)
        await own_run(conn, CampaignRun(campaign_id, run_id, now, None, None, None, 0))
        await finish_run(conn, campaign_id, run_id, "failed", now)
        if campaign.status not in FINISHED:
            await _change_status(conn, campaign, "failed", _airflow(run_id), now, reasons)
            await recall_claims(conn, campaign_id)


async def finish_run_if_done(
    pool: Pool, campaign_id: UUID, run_id: str, now: datetime
) -> CampaignStatus | None:
    """Complete the campaign when nothing is left to do in this run and the last call is settled.

    Returns the campaign's status then, and None while the run goes on. Past the end time, contacts still
    to be called stay as they are. A campaign with a schedule waits for its next run as `scheduled`.
    """
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        campaign = await lock_campaign(conn, campaign_id)
        if campaign.status in FINISHED or is_past_end(campaign, now):
            await recall_claims(conn, campaign_id)
        remaining = await read_remaining(conn, campaign_id)
        run = await read_run(conn, campaign_id, run_id)
        if remaining.live or not is_dispatch_over(campaign, remaining, run, now):
            return None
        return await _finish(conn, campaign, remaining, run_id, now)


async def _finish(
    conn: Connection, campaign: Campaign, remaining: Remaining, run_id: str, now: datetime
) -> CampaignStatus:
    result = campaign.status if campaign.status in ("cancelled", "failed") else "completed"
    await finish_run(conn, campaign.id, run_id, result, now)
    if campaign.status in FINISHED or campaign.status == "failed":
        return campaign.status
    status = _status_after_run(campaign, remaining, now)
    await _change_status(conn, campaign, status, _airflow(run_id), now)
    return status


def _status_after_run(campaign: Campaign, remaining: Remaining, now: datetime) -> CampaignStatus:
    if is_past_end(campaign, now):
        return "completed"
    if campaign.schedule:
        return "scheduled"
    return "draft" if remaining.ready or remaining.waiting else "completed"


def is_past_end(campaign: Campaign, now: datetime) -> bool:
    """Whether the campaign's end time has come."""
    return campaign.end_time is not None and now >= campaign.end_time


def is_dispatch_over(
    campaign: Campaign, remaining: Remaining, run: CampaignRun | None, now: datetime
) -> bool:
    """Whether this run has nobody left to dispatch: all done, a trial's limit reached, ended, or stopped."""
    if campaign.status not in ("active", "paused") or is_past_end(campaign, now):
        return True
    if run is not None and run.contact_limit is not None and run.claimed >= run.contact_limit:
        return not remaining.dispatched
    if campaign.status == "paused":
        return False
    return not (
        remaining.ready or remaining.waiting or remaining.dispatched or remaining.live_with_attempts_left
    )
