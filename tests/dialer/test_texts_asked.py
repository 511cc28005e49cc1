"""Texts that people ask for on calls, and calls in the place of texts."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from outdial.dialer.sms_requests import SendSms, open_sms_requests
from outdial.domain.channels import LineType
from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.domain.sms.requests import RequestedText
from outdial.messaging.announcing import EventTopics
from outdial.messaging.aws_clients import open_client
from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.topics import open_topics
from outdial.simulator.network import simulated_network
from outdial.storage.contacts import NewContact, insert_contacts
from tests import given
from tests.dialer.heard import Heard, heard_topic
from tests.dialer.stage import NEVER_AGAIN, Stage, a_scenario, eventually

MENU = {
    "startNodeId": "menu",
    "nodes": [
        {
            "id": "menu",
            "type": "menu",
            "audioUrl": "sound:hello-world",
            "actions": {
                "1": {
                    "type": "trigger_donation",
                    "parameters": {"text": "Thank you, {{name}}", "nextNodeId": "menu"},
                },
                "2": {"type": "trigger_donation", "parameters": {"nextNodeId": "menu"}},
                "5": {"type": "send_sms", "parameters": {"nextNodeId": "menu"}},
            },
        }
    ],
}


async def test_a_key_asks_for_a_text_and_each_press_is_a_request_of_its_own(stage: Stage) -> None:
    keys = [{"5": 1.0}, {"5": 1.0}, {"1": 1.0}, {"2": 1.0}, {"hangup": 1.0}]
    scenario = a_scenario(keys=keys, patience_s=[20, 20])
    async with (
        heard_topic(stage.address) as (arn, heard),
        heard_topic(stage.address) as (donations, gifts),
        simulated_network(scenario) as network,
    ):
        campaign = await given.a_running_campaign(
            stage.pool, utc_now(), given.phones(1), ivrFlow=MENU, smsTemplate="The link", **NEVER_AGAIN
        )

        async def all_told() -> bool:
            return len(await heard.of("sms.requested")) >= 3 and len(await gifts.of("donation.started")) >= 2

        async with stage.dialer(network, sms=(arn, ""), topics=EventTopics(donations=donations)):
            await stage.dispatch(campaign)
            await eventually(all_told, within_s=20, every_s=0.2)
        await stage.assert_sound(network)
    requests = [RequestedText.model_validate(event) for event in heard.events]
    (call_id,) = [row["call_id"] for row in await stage.rows("select call_id from call_records")]
    assert sorted((one.request_id, one.template) for one in requests) == [
        (f"{call_id}:menu:1", None),
        (f"{call_id}:menu:2", None),
        (f"{call_id}:menu:3", "Thank you, {{name}}"),
    ]


@asynccontextmanager
async def asking(at: QueueAddress, topic: str, queue_url: str) -> AsyncGenerator[SendSms]:
    async with (
        open_topics(at.region, at.endpoint_url) as topics,
        open_sms_requests(topics, topic, queue_url, at.region, at.endpoint_url) as send,
    ):
        yield send


@asynccontextmanager
async def a_queue_to_be(at: QueueAddress) -> AsyncGenerator[tuple[str, Any, str]]:
    """The URL of a queue that is not there yet, a client, and the name to create it by."""
    name = f"texts-{secrets.token_hex(6)}"
    async with open_client("sqs", at.region, at.endpoint_url) as sqs:
        yield f"{at.queue_url.rpartition('/')[0]}/{name}", sqs, name


A_REQUEST = {"event": "sms.requested", "requestId": "call-1:menu:1"}
NO_TOPIC = "arn:aws:sns:us-east-1:123456789012:nobodys"


async def test_where_the_topic_does_not_take_a_request_the_queue_does(address: QueueAddress) -> None:
    async with a_queue_to_be(address) as (url, sqs, name):
        await sqs.create_queue(QueueName=name)
        async with asking(address, NO_TOPIC, url) as send:
            await send(A_REQUEST)
        (message,) = (await sqs.receive_message(QueueUrl=url))["Messages"]
    assert json.loads(message["Body"]) == A_REQUEST


async def test_a_request_that_nobody_takes_is_sent_once_they_do(address: QueueAddress) -> None:
    async with a_queue_to_be(address) as (url, sqs, name), asking(address, NO_TOPIC, url) as send:
        await send(A_REQUEST)
        await sqs.create_queue(QueueName=name)
        heard = Heard(sqs, url)

        async def is_there() -> bool:
            return bool(await heard.of("sms.requested"))

        await eventually(is_there, within_s=10, every_s=0.2)
    assert heard.events == [A_REQUEST]


async def test_a_request_that_waits_gets_a_last_chance_when_the_dialer_ends(address: QueueAddress) -> None:
    async with a_queue_to_be(address) as (url, sqs, name):
        async with asking(address, "", url) as send:
            await send(A_REQUEST)
            await sqs.create_queue(QueueName=name)
        assert await Heard(sqs, url).of("sms.requested") == [A_REQUEST]


async def test_without_a_gateways_address_a_text_cannot_be_asked_for(address: QueueAddress) -> None:
    async with asking(address, "", "") as send:
        with pytest.raises(InvalidInput, match="SMS_GATEWAY_TOPIC_ARN"):
            await send(A_REQUEST)


async def test_a_landline_of_a_text_campaign_is_called_and_the_event_says_what_came_of_it(
    stage: Stage,
) -> None:
    heard_it, away = given.phones(2)
    scenario = a_scenario(numbers={heard_it: {"patience_s": 2}, away: {"outcome": "busy"}})
    async with heard_topic(stage.address) as (arn, heard), simulated_network(scenario) as network:
        campaign = await given.a_running_campaign(
            stage.pool,
            utc_now(),
            [],
            type="sms",
            fallback="landline",
            audioFileUrl=None,
            smsTemplate="Your table is ready",
            **NEVER_AGAIN,
        )
        people = [
            NewContact(phone, ("America/New_York",), line_type=LineType.LANDLINE)
            for phone in (heard_it, away)
        ]
        async with stage.pool.connection() as conn:
            await insert_contacts(conn, campaign, people, utc_now())

        async def both_told() -> bool:
            return len(await heard.of("call.settled")) == 2

        async with stage.dialer(network, topics=EventTopics(calls=arn)):
            await stage.dispatch(campaign)
            await eventually(both_told, within_s=20, every_s=0.2)
        await stage.assert_sound(network)
    assert {(one["disposition"], one["fallback"]) for one in heard.events} == {
        ("answered", "delivered"),
        ("busy", "failed"),
    }
