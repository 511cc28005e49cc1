"""A lowered pace is dispatched for as it stands: what the dialers will not soon begin is not queued."""

from __future__ import annotations

import pytest

from outdial.campaigns.dispatch import DispatchLimits, dispatch_tick
from outdial.campaigns.pace_in_force import cps_in_force
from outdial.domain.channels import Channel
from outdial.domain.clock import utc_now
from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.task_queue import open_task_queue
from outdial.storage.pace_factors import Hold, hold_pace
from outdial.storage.pool import Pool
from tests import given

TRUNKS = [{"name": "alpha", "cps": 10}, {"name": "beta", "cps": 30}]


@pytest.mark.parametrize(
    ("factors", "cps"),
    [
        ({}, 40),
        ({"all": 0.25}, 25),
        ({"campaign": 0.5}, 25),
        ({"trunk:alpha": 0.05, "trunk:beta": 0.05}, 2),
        ({"trunk:beta": 0.1}, 13),
        ({"trunk:gamma": 0.1}, 40),
    ],
)
async def test_the_narrowest_pace_counts(pool: Pool, factors: dict[str, float], cps: float) -> None:
    campaign = await given.a_campaign(pool, utc_now(), maxCps=50, trunks=TRUNKS)
    named = {key if key != "campaign" else f"campaign:{campaign.id}": value for key, value in factors.items()}
    assert cps_in_force(campaign, 100, named) == pytest.approx(cps)


async def test_a_campaign_is_no_faster_than_the_numbers_it_calls_from(pool: Pool) -> None:
    ids = [{"number": number, "cps": 3} for number in given.phones(2)]
    campaign = await given.a_campaign(pool, utc_now(), maxCps=50, callerIds=ids)
    assert cps_in_force(campaign, 100, {}) == 6


async def test_dispatch_queues_no_more_than_the_lowered_pace_soon_begins(
    pool: Pool, dial_queue: QueueAddress
) -> None:
    now = utc_now()
    campaign = await given.a_running_campaign(pool, now, given.phones(60))
    async with pool.connection() as conn:
        await hold_pace(conn, Hold("all", 0.2, "dana", "a test"), now)
    async with open_task_queue(dial_queue) as queue:
        limits = DispatchLimits(batch_size=100, max_cps=10, horizon_s=4)
        result = await dispatch_tick(pool, {Channel.VOICE: queue}, campaign.id, given.RUN, limits, now)
    assert result.contact_count == 8
