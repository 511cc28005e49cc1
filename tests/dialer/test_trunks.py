"""Calls are shared out among a campaign's trunks, and numbers to call from are used within their limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from outdial.dialer.pace_lead import PaceConfig
from outdial.dialer.trunk_slots import FULL_FOR_S, TrunkSlots
from outdial.domain.clock import utc_now
from outdial.pacing.gathering import Windows
from outdial.pacing.requests import HORIZON_S, Limits, PaceRequest
from outdial.pacing.rules import Rules, Steps
from outdial.pacing.slots import Pace, open_pace
from outdial.simulator.network import simulated_network
from outdial.storage.campaigns import Campaign
from tests import given
from tests.dialer.stage import AT_ONCE, NEVER_AGAIN, Stage, a_scenario, eventually

pytestmark = pytest.mark.timeout(120)

A_AND_B = {"trunks": ["a", "b"]}


@pytest.fixture
async def pace(stage: Stage) -> AsyncIterator[Pace]:
    """A pace of 100 calls a second whose next second is free: the first after a start of Redis is not."""
    async with open_pace(stage.redis_url, stage.pool, Limits(100)) as opened:
        probe = await given.a_campaign(stage.pool, utc_now(), name="probe")

        async def gives_slots_at_once() -> bool:
            slots = await opened.reserve(PaceRequest("trunk", probe.id, None, 1))
            return bool(slots) and slots[0].starts_in_s < HORIZON_S / 5

        await eventually(gives_slots_at_once, every_s=0.1)
        yield opened


async def trunks_of(slots: TrunkSlots, campaign: Campaign, n: int) -> list[str]:
    return [slot.trunk for slot in await slots.reserve(campaign, n)]


async def test_calls_that_come_one_by_one_take_the_trunks_in_turn(stage: Stage, pace: Pace):
    campaign = await given.a_campaign(stage.pool, utc_now(), **A_AND_B)
    slots = TrunkSlots(pace)

    assert [await trunks_of(slots, campaign, 1) for _ in range(4)] == [["a"], ["b"], ["a"], ["b"]]


async def test_a_crowd_of_calls_is_mixed_by_weight(stage: Stage, pace: Pace):
    trunks = [{"name": "a", "weight": 3}, "b", {"name": "c", "weight": 0}]
    campaign = await given.a_campaign(stage.pool, utc_now(), trunks=trunks)

    assert await trunks_of(TrunkSlots(pace), campaign, 12) == ["a", "a", "b", "a"] * 3


async def test_what_one_trunks_pace_has_no_room_for_goes_to_the_others(stage: Stage, pace: Pace):
    trunks = [{"name": "a", "cps": 4}, "b"]
    campaign = await given.a_campaign(stage.pool, utc_now(), trunks=trunks)

    shared = Counter(await trunks_of(TrunkSlots(pace), campaign, 20))

    assert sum(shared.values()) == 20
    assert shared["a"] <= 4 * HORIZON_S + 1


async def test_one_trunks_pace_is_kept_by_all_campaigns_together(stage: Stage, pace: Pace):
    trunks = [{"name": "a", "cps": 4}]
    campaigns = [await given.a_campaign(stage.pool, utc_now(), trunks=trunks) for _ in range(2)]
    slots = TrunkSlots(pace)

    given_slots = [slot for campaign in campaigns for slot in await slots.reserve(campaign, 10)]

    assert len(given_slots) <= 4 * HORIZON_S + 1


async def test_a_full_trunk_is_left_alone_for_a_moment(stage: Stage, pace: Pace):
    campaign = await given.a_campaign(stage.pool, utc_now(), **A_AND_B)
    other = await given.a_campaign(stage.pool, utc_now(), **A_AND_B)
    slots = TrunkSlots(pace)

    slots.note_full(campaign.id, "a")
    assert set(await trunks_of(slots, campaign, 4)) == {"b"}
    assert set(await trunks_of(slots, other, 4)) == {"a", "b"}, "its ceiling may be another"
    slots.note_full(campaign.id, "b")
    assert await trunks_of(slots, campaign, 4) == []
    await eventually(lambda: not slots.is_full(campaign.id, "a"), FULL_FOR_S + 1)
    assert await trunks_of(slots, campaign, 1) == ["a"]


async def test_who_stands_by_steps_in_when_every_other_trunk_is_full(stage: Stage, pace: Pace):
    trunks = ["a", {"name": "spare", "weight": 0}]
    campaign = await given.a_campaign(stage.pool, utc_now(), trunks=trunks)
    slots = TrunkSlots(pace)

    assert set(await trunks_of(slots, campaign, 4)) == {"a"}
    slots.note_full(campaign.id, "a")
    assert set(await trunks_of(slots, campaign, 4)) == {"spare"}


async def test_no_more_slots_are_asked_for_than_the_numbers_to_call_from_allow(stage: Stage, pace: Pace):
    ids = [{"number": number, "cps": 2} for number in given.phones(3)]
    limited = await given.a_campaign(stage.pool, utc_now(), callerIds=ids)
    unlimited = await given.a_campaign(stage.pool, utc_now(), callerIds=[*ids, "+12125550100"])
    slots = TrunkSlots(pace)

    assert len(await slots.reserve(limited, 20)) <= 6 * HORIZON_S + 1
    assert len(await slots.reserve(unlimited, 20)) == 20


async def called(stage: Stage) -> list[dict[str, Any]]:
    return await stage.rows("select trunk, caller_id, begun_at from call_records order by begun_at")


async def test_a_campaign_over_trunks_with_few_channels_gets_through_and_never_exceeds_them(stage: Stage):
    trunks = [{"name": "a", "channels": 2}, {"name": "b", "channels": 3, "weight": 2}]
    campaign = await given.a_running_campaign(
        stage.pool, utc_now(), given.phones(20), trunks=trunks, **NEVER_AGAIN
    )
    async with simulated_network(a_scenario(trunks=["a", "b"])) as network:
        async with stage.dialer(network), stage.dialer(network):
            await stage.run_campaigns(campaign, within_s=90)
        await stage.assert_sound(network)
        assert network.peak_live <= 5
    assert len(Counter(call["trunk"] for call in await called(stage))) == 2


async def test_who_stands_by_takes_over_when_the_other_trunk_dies(stage: Stage):
    quick = PaceConfig(
        look_every_s=0.2,
        rules=Rules(trunk=Steps(least=0.05, up=2, every_s=0.5)),
        windows=Windows(trunk_window_s=20, trunk_known_after_s=0.5),
    )
    campaign = await given.a_running_campaign(
        stage.pool,
        utc_now(),
        given.phones(1000),
        trunks=["alpha", {"name": "spare", "weight": 0}],
        retry={"trunk_down": AT_ONCE},
        ringTimeoutSeconds=5,
    )

    async def carries(trunk: str, calls: int) -> bool:
        await stage.dispatch(campaign, max_cps=20)
        return Counter(call["trunk"] for call in await called(stage))[trunk] >= calls

    async with (
        simulated_network(a_scenario(trunks=["alpha", "spare"], patience_s=0.2)) as network,
        stage.dialer(network, max_cps=20, pace=quick),
    ):
        await eventually(lambda: carries("alpha", 15), 30, every_s=0.2)
        assert not await carries("spare", 1)
        network.kill_trunk("alpha")
        await eventually(lambda: carries("spare", 15), 60, every_s=0.2)
        await stage.rows("update campaigns set status = 'paused' returning id")


async def test_numbers_with_a_pace_and_a_cap_are_used_within_both(stage: Stage):
    ids = [{"number": "+12125550100", "cps": 2, "dailyCap": 3}, {"number": "+12125550101", "cps": 3}]
    numbers = given.phones(14)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, callerIds=ids, **NEVER_AGAIN)
    async with simulated_network(a_scenario()) as network:
        async with stage.dialer(network):
            await stage.run_campaigns(campaign, within_s=60)
        await stage.assert_sound(network)
        assert sorted(seen.number for seen in network.originates) == numbers
    shown = Counter(call["caller_id"] for call in await called(stage))
    assert shown == {"+12125550100": 3, "+12125550101": 11}


async def test_when_every_number_is_spent_the_rest_waits_uncounted_for_tomorrow(stage: Stage):
    ids = [{"number": "+12125550100", "dailyCap": 2}]
    campaign = await given.a_running_campaign(
        stage.pool, utc_now(), given.phones(6), callerIds=ids, **NEVER_AGAIN
    )
    async with simulated_network(a_scenario()) as network:
        async with stage.dialer(network):

            async def the_rest_waits() -> bool:
                await stage.dispatch(campaign)
                return await stage.number("select count(*) from waiting_contacts") == 4

            await eventually(the_rest_waits, 40, every_s=0.1)
        await stage.assert_sound(network)
        assert len(network.originates) == 2
    soonest = "select extract(epoch from min(due_at) - now())::float from waiting_contacts"
    assert 86_000 < await stage.number(soonest) <= 86_400
    assert await stage.number("select sum(attempts + originates)::int from contacts") == 4
