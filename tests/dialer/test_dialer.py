"""The dialer as a whole, against a real queue, database and Valkey and the simulated network."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import uuid4

import pytest

from outdial.blacklist.listing import list_numbers
from outdial.campaigns.lifecycle import pause
from outdial.domain.clock import utc_now
from outdial.messaging.aws_clients import open_client
from outdial.messaging.task_queue import open_task_queue
from outdial.simulator.ami_server import LinkDrop
from outdial.simulator.network import SimulatedNetwork, simulated_network
from outdial.storage.blacklist import Listing
from tests import given
from tests.dialer.stage import AT_ONCE, NEVER_AGAIN, Stage, a_scenario, eventually

pytestmark = pytest.mark.timeout(120)

MENU = {
    "startNodeId": "menu",
    "nodes": [
        {
            "id": "menu",
            "type": "menu",
            "audioUrl": "sound:hello-world",
            "actions": {"1": {"type": "trigger_donation"}, "9": {"type": "add_to_blacklist"}},
        }
    ],
}


async def send_again(stage: Stage, times: int) -> None:
    """Put further copies of every message that is on the queue onto it, as SQS may at any time."""
    async with (
        open_task_queue(stage.address) as queue,
        open_client("sqs", stage.address.region, stage.address.endpoint_url) as sqs,
    ):
        messages = await queue.receive(10, 1)
        for message in messages:
            for _ in range(times):
                await sqs.send_message(QueueUrl=stage.address.queue_url, MessageBody=message.body)
            await queue.defer(message.receipt, 0)


async def test_a_campaign_is_called_through_to_its_end(stage: Stage):
    retry = dict.fromkeys(("busy", "no_answer", "congestion"), AT_ONCE)
    campaign = await given.a_running_campaign(
        stage.pool, utc_now(), given.phones(40), retry=retry, maxConcurrentCalls=10, ringTimeoutSeconds=5
    )
    mix = {"answered": 0.6, "busy": 0.2, "congestion": 0.1, "invalid_number": 0.1}
    async with simulated_network(a_scenario(seed=3, outcomes=mix)) as network:
        async with stage.dialer(network):
            await stage.run_campaigns(campaign, within_s=60)
        await stage.assert_sound(network)
        assert len(network.originates) == await stage.number("select count(*) from call_records")
        assert network.peak_live <= 10
        ends = {end.channel_id: end.answered for end in network.ends}
        for call in await stage.rows("select call_id, disposition from call_records"):
            assert ends[call["call_id"]] == (call["disposition"] == "answered")


@pytest.mark.parametrize(
    ("outcome", "disposition"),
    [
        ("busy", "busy"),
        ("no_answer", "no_answer"),
        ("dead_trunk", "trunk_down"),
        ("invalid_number", "invalid_number"),
        ("rejected", "rejected"),
        ("congestion", "congestion"),
        ("early_media", "answered"),
    ],
)
async def test_each_outcome_of_the_network_is_written_down_as_what_it_is(
    stage: Stage, outcome: str, disposition: str
):
    campaign = await given.a_running_campaign(
        stage.pool, utc_now(), given.phones(3), ringTimeoutSeconds=5, **NEVER_AGAIN
    )
    async with simulated_network(a_scenario(outcomes={outcome: 1})) as network, stage.dialer(network):
        await stage.dispatch(campaign)
        await eventually_settled(stage, 3)
        assert await stage.dispositions() == {disposition: 3}
        await stage.assert_sound(network)


async def test_a_trunk_that_does_not_exist_is_down_and_costs_nobody_an_attempt(stage: Stage):
    campaign = await given.a_running_campaign(stage.pool, utc_now(), given.phones(2), trunks=["nowhere"])
    async with simulated_network(a_scenario()) as network, stage.dialer(network):
        await stage.dispatch(campaign)
        await eventually_settled(stage, 2)
        assert await stage.dispositions() == {"trunk_down": 2}
        assert await stage.number("select max(attempts) from contacts") == 0
        await stage.assert_sound(network)


async def test_calls_asterisk_refuses_are_settled_as_refused(stage: Stage):
    campaign = await given.a_running_campaign(stage.pool, utc_now(), given.phones(2))
    async with simulated_network(a_scenario()) as network, stage.dialer(network, context="nowhere"):
        await stage.dispatch(campaign)
        await eventually_settled(stage, 2)
        rows = await stage.rows("select disposition, annotation from call_records")
        assert {row["disposition"] for row in rows} == {"refused"}
        assert all("does not exist" in row["annotation"] for row in rows)
        await stage.assert_sound(network)


async def test_what_people_press_is_part_of_the_outcome_and_nine_opts_out_for_good(stage: Stage):
    campaign = await given.a_running_campaign(stage.pool, utc_now(), given.phones(2), ivrFlow=MENU)
    donor, leaver = given.phones(2)
    numbers = {donor: {"keys": "1"}, leaver: {"keys": "9"}}
    scenario = a_scenario(numbers=numbers, patience_s=10, key_delay_s=0.1)
    async with simulated_network(scenario) as network:
        async with stage.dialer(network):
            await stage.run_campaigns(campaign)
        calls = {row["phone"]: row for row in await stage.rows("select * from call_records")}
        assert (calls[donor]["converted"], calls[donor]["opted_out"]) == (True, False)
        assert (calls[leaver]["converted"], calls[leaver]["opted_out"]) == (False, True)
        assert calls[donor]["ivr_path"]
        assert await stage.rows("select number, campaign_id from blacklist") == [
            {"number": leaver, "campaign_id": None}
        ]
        await stage.assert_sound(network)


async def test_a_message_delivered_many_times_leads_to_one_originate(stage: Stage):
    campaign = await given.a_running_campaign(stage.pool, utc_now(), given.phones(5))
    await stage.dispatch(campaign)
    await send_again(stage, times=4)
    async with (
        simulated_network(a_scenario()) as network,
        stage.dialer(network),
        stage.dialer(network),
    ):
        await stage.run_campaigns(campaign)
        await until_queue_is_empty(stage)
        assert sorted(seen.number for seen in network.originates) == given.phones(5)
        await stage.assert_sound(network)


async def test_a_message_whose_claim_does_not_stand_any_more_leads_to_no_originate(stage: Stage):
    campaign = await given.a_running_campaign(stage.pool, utc_now(), given.phones(3))
    await stage.dispatch(campaign)
    stale = uuid4()
    async with stage.pool.connection() as conn:
        await conn.execute(
            "update dispatched_contacts set claim_id = %s where phone = %s", [stale, given.phones(3)[0]]
        )
    async with simulated_network(a_scenario()) as network, stage.dialer(network):
        await until_queue_is_empty(stage)
        await eventually_settled(stage, 2)
        assert sorted(seen.number for seen in network.originates) == given.phones(3)[1:]
        assert await stage.rows("select claim_id from dispatched_contacts") == [{"claim_id": stale}]
        await stage.assert_sound(network)


@pytest.mark.parametrize("proceeds", [True, False])
@pytest.mark.parametrize("answers", [True, False])
async def test_a_link_lost_right_after_the_originate_leads_to_one_originate_and_a_settled_contact(
    stage: Stage, proceeds: bool, answers: bool
):
    campaign = await given.a_running_campaign(stage.pool, utc_now(), given.phones(1))
    async with simulated_network(a_scenario(patience_s=3)) as network, stage.dialer(network):
        network.drop_link_after(LinkDrop(answers=answers, call_proceeds=proceeds))
        await stage.dispatch(campaign)
        await eventually_settled(stage, 1)
        await stage.dispatch(campaign)
        await until_queue_is_empty(stage)
        assert len(network.originates) == int(proceeds)
        assert await stage.dispositions() == {"answered" if proceeds else "unknown": 1}
        await stage.assert_sound(network)


async def test_a_link_that_comes_and_goes_loses_no_call_and_repeats_none(stage: Stage):
    numbers = given.phones(40)
    campaign = await given.a_running_campaign(
        stage.pool, utc_now(), numbers, retry={"cancelled": AT_ONCE}, **NEVER_AGAIN
    )
    async with simulated_network(a_scenario(patience_s=[0.5, 2])) as network, stage.dialer(network):
        dropping = asyncio.create_task(drop_links_now_and_then(network))
        await stage.run_campaigns(campaign, within_s=60)
        dropping.cancel()
        await eventually(lambda: network.live_channels == [])
        called = Counter(seen.number for seen in network.originates)
        assert max(called.values()) == 1
        # Whoever was never called is known to Asterisk under no id, and settled as that.
        uncalled = await stage.rows("select phone from call_records where disposition = 'unknown'")
        assert set(numbers) - called.keys() <= {call["phone"] for call in uncalled}
        await stage.assert_sound(network)


async def drop_links_now_and_then(network: SimulatedNetwork) -> None:
    for _ in range(4):
        await asyncio.sleep(0.4)
        network.drop_links()
        await asyncio.sleep(2)


async def test_lost_events_end_no_call_too_early_and_leave_none_open(stage: Stage):
    campaign = await given.a_running_campaign(
        stage.pool, utc_now(), given.phones(12), ringTimeoutSeconds=5, **NEVER_AGAIN
    )
    lossy = a_scenario(
        drop={"Hangup": 0.5, "OriginateResponse": 0.5}, outcomes={"busy": 0.5, "answered": 0.5}
    )
    async with simulated_network(lossy) as network, stage.dialer(network):
        await stage.run_campaigns(campaign, within_s=100)
        ends = {end.channel_id: end for end in network.ends}
        for call in await stage.rows("select call_id, ended_at from call_records"):
            assert call["ended_at"].timestamp() >= ends[call["call_id"]].at - 0.1
        await stage.assert_sound(network)


async def test_a_message_nobody_can_read_is_buried_with_its_reason_at_once(stage: Stage):
    async with open_client("sqs", stage.address.region, stage.address.endpoint_url) as sqs:
        await sqs.send_message(QueueUrl=stage.address.queue_url, MessageBody='{"contactId": 5}')
        async with simulated_network(a_scenario()) as network, stage.dialer(network):
            letter = await first_dead_letter(stage)
        assert letter["Body"] == '{"contactId": 5}'
        assert "phoneNumber: Field required" in letter["MessageAttributes"]["reason"]["StringValue"]
        assert network.originates == []


async def test_a_task_that_fails_three_times_is_buried_and_its_contact_parked(stage: Stage):
    campaign = await given.a_running_campaign(stage.pool, utc_now(), given.phones(2))
    await stage.dispatch(campaign)
    async with stage.pool.connection() as conn:
        # A row no version of ours writes: this contact's zones do not exist, so the gate cannot judge it.
        await conn.execute("insert into areas (zones) values ('{Nowhere/Land}')")
        await conn.execute(
            "update contacts set area_id = (select max(id) from areas) where phone = %s",
            [given.phones(2)[0]],
        )
    async with simulated_network(a_scenario()) as network, stage.dialer(network):
        letter = await first_dead_letter(stage, within_s=40)
        assert given.phones(2)[0] in letter["Body"]
        assert "failed 3 times" in letter["MessageAttributes"]["reason"]["StringValue"]
        await eventually_settled(stage, 1)
        assert [seen.number for seen in network.originates] == given.phones(2)[1:]

        async def is_parked() -> bool:
            query = "select status, failure_reason from contacts where phone = %s"
            (contact,) = await stage.rows(query, given.phones(2)[0])
            return contact == {"status": "failed", "failure_reason": "dead_letter"}

        await eventually(is_parked)


async def test_a_number_in_two_campaigns_is_never_on_two_calls_at_once(stage: Stage):
    now, numbers = utc_now(), given.phones(8)
    one = await given.a_running_campaign(stage.pool, now, numbers, name="One")
    other = await given.a_running_campaign(stage.pool, now, numbers, name="Other")
    async with (
        simulated_network(a_scenario(patience_s=[0.5, 1])) as network,
        stage.dialer(network),
        stage.dialer(network),
    ):
        await stage.dispatch(one, other)
        await until_queue_is_empty(stage)
        await eventually(lambda: len(network.originates) >= 8 and network.live_channels == [], within_s=30)
        await eventually_no_live_call(stage)
        await stage.assert_sound(network)
        assert await stage.count_unfinished() + len(network.originates) == 16


async def test_no_more_calls_than_the_campaign_allows_are_live_at_once(stage: Stage):
    campaign = await given.a_running_campaign(stage.pool, utc_now(), given.phones(20), maxConcurrentCalls=3)
    async with stage.pool.connection() as conn:
        await conn.execute("update campaigns set config = jsonb_set(config, '{maxConcurrentCalls}', '20')")
    await stage.dispatch(campaign)
    async with stage.pool.connection() as conn:
        # Twenty are dispatched when the limit is lowered: the gate has to hold it by itself.
        await conn.execute("update campaigns set config = jsonb_set(config, '{maxConcurrentCalls}', '3')")
    async with (
        simulated_network(a_scenario(patience_s=1)) as network,
        stage.dialer(network),
        stage.dialer(network),
    ):
        await until_queue_is_empty(stage)
        assert network.peak_live == 3
        await eventually_no_live_call(stage)
        await stage.assert_sound(network)


async def test_listed_and_paused_after_dispatch_means_not_called(stage: Stage):
    now, numbers = utc_now(), given.phones(6)
    one = await given.a_running_campaign(stage.pool, now, numbers[:3], name="One")
    other = await given.a_running_campaign(stage.pool, now, numbers[3:], name="Other")
    await stage.dispatch(one, other)
    await list_numbers(stage.pool, [Listing(numbers[0], "asked", "test", "test")], utc_now())
    await pause(stage.pool, other.id, given.OPERATOR, utc_now())
    async with simulated_network(a_scenario()) as network, stage.dialer(network):
        await until_queue_is_empty(stage)
        await eventually_settled(stage, 2)
        assert sorted(seen.number for seen in network.originates) == numbers[1:3]
        await stage.assert_sound(network)


async def until_queue_is_empty(stage: Stage, within_s: float = 30) -> None:
    async with open_task_queue(stage.address) as queue:

        async def is_empty() -> bool:
            depth = await queue.depth()
            return depth.waiting + depth.in_flight == 0

        await eventually(is_empty, within_s, every_s=0.1)


async def eventually_settled(stage: Stage, calls: int) -> None:
    async def all_settled() -> bool:
        query = "select count(*) from call_records where disposition is not null"
        return await stage.number(query) == calls

    await eventually(all_settled, within_s=45, every_s=0.05)


async def eventually_no_live_call(stage: Stage) -> None:
    async def none_live() -> bool:
        return await stage.number("select count(*) from live_calls") == 0

    await eventually(none_live, within_s=30, every_s=0.05)


async def first_dead_letter(stage: Stage, within_s: float = 15) -> dict[str, dict[str, dict[str, str]]]:
    async with open_client("sqs", stage.address.region, stage.address.endpoint_url) as sqs:
        async with asyncio.timeout(within_s):
            while True:
                answer = await sqs.receive_message(
                    QueueUrl=stage.address.dlq_url, WaitTimeSeconds=1, MessageAttributeNames=["All"]
                )
                if "Messages" in answer:
                    return answer["Messages"][0]
