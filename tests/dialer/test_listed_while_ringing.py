"""Numbers listed on their way to a call: claimed, queued, received, begun, ringing, answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
import redis.asyncio

from outdial.blacklist.cache import Entry, ListedCache, open_cache
from outdial.blacklist.listing import list_numbers, unlist_numbers
from outdial.domain.clock import utc_now
from outdial.simulator.network import SimulatedNetwork, simulated_network
from outdial.storage.blacklist import EVERYWHERE, Listing, Unlisting, add_listings
from tests import given
from tests.dialer.stage import NEVER_AGAIN, Stage, a_scenario, eventually

pytestmark = pytest.mark.timeout(120)

HUNG_UP_WITHIN_S = 1.0
REMARKED = "ended by us: its number was listed before anybody answered"


async def list_all(stage: Stage, numbers: Sequence[str], *, is_prefix: bool = False) -> None:
    listings = [Listing(number, "said no", "letter", "ops", is_prefix=is_prefix) for number in numbers]
    await list_numbers(stage.pool, listings, utc_now())


async def ringing(network: SimulatedNetwork, calls: int) -> None:
    await eventually(lambda: len(network.live_channels) == calls, within_s=20)
    await asyncio.sleep(0.3)


async def test_what_rings_is_hung_up_within_a_second_whichever_dialer_placed_it(stage: Stage):
    numbers = given.phones(6)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, ringTimeoutSeconds=60)
    async with (
        simulated_network(a_scenario(ring_s=[40, 40])) as network,
        stage.dialer(network),
        stage.dialer(network),
    ):
        await stage.dispatch(campaign)
        await ringing(network, 6)
        await list_all(stage, numbers[:5])
        await eventually(lambda: len(network.live_channels) == 1, within_s=HUNG_UP_WITHIN_S)
        await eventually_settled(stage, 5)
        calls = await stage.rows(
            "select phone, disposition, counted, annotation from call_records order by phone"
        )
        assert [(call["disposition"], call["counted"], call["annotation"]) for call in calls[:5]] == [
            ("cancelled", False, REMARKED)
        ] * 5
        assert calls[5]["disposition"] is None
        contacts = await stage.rows("select status, attempts from contacts order by seq")
        assert [(one["status"], one["attempts"]) for one in contacts[:5]] == [("blacklisted", 0)] * 5
        await list_all(stage, ["+1202"], is_prefix=True)
        await eventually(lambda: network.live_channels == [], within_s=HUNG_UP_WITHIN_S)
        await eventually_settled(stage, 6)
        await stage.assert_sound(network)


async def test_who_has_answered_is_not_cut_off(stage: Stage):
    (number,) = given.phones(1)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [number], **NEVER_AGAIN)
    scenario = a_scenario(patience_s=[3, 3], prompt_s=3)
    async with simulated_network(scenario) as network, stage.dialer(network) as running:
        await stage.dispatch(campaign)
        await eventually(lambda: any(call.progress.answered_at for call in running.dialer.live), within_s=20)
        await list_all(stage, [number])
        await asyncio.sleep(HUNG_UP_WITHIN_S)
        assert len(network.live_channels) == 1
        await eventually_settled(stage, 1)
        (call,) = await stage.rows("select disposition, annotation from call_records")
        assert (call["disposition"], call["annotation"]) == ("answered", None)


async def test_a_listing_is_noticed_without_being_told(stage: Stage):
    (number,) = given.phones(1)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [number], ringTimeoutSeconds=60)
    async with simulated_network(a_scenario(ring_s=[40, 40])) as network, stage.dialer(network):
        await stage.dispatch(campaign)
        await ringing(network, 1)
        async with stage.pool.connection() as conn:  # and nobody is told
            await add_listings(conn, [Listing(number, "said no", "letter", "ops")], utc_now())
        await eventually(lambda: network.live_channels == [], within_s=5)
        await eventually_settled(stage, 1)
        await stage.assert_sound(network)


async def test_what_was_listed_while_queued_is_never_dialled(stage: Stage):
    numbers = given.phones(10)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **NEVER_AGAIN)
    await stage.dispatch(campaign)
    await list_all(stage, numbers[:5])
    await list_all(stage, [numbers[5][:11]], is_prefix=True)  # +1202555000…, all of them
    async with simulated_network(a_scenario()) as network, stage.dialer(network):
        await eventually_unfinished(stage, 0)
        assert network.originates == []
        assert await stage.number("select count(*) from contacts where status = 'blacklisted'") == 10
        await stage.assert_sound(network)


async def test_redis_says_listed_before_a_slot_is_spent_and_postgresql_decides(stage: Stage):
    listed, stale = given.phones(2)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [listed, stale], **NEVER_AGAIN)
    await stage.dispatch(campaign)
    async with open_cache(stage.redis_url) as cache:
        await list_numbers(stage.pool, [Listing(listed, "said no", "letter", "ops")], utc_now(), cache)
        await cache.add([Entry(stale, EVERYWHERE)])  # as an unlisting leaves it that Redis did not hear of
        async with simulated_network(a_scenario()) as network, stage.dialer(network):
            await eventually_unfinished(stage, 0)
            assert [seen.number for seen in network.originates] == [stale]
            assert await cache.find([listed, stale], [EVERYWHERE]) == {listed: [Entry(listed, EVERYWHERE)]}
            await stage.assert_sound(network)


async def test_with_redis_gone_nothing_listed_is_called_and_listing_goes_on(stage: Stage):
    numbers = given.phones(4)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **NEVER_AGAIN)
    await stage.dispatch(campaign)
    nowhere = "redis://127.0.0.1:1/0"
    async with open_cache(nowhere) as cache:
        listings = [Listing(number, "said no", "letter", "ops") for number in numbers[:2]]
        assert await list_numbers(stage.pool, listings, utc_now(), cache) == set(numbers[:2])
        await unlist_numbers(stage.pool, numbers[1:2], EVERYWHERE, Unlisting("ops"), utc_now(), cache)
    async with simulated_network(a_scenario()) as network, stage.dialer(network, redis_url=nowhere):
        await eventually_unfinished(stage, 0)
        assert sorted(seen.number for seen in network.originates) == numbers[1:]
        await stage.assert_sound(network)


async def test_a_lost_cache_is_filled_again_by_a_dialer(stage: Stage):
    numbers = given.phones(3)
    await list_all(stage, numbers)
    await list_all(stage, ["+1900"], is_prefix=True)
    async with (
        simulated_network(a_scenario()) as network,
        stage.dialer(network),
        stage.dialer(network),
        redis.asyncio.Redis.from_url(stage.redis_url, decode_responses=True) as client,
    ):
        cache = ListedCache(client)
        await eventually(cache.is_complete, within_s=10)
        await client.flushall()
        await eventually(cache.is_complete, within_s=10)
        found = await cache.find([*numbers, "+19005550100", "+12025559999"], [EVERYWHERE])
    assert found.keys() == {*numbers, "+19005550100"}


async def eventually_settled(stage: Stage, calls: int) -> None:
    async def settled() -> bool:
        return await stage.number("select count(*) from call_records where disposition is not null") == calls

    await eventually(settled, within_s=20)


async def eventually_unfinished(stage: Stage, contacts: int) -> None:
    async def holds() -> bool:
        return await stage.count_unfinished() == contacts

    await eventually(holds, within_s=30)
