"""Dialer processes that are killed, frozen and told to stop in mid-campaign."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from outdial.domain.clock import utc_now
from outdial.simulator.network import SimulatedNetwork, simulated_network
from outdial.standalone.aws import CREDENTIALS
from outdial.standalone.child_environment import child_environment
from tests import given
from tests.dialer.stage import NEVER_AGAIN, Stage, a_scenario, eventually

pytestmark = pytest.mark.timeout(150)

DEAD_S = 60
"""A dead dialer's calls are settled, and their numbers and places free, within a minute."""


@asynccontextmanager
async def a_process(
    stage: Stage, network: SimulatedNetwork, log: Path, *words: str
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """`outdial dialer` as a process of its own; killed at the end where it still runs."""
    dsn = urlsplit(stage.dsn)
    environment = child_environment(
        os.environ,
        DB_HOST=dsn.hostname or "",
        DB_PORT=str(dsn.port),
        DB_NAME=dsn.path.lstrip("/"),
        DB_USER=dsn.username or "",
        DB_PASSWORD=dsn.password or "",
        REDIS_URL=stage.redis_url,
        AWS_ENDPOINT_URL=stage.address.endpoint_url or "",
        DIAL_TASKS_QUEUE_URL=stage.address.queue_url,
        DIAL_TASKS_DLQ_URL=stage.address.dlq_url,
        AMI_PORT=str(network.ami_port),
        AMI_SECRET="dialer",
        AGI_PORT="0",
        AUDIO_PORT="0",
        RECORDING_PORT="0",
        MAX_CPS="20",
        **CREDENTIALS,
    )
    command = [sys.executable, "-c", "from outdial.cli.main import main; main()", "dialer", *words]
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=stream)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()


async def until_linked(network: SimulatedNetwork, links: int) -> None:
    await eventually(lambda: network.links == links, within_s=40, every_s=0.05)


async def no_dialer_but(stage: Stage, dialers: int) -> bool:
    return await stage.number("select count(*) from dialers") == dialers


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_dialer_killed_or_frozen_in_mid_campaign_leaves_no_call_open_and_repeats_none(
    stage: Stage, tmp_path: Path, how: signal.Signals
):
    numbers = given.phones(60)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **NEVER_AGAIN)
    scenario = a_scenario(ring_s=[0.2, 1.5], patience_s=[1, 3], prompt_s=1)
    async with simulated_network(scenario) as network, a_process(stage, network, tmp_path / "1") as first:
        await until_linked(network, 1)
        calling = asyncio.create_task(stage.run_campaigns(campaign, within_s=DEAD_S + 40))
        await eventually(lambda: len(network.originates) >= 10, within_s=30)
        first.send_signal(how)
        async with a_process(stage, network, tmp_path / "2"):
            await calling
            called = [seen.number for seen in network.originates]
            unknown = await stage.rows("select * from call_records where disposition = 'unknown'")
            assert unknown
            assert len(called) == len(set(called))
            # A dialer may die after an attempt is recorded and before it is originated: nobody can know.
            assert {*called, *(call["phone"] for call in unknown)} == set(numbers)
            assert all(call["counted"] for call in unknown)
            assert {call["annotation"] for call in unknown} == {"its dialer died"}
            # What froze finds out when it wakes: it calls nobody it had begun before, and signs on again.
            if how == signal.SIGSTOP:
                await eventually(lambda: no_dialer_but(stage, 1), within_s=10)
                first.send_signal(signal.SIGCONT)
                await eventually(lambda: no_dialer_but(stage, 2), within_s=20)
            assert [seen.number for seen in network.originates] == called
            await eventually(lambda: network.live_channels == [], within_s=20)
            await stage.assert_sound(network)


async def test_sigterm_gives_back_what_waits_lets_calls_end_and_leaves_nothing_open(
    stage: Stage, tmp_path: Path
):
    numbers = given.phones(60)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **NEVER_AGAIN)
    scenario = a_scenario(ring_s=[0.2, 1], patience_s=[1, 2], prompt_s=1)
    async with (
        simulated_network(scenario) as network,
        a_process(stage, network, tmp_path / "1", "--drain-timeout", "20") as process,
    ):
        await until_linked(network, 1)
        await stage.dispatch(campaign, horizon_s=15)
        await eventually(lambda: len(network.originates) >= 5, within_s=30)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(40):
            assert await process.wait() == 0
        called = len(network.originates)
        assert called < 60
        assert await stage.dispositions() == {"answered": called}
        assert await stage.number("select count(*) from live_calls") == 0
        assert await no_dialer_but(stage, 0)
        await stage.assert_sound(network)
        async with a_process(stage, network, tmp_path / "2"):
            await stage.run_campaigns(campaign, within_s=60)
        assert sorted(seen.number for seen in network.originates) == numbers
        await stage.assert_sound(network)


async def test_calls_longer_than_the_drain_are_hung_up_and_settled(stage: Stage, tmp_path: Path):
    campaign = await given.a_running_campaign(stage.pool, utc_now(), given.phones(4), **NEVER_AGAIN)
    ringing, talking = {"ring_s": 60}, {"patience_s": 60}
    numbers = dict(zip(given.phones(4), [ringing, ringing, talking, talking], strict=True))
    async with (
        simulated_network(a_scenario(numbers=numbers, prompt_s=60)) as network,
        a_process(stage, network, tmp_path / "1", "--drain-timeout", "1") as process,
    ):
        await until_linked(network, 1)
        await stage.dispatch(campaign)
        await eventually(lambda: len(network.live_channels) == 4, within_s=30)
        await asyncio.sleep(1)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await process.wait() == 0
        assert await stage.dispositions() == {"cancelled": 2, "answered": 2}
        assert await no_dialer_but(stage, 0)
        await stage.assert_sound(network)


async def test_a_wrong_setting_is_said_in_one_line(stage: Stage, tmp_path: Path):
    async with simulated_network(a_scenario()) as network:
        wrong = Stage(
            stage.dsn.replace("@127.0.0.1", "@127.0.0.2"), stage.redis_url, stage.pool, stage.address
        )
        log = tmp_path / "log"
        async with a_process(wrong, network, log) as process, asyncio.timeout(40):
            assert await process.wait() == 1
        assert "PostgreSQL does not answer" in log.read_text()
        assert "Traceback" not in log.read_text()
