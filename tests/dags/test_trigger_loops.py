"""Triggers at work on a real database and a real queue, when what they need is gone or they exist twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from airflow.triggers.base import TriggerEvent

from outdial.campaigns.lifecycle import cancel
from outdial.domain.clock import utc_now
from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.task_queue import open_task_queue
from outdial.standalone.ports import choose_ports
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.claims import read_standing
from outdial.storage.pool import Pool, open_pool
from outdial.workflow import patience
from outdial.workflow.campaign_trigger import CampaignTrigger
from outdial.workflow.dispatch_trigger import DispatchTrigger
from outdial.workflow.monitor_trigger import MonitorTrigger
from tests import given


@pytest.fixture
async def pool(outdial_database: str) -> AsyncIterator[Pool]:
    """A pool of the test's own on the database that the settings name."""
    async with open_pool(outdial_database, max_size=4) as opened:
        yield opened


@pytest.fixture
def closed_port() -> int:
    """A port where nobody listens."""
    return choose_ports(["closed"], wished={})["closed"]


@pytest.fixture(autouse=True)
def addresses(
    aws_endpoint: str, dial_queue: QueueAddress, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings name the test's queue, and an Airflow that does not answer."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    monkeypatch.setenv("DIAL_TASKS_QUEUE_URL", dial_queue.queue_url)
    monkeypatch.setenv("DIAL_TASKS_DLQ_URL", dial_queue.dlq_url)
    monkeypatch.setenv("SMS_REQUESTS_QUEUE_URL", dial_queue.queue_url)
    monkeypatch.setenv("SMS_REQUESTS_DLQ_URL", dial_queue.dlq_url)
    monkeypatch.setenv("AIRFLOW_URL", f"http://127.0.0.1:{closed_port}")


@asynccontextmanager
async def running(*triggers: CampaignTrigger) -> AsyncIterator[list[asyncio.Task[TriggerEvent]]]:
    """The triggers' events to come, while the triggers run as they do in a triggerer."""
    tasks = [asyncio.ensure_future(anext(trigger.run())) for trigger in triggers]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def dispatch_of(campaign: Campaign) -> DispatchTrigger:
    return DispatchTrigger(f"campaign__{campaign.slug}", given.RUN, str(campaign.id))


async def test_a_database_that_is_down_is_waited_out(
    pool: Pool, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "FIRST_DELAY_S", 0.05)
    campaign = await given.a_campaign(pool, utc_now())
    await cancel(pool, campaign.id, given.OPERATOR, utc_now())
    async with running(dispatch_of(campaign)) as [event]:
        with monkeypatch.context() as outage:
            outage.setenv("DB_PORT", str(closed_port))
            await asyncio.sleep(1)
            assert not event.done()
        assert (await asyncio.wait_for(event, timeout=40)).payload == {
            "contactCount": 0,
            "batchesPushed": 0,
            "campaignId": str(campaign.id),
            "campaignName": campaign.name,
            "needsMoreContacts": False,
        }


async def test_two_copies_of_a_trigger_send_every_dial_task_once(
    pool: Pool, dial_queue: QueueAddress
) -> None:
    campaign = await given.a_running_campaign(pool, utc_now(), given.phones(60), maxConcurrentCalls=60)
    async with running(dispatch_of(campaign), dispatch_of(campaign)), open_task_queue(dial_queue) as queue:
        asked = [message for _ in range(8) for message in await queue.receive(10, wait_s=2)]
    called = [json.loads(message.body)["contactId"] for message in asked]
    assert (len(called), len(set(called))) == (60, 60)


async def test_without_airflow_the_lease_is_not_renewed_and_the_trigger_stays(pool: Pool) -> None:
    campaign = await given.a_running_campaign(pool, utc_now(), given.phones(2))
    async with running(dispatch_of(campaign)) as [event]:
        await asyncio.sleep(4)
        assert not event.done()
    async with pool.connection() as conn:
        now = await read_campaign(conn, campaign.id)
        standing = await read_standing(conn, campaign.id)
    assert now.run_lease_until == campaign.run_lease_until
    assert standing.dispatched == 2


async def test_a_killed_trigger_ends_the_lease_at_once(pool: Pool) -> None:
    campaign = await given.a_running_campaign(pool, utc_now(), given.phones(2))
    await dispatch_of(campaign).on_kill()
    async with pool.connection() as conn:
        assert (await read_campaign(conn, campaign.id)).run_lease_until is None


async def test_monitor_ends_the_run_of_a_campaign_whose_end_has_come(pool: Pool) -> None:
    begins, ends = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    campaign = await given.a_running_campaign(
        pool, begins, given.phones(3), startTime=begins.isoformat(), endTime=ends.isoformat()
    )
    trigger = MonitorTrigger(f"campaign__{campaign.slug}", given.RUN, str(campaign.id))
    async with running(trigger) as [event]:
        assert (await asyncio.wait_for(event, timeout=20)).payload == {"status": "completed"}


async def test_the_result_of_a_campaign_says_what_its_channels_did(pool: Pool) -> None:
    of_calls = {"contactCount", "batchesPushed", "campaignId", "campaignName", "needsMoreContacts"}
    of_texts = {"campaignId", "totalContacts", "sentCount", "skippedCount", "failedCount", "errors"}
    for config, expected in (
        ({"type": "sms"}, of_texts),
        ({"type": "hybrid"}, of_calls | of_texts),
        ({"type": "voice"}, of_calls),
    ):
        campaign = await given.a_campaign(pool, utc_now(), smsTemplate="Hello", **config)
        await cancel(pool, campaign.id, given.OPERATOR, utc_now())
        async with running(dispatch_of(campaign)) as [event]:
            result = (await asyncio.wait_for(event, timeout=40)).payload
        assert set(result) == expected
        assert result["campaignId"] == str(campaign.id)
