"""Progress: every contact is counted once, and those to be called again are not taken for finished."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from outdial.attempts.begin import Begun, Permit, begin_attempt
from outdial.attempts.settle import CallOutcome, settle
from outdial.campaigns.dispatch import DispatchLimits, dispatch_tick
from outdial.campaigns.progress import read_progress
from outdial.domain.channels import Channel
from outdial.domain.dial_task import DialTask
from outdial.domain.dispositions import Disposition
from outdial.messaging.task_queue import TaskQueue
from outdial.storage.claims import promote_due
from outdial.storage.pool import Pool
from tests import given

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)


async def test_a_contact_is_to_be_called_again_before_and_after_it_is_due(pool: Pool, queue: TaskQueue):
    retry = {"busy": {"delaySeconds": 60}}
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1), retry=retry)
    await dispatch_tick(
        pool, {Channel.VOICE: queue}, campaign.id, given.RUN, DispatchLimits(10, 10, 10), NOON
    )
    (message,) = await queue.receive(1, 1)
    permit = Permit(await given.a_dialer(pool, NOON), "trunk", 1)
    begun = await begin_attempt(pool, DialTask.model_validate_json(message.body), permit, NOON)
    assert isinstance(begun, Begun)

    async with pool.connection() as conn:
        ringing = await read_progress(conn, campaign.id, NOON)
        await settle(pool, [CallOutcome(begun.call_id, Disposition.BUSY, NOON)])
        waiting = await read_progress(conn, campaign.id, NOON)
        await promote_due(conn, campaign.id, NOON + timedelta(seconds=60), 10)
        due = await read_progress(conn, campaign.id, NOON)

    assert (ringing.in_progress, ringing.live, ringing.failed) == (1, 1, 0)
    for figures in (waiting, due):
        assert (figures.failed, figures.waiting, figures.busy) == (1, 1, 1)
        assert figures.needs_more_contacts
        assert figures.completion_percent == 0
