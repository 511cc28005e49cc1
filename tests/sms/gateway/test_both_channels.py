"""Campaigns that call and text: one channel follows the other, and each passes every gate again."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from outdial.blacklist.listing import list_numbers
from outdial.campaigns.dispatch import DispatchLimits, dispatch_tick
from outdial.campaigns.lifecycle import renew_lease
from outdial.domain.channels import Channel
from outdial.domain.clock import utc_now
from outdial.messaging.provision import create_queues
from outdial.messaging.task_queue import open_task_queue
from outdial.simulator.network import SimulatedNetwork, simulated_network
from outdial.simulator.scenario import parse_scenario
from outdial.simulator.sms.network import SimulatedCarrier, simulated_carrier
from outdial.simulator.sms.seen import TextSeen
from outdial.standalone.aws import REGION
from outdial.storage.blacklist import Listing
from outdial.storage.campaigns import Campaign
from tests import given
from tests.dialer.stage import QUICK as QUICK_CALLS, Stage as CallStage, eventually
from tests.sms.gateway.stage import QUICK as QUICK_TEXTS, TEXT, Stage, a_name

ANN, BOB = given.phones(2, first=100)


@dataclass(frozen=True)
class Both:
    """A dialer and a gateway at work on one network, and what came of it."""

    calls: CallStage
    texts: Stage
    network: SimulatedNetwork
    carrier: SimulatedCarrier

    async def run(self, campaign: Campaign) -> None:
        """Dispatch until everybody is finished."""

        async def all_done() -> bool:
            await self.dispatch(campaign)
            return await self.calls.count_unfinished() == 0 and await self.texts.count_unfinished() == 0

        await eventually(all_done, 40, every_s=0.1)
        await self.texts.assert_sound(self.carrier)

    async def dispatch(self, campaign: Campaign) -> None:
        limits = DispatchLimits(batch_size=50, max_cps=50, horizon_s=4)
        async with open_task_queue(self.calls.address) as calls, open_task_queue(self.texts.address) as texts:
            await renew_lease(self.calls.pool, campaign.id, given.RUN, utc_now())
            queues = {Channel.VOICE: calls, Channel.SMS: texts}
            await dispatch_tick(self.calls.pool, queues, campaign.id, given.RUN, limits, utc_now())

    async def contact(self, phone: str) -> dict[str, Any]:
        (row,) = await self.texts.rows(
            "select status, failure_reason, fallback_to, texts, attempts from contacts where phone = %s",
            phone,
        )
        return row

    @property
    def texted(self) -> list[str]:
        return [one.to for one in self.carrier.seen(TextSeen)]

    @property
    def called(self) -> list[str]:
        return [one.number for one in self.network.originates]


@asynccontextmanager
async def both(stage: Stage, **scenario: Any) -> AsyncGenerator[Both]:
    """Dialer and gateway on a network where everybody answers and gets their texts, but for `scenario`."""
    texts = QUICK_TEXTS | scenario.pop("texts", {})
    address = await create_queues(REGION, stage.address.endpoint_url, a_name())
    calls = CallStage(stage.dsn, stage.redis_url, stage.pool, address)
    async with (
        simulated_network(parse_scenario(QUICK_CALLS | scenario | {"texts": texts}), ami_port=0) as network,
        simulated_carrier(network, smpp_port=0) as carrier,
        calls.dialer(network, sms=("", stage.address.queue_url)),
        stage.gateway(carrier),
    ):
        yield Both(calls, stage, network, carrier)


async def test_a_text_that_does_not_arrive_is_followed_by_a_call(stage: Stage) -> None:
    hybrid = TEXT | {"type": "hybrid"}
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [ANN, BOB], **hybrid)
    numbers = {ANN: {"text": {"outcome": "unreachable"}}}
    async with both(stage, numbers=numbers) as at_work:
        await at_work.run(campaign)
        assert sorted(at_work.texted) == [ANN, BOB]
        assert at_work.called == [ANN]
        ann, bob = await at_work.contact(ANN), await at_work.contact(BOB)
    assert (ann["status"], ann["fallback_to"], ann["texts"], ann["attempts"]) == ("completed", "voice", 1, 1)
    assert (bob["status"], bob["fallback_to"], bob["texts"], bob["attempts"]) == ("completed", None, 1, 0)


async def test_calls_that_reach_nobody_are_followed_by_a_text(stage: Stage) -> None:
    changes = TEXT | {"type": "voice", "fallback": "unreached", "maxAttemptsPerContact": 1}
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [ANN, BOB], **changes)
    async with both(stage, numbers={ANN: {"outcome": "busy"}}) as at_work:
        await at_work.run(campaign)
        assert sorted(at_work.called) == [ANN, BOB]
        assert at_work.texted == [ANN]
        ann = await at_work.contact(ANN)
    assert (ann["status"], ann["fallback_to"], ann["texts"], ann["attempts"]) == ("completed", "sms", 1, 1)


async def test_both_follow_one_another_where_the_campaign_wants_both(stage: Stage) -> None:
    changes = TEXT | {"type": "hybrid", "fallback": "always"}
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [ANN], **changes)
    async with both(stage) as at_work:
        await at_work.run(campaign)
        assert (at_work.texted, at_work.called) == ([ANN], [ANN])


async def test_who_said_no_to_the_text_is_not_called_after_it(stage: Stage) -> None:
    changes = TEXT | {"type": "hybrid", "fallback": "always", "fallbackDelayMinutes": 5}
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [ANN], **changes)
    async with both(stage, texts={"replies": {"STOP": 1}}) as at_work:
        await at_work.dispatch(campaign)
        await eventually(lambda: _is_listed(stage, ANN))
        await stage.rows("update waiting_contacts set due_at = now() returning contact_id")
        await at_work.run(campaign)
        assert at_work.called == []
        ann = await at_work.contact(ANN)
    assert ann["status"] == "blacklisted"


async def test_who_is_listed_while_waiting_for_the_other_channel_is_left_alone(stage: Stage) -> None:
    changes = TEXT | {"type": "voice", "fallback": "unreached", "maxAttemptsPerContact": 1}
    campaign = await given.a_running_campaign(
        stage.pool, utc_now(), [ANN], **(changes | {"fallbackDelayMinutes": 5})
    )
    async with both(stage, numbers={ANN: {"outcome": "busy"}}) as at_work:
        await at_work.dispatch(campaign)
        await eventually(lambda: _waits_for(stage, "sms"))
        await list_numbers(stage.pool, [Listing(ANN, "asked us by post", "manual", "ops")], utc_now())
        await at_work.run(campaign)
        assert at_work.texted == []


PRESS_1 = {
    "startNodeId": "ask",
    "nodes": [
        {
            "id": "ask",
            "type": "menu",
            "audioUrl": "sound:hello-world",
            "actions": {
                "1": {"type": "send_sms", "parameters": {"text": "Thank you, {{firstName|friend}}"}},
                "2": {"type": "trigger_donation", "parameters": {"text": "Give at https://example.org"}},
            },
        }
    ],
}


async def test_a_key_brings_its_text_within_seconds(stage: Stage) -> None:
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [ANN, BOB], ivrFlow=PRESS_1)
    people = {one: {"keys": key, "patience_s": 20} for one, key in ((ANN, "1"), (BOB, "2"))}
    async with both(stage, numbers=people) as at_work:
        await at_work.run(campaign)
        await eventually(lambda: len(at_work.texted) == 2, 5)
        texts = {one.to: one.text for one in at_work.carrier.seen(TextSeen)}
        assert texts == {ANN: "Thank you, friend", BOB: "Give at https://example.org"}
        assert (await at_work.contact(ANN))["texts"] == 0


async def _is_listed(stage: Stage, phone: str) -> bool:
    (row,) = await stage.rows("select is_listed(%s, null, now()) as listed", phone)
    return row["listed"]


async def _waits_for(stage: Stage, channel: str) -> bool:
    return [row["channel"] for row in await stage.rows("select channel from waiting_contacts")] == [channel]
