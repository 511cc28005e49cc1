"""The dialer as a whole, against a real queue, database and Valkey and the simulated network."""

from __future__ import annotations

from outdial.domain.clock import utc_now
from outdial.simulator.network import simulated_network
from tests import given
from tests.dialer.stage import AT_ONCE, Stage, a_scenario


async def test_a_campaign_is_called_through_to_its_end(stage: Stage):
    retry = dict.fromkeys(("busy", "no_answer", "congestion"), AT_ONCE)
    campaign = await given.a_running_campaign(
        stage.pool, utc_now(), given.phones(40), retry=retry, maxConcurrentCalls=20, ringTimeoutSeconds=5
    )
    mix = {"answered": 0.6, "busy": 0.2, "congestion": 0.1, "invalid_number": 0.1}
    async with simulated_network(a_scenario(seed=3, outcomes=mix)) as network:
        async with stage.dialer(network):
            await stage.run_campaigns(campaign)
        await stage.assert_sound(network)
        assert len(network.originates) == await stage.number("select count(*) from call_records")
        assert network.peak_live <= 20
