"""Who judges the pace, what a fault of theirs does to it, and how many calls a busy host gets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import LiteralString

import pytest
from pydantic import SecretStr

from outdial.dialer.ami import AmiAddress, AmiLink
from outdial.dialer.leading import Lead, Recovery
from outdial.dialer.pace_lead import PaceConfig, PaceLead, pace_event
from outdial.domain.clock import utc_now
from outdial.messaging.announcing import Announcer, EventTopics
from outdial.messaging.topics import open_topics
from outdial.pacing.control import Change
from outdial.simulator.network import simulated_network
from outdial.storage.pace_factors import read_pace_factors, read_pace_watch
from tests import given
from tests.dialer.stage import NEVER_AGAIN, Stage, a_scenario, eventually
from tests.pacing.exporter import Exporter, served_exporter

pytestmark = pytest.mark.timeout(120)


@asynccontextmanager
async def _judging(stage: Stage, lead: Lead, exporter: Exporter) -> AsyncGenerator[None]:
    link = AmiLink(AmiAddress("127.0.0.1", 1, "dialer", SecretStr("dialer")), lambda _: None)
    async with (
        open_topics(stage.address.region, stage.address.endpoint_url) as topics,
        asyncio.TaskGroup() as group,
    ):
        announcer = Announcer(topics, EventTopics())
        judge = PaceLead(stage.pool, link, lead, announcer, utc_now)
        task = group.create_task(judge.run(PaceConfig(exporter.url, look_every_s=0.05)))
        yield
        task.cancel()


async def _share_of_all(stage: Stage) -> float:
    async with stage.pool.connection() as conn:
        return next((one.factor for one in await read_pace_factors(conn) if one.key == "all"), 1.0)


async def _execute(stage: Stage, statement: LiteralString) -> None:
    async with stage.pool.connection() as conn:
        await conn.execute(statement)


async def _is_quartered(stage: Stage) -> bool:
    return await _share_of_all(stage) == 0.25


async def test_only_a_dialer_that_leads_judges_the_pace(stage: Stage):
    lead = Lead()
    async with served_exporter() as exporter, _judging(stage, lead, exporter):
        exporter.busy = 0.95
        await asyncio.sleep(0.5)
        async with stage.pool.connection() as conn:
            assert await read_pace_watch(conn) is None
        lead.confirm(asyncio.get_running_loop().time())
        await eventually(lambda: _is_quartered(stage))


async def test_a_dialer_that_was_frozen_leads_no_more_until_the_database_says_so(stage: Stage):
    lead = Lead()
    lead.confirm(asyncio.get_running_loop().time() - 10.1)
    assert not lead.is_held
    async with served_exporter() as exporter, _judging(stage, lead, exporter):
        exporter.busy = 0.95
        await asyncio.sleep(0.5)
        assert await _share_of_all(stage) == 1


async def test_one_of_two_dialers_leads(stage: Stage):
    leads = [Lead(), Lead()]
    link = AmiLink(AmiAddress("127.0.0.1", 1, "dialer", SecretStr("dialer")), lambda _: None)
    async with asyncio.TaskGroup() as group:
        parts = [
            group.create_task(Recovery(stage.dsn, stage.pool, link, utc_now, lead).run()) for lead in leads
        ]
        await eventually(lambda: any(lead.is_held for lead in leads))
        await asyncio.sleep(2.5)
        assert [lead.is_held for lead in leads].count(True) == 1
        for part in parts:
            part.cancel()


async def test_a_fault_of_the_controller_leaves_the_last_safe_pace_and_is_survived(stage: Stage):
    lead = Lead()
    lead.confirm(asyncio.get_running_loop().time() + 60)
    async with served_exporter() as exporter, _judging(stage, lead, exporter):
        exporter.busy = 0.95
        await eventually(lambda: _is_quartered(stage))
        await _execute(stage, "alter table pace_watch rename to away")
        exporter.busy = 0.1
        await asyncio.sleep(0.5)
        assert await _share_of_all(stage) == 0.25
        await _execute(stage, "alter table away rename to pace_watch")

        async def looks_again() -> bool:
            async with stage.pool.connection() as conn:
                watch = await read_pace_watch(conn)
            return watch is not None and watch.cpu_share is not None and watch.cpu_share < 0.2

        await eventually(looks_again)


async def test_a_busy_host_gets_a_quarter_of_the_calls(stage: Stage):
    campaign = await given.a_running_campaign(stage.pool, utc_now(), given.phones(400), **NEVER_AGAIN)
    async with served_exporter() as exporter, simulated_network(a_scenario(patience_s=0.1)) as network:
        exporter.busy = 0.95
        config = PaceConfig(exporter.url, look_every_s=0.2)
        async with stage.dialer(network, max_cps=20, pace=config) as running:
            await eventually(lambda: _is_quartered(stage))
            await asyncio.sleep(1.6)
            for _ in range(10):
                await stage.dispatch(campaign, max_cps=20)
                await asyncio.sleep(0.5)
            await running.drain()
        assert len(network.originates) >= 15
        await stage.assert_sound(network, max_cps=5)


async def test_the_link_knows_how_long_asterisk_takes_to_answer(stage: Stage):
    async with simulated_network(a_scenario()) as network, stage.dialer(network) as running:
        link = running.dialer.link
        await eventually(lambda: len(link.latest_pings_s()) >= 1)
        assert max(link.latest_pings_s()) < 0.5
        # Longer than the pause between two pings: one of them at least waits for a second.
        network.freeze(3.2)
        await eventually(lambda: max(link.latest_pings_s()) > 1)


def test_events_name_the_trunk_or_the_campaign():
    trunk = Change("trunk:alpha", utc_now(), 1, 0.5, "It fails.", {"calls": 10})
    campaign = Change("campaign:42", utc_now(), 0.5, 1, "It is fine.", {})
    assert (pace_event(trunk)["event"], pace_event(trunk)["trunk"]) == ("trunk.unhealthy", "alpha")
    assert (pace_event(campaign)["event"], pace_event(campaign)["campaignId"]) == ("pace.changed", "42")
