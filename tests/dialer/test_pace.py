"""The pace as the telephony side sees it, with Redis up and with Redis killed in mid-run."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from outdial.domain.clock import utc_now
from outdial.simulator.network import simulated_network
from outdial.standalone.child_environment import child_environment
from outdial.standalone.part import RunningPart, start_part, stop_part
from outdial.standalone.ports import choose_ports
from outdial.standalone.valkey import ValkeyServer, valkey_part
from tests import given
from tests.dialer.stage import NEVER_AGAIN, Stage, a_scenario, eventually

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def mortal_redis(tmp_path: Path) -> AsyncIterator[tuple[str, RunningPart]]:
    """A Redis that a test may kill, and its URL."""
    port = choose_ports(("valkey",), wished={})["valkey"]
    server = ValkeyServer(tmp_path / "data", tmp_path / "log", port, secrets.token_hex(16))
    running = await start_part(valkey_part(server, child_environment(os.environ)))
    yield server.url, running
    await stop_part(running)


async def test_originates_stay_within_the_pace_of_all_dialers_together(stage: Stage):
    numbers = given.phones(60)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **NEVER_AGAIN)
    async with (
        simulated_network(a_scenario(patience_s=0.2)) as network,
        stage.dialer(network, max_cps=10),
        stage.dialer(network, max_cps=10),
    ):
        await stage.run_campaigns(campaign, within_s=60, max_cps=10)
        assert sorted(seen.number for seen in network.originates) == numbers
        await stage.assert_sound(network, max_cps=10)


async def test_a_redis_killed_in_mid_run_stops_no_calls_and_loosens_no_pace(
    stage: Stage, mortal_redis: tuple[str, RunningPart]
):
    url, redis = mortal_redis
    numbers = given.phones(60)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **NEVER_AGAIN)
    async with (
        simulated_network(a_scenario(patience_s=0.2)) as network,
        stage.dialer(network, max_cps=10, redis_url=url),
        stage.dialer(network, max_cps=10, redis_url=url),
    ):
        calling = asyncio.create_task(stage.run_campaigns(campaign, within_s=80, max_cps=10))
        await eventually(lambda: len(network.originates) >= 15, within_s=30)
        redis.process.kill()
        await calling
        assert sorted(seen.number for seen in network.originates) == numbers
        assert await stage.rows("select source from pace_authority") == [{"source": "postgres"}]
        await stage.assert_sound(network, max_cps=10)
