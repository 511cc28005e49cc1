"""A trunk that dies under a running campaign loses its share, somebody is told, and it recovers by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from outdial.dialer.pace_lead import PaceConfig
from outdial.domain.clock import utc_now
from outdial.messaging.announcing import EventTopics
from outdial.messaging.queue_address import QueueAddress
from outdial.pacing.gathering import Windows
from outdial.pacing.rules import Rules, Steps
from outdial.simulator.network import simulated_network
from outdial.storage.campaigns import Campaign
from tests import given
from tests.dialer.heard import Heard, heard_topic
from tests.dialer.stage import AT_ONCE, Stage, a_scenario, eventually

pytestmark = pytest.mark.timeout(180)

CPS = 20
QUICK_LOOKS = PaceConfig(
    look_every_s=0.2,
    rules=Rules(again_after_s=5, trunk=Steps(least=0.05, up=2, every_s=0.5)),
    windows=Windows(trunk_window_s=20, trunk_known_after_s=0.5),
)


@pytest.fixture
async def topic(address: QueueAddress) -> AsyncIterator[tuple[str, Heard]]:
    """A topic of the test's own and a queue that hears it."""
    async with heard_topic(address) as topic:
        yield topic


async def _keep_dispatching(stage: Stage, campaign: Campaign) -> None:
    while True:
        await stage.dispatch(campaign, max_cps=CPS)
        await asyncio.sleep(0.2)


async def _calls(stage: Stage, trunk: str) -> int:
    (row,) = await stage.rows("select count(*) as n from call_records where trunk = %s", trunk)
    return row["n"]


async def _until_both_carry_calls(stage: Stage) -> None:
    async def both() -> bool:
        return min(await _calls(stage, "alpha"), await _calls(stage, "beta")) >= 15

    await eventually(both, within_s=30)


async def _until_alphas_share_is(stage: Stage, share: float) -> None:
    async def is_so() -> bool:
        rows = await stage.rows("select factor from pace_factors where key = 'trunk:alpha'")
        return (rows[0]["factor"] if rows else 1) == share

    await eventually(is_so, within_s=90, every_s=0.1)


async def _until_heard(heard: Heard, event: str) -> list[dict[str, Any]]:
    async def has_come() -> bool:
        return bool(await heard.of(event))

    await eventually(has_come, within_s=15, every_s=0.2)
    return await heard.of(event)


async def _until_nobody_calls(stage: Stage) -> None:
    await stage.rows("update campaigns set status = 'paused' returning id")

    async def all_settled() -> bool:
        return await stage.number("select count(*) from live_calls") == 0

    await eventually(all_settled, within_s=30)


async def test_a_trunk_that_dies_loses_its_share_and_gets_it_back_when_it_is_mended(
    stage: Stage, topic: tuple[str, Heard]
):
    arn, heard = topic
    campaign = await given.a_running_campaign(
        stage.pool,
        utc_now(),
        given.phones(3000),
        trunks=["alpha", "beta"],
        retry={"trunk_down": AT_ONCE},
        ringTimeoutSeconds=5,
    )
    scenario = a_scenario(trunks=["alpha", "beta"], patience_s=0.2)
    async with (
        simulated_network(scenario) as network,
        stage.dialer(network, max_cps=CPS, topics=EventTopics(notifications=arn), pace=QUICK_LOOKS),
    ):
        calling = asyncio.create_task(_keep_dispatching(stage, campaign))
        await _until_both_carry_calls(stage)
        assert await stage.rows("select key from pace_factors") == []

        network.kill_trunk("alpha")
        await _until_alphas_share_is(stage, 0.05)
        _says_what_is_wrong(await _until_heard(heard, "trunk.unhealthy"))
        await _only_probes_go_over_alpha(stage)

        network.mend_trunk("alpha")
        await _until_alphas_share_is(stage, 1)
        (recovered,) = await _until_heard(heard, "trunk.recovered")
        assert (recovered["trunk"], recovered["after"]) == ("alpha", 1)

        calling.cancel()
        await _until_nobody_calls(stage)
        await _nobody_was_counted_for_it(stage)
        await _the_history_tells_all(stage)
        await stage.assert_sound(network, max_cps=CPS)


def _says_what_is_wrong(events: list[dict[str, Any]]) -> None:
    first = events[0]
    assert (first["trunk"], first["before"]) == ("alpha", 1)
    assert first["after"] < 1
    assert "over alpha met congestion or a dead trunk" in first["reason"]


async def _only_probes_go_over_alpha(stage: Stage) -> None:
    alpha, beta = await _calls(stage, "alpha"), await _calls(stage, "beta")
    await asyncio.sleep(4)
    probes = await _calls(stage, "alpha") - alpha
    assert 0 < probes <= 8  # a twentieth of the pace, where half of all calls went before
    assert await _calls(stage, "beta") - beta > probes


async def _nobody_was_counted_for_it(stage: Stage) -> None:
    assert await stage.number("select count(*) from call_records where disposition = 'trunk_down'") > 10
    assert await stage.number("select max(attempts) from contacts") == 1


async def _the_history_tells_all(stage: Stage) -> None:
    changes = await stage.rows("select * from pace_changes where key = 'trunk:alpha' order by id")
    steps = [(change["before"], change["after"]) for change in changes]
    assert (steps[0][0], steps[-1][1]) == (1, 1)
    assert all(earlier[1] == later[0] for earlier, later in pairwise(steps))
    assert all(change["figures"]["calls"] >= 5 for change in changes)
    assert len([after for before, after in steps if after > before]) >= 5
