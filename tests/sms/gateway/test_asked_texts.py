"""Texts that people ask for by a key on a call: sent at once, once, and not to who said no meanwhile."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from outdial.blacklist.listing import list_numbers
from outdial.domain.clock import utc_now
from outdial.messaging.aws_clients import open_client
from outdial.simulator.sms.seen import TextSeen
from outdial.storage.blacklist import Listing
from outdial.storage.campaigns import Campaign
from tests import given
from tests.dialer.stage import eventually
from tests.sms.gateway.stage import Stage, a_carrier

ANN, BOB = given.phones(2, first=100)


async def a_called_campaign(stage: Stage) -> Campaign:
    """A voice campaign, whose people may ask for a text; nobody of it is called here."""
    return await given.a_running_campaign(stage.pool, utc_now(), [ANN, BOB])


async def ask(
    stage: Stage, campaign: Campaign, phone: str, at: datetime | None = None, **changes: Any
) -> None:
    """Somebody presses a key: the message the dialer puts on the queue."""
    (contact,) = await stage.rows("select id from contacts where phone = %s", phone)
    request = {
        "event": "sms.requested",
        "requestId": f"call-1:menu:{phone}",
        "callId": "call-1",
        "campaignId": str(campaign.id),
        "contactId": str(contact["id"]),
        "phoneNumber": phone,
        "metadata": {"firstName": "Ann"},
        "parameters": {"text": "Thank you, {{firstName}}"},
        "timestamp": (at or utc_now()).isoformat(),
    }
    at_queue = stage.address
    async with open_client("sqs", at_queue.region, at_queue.endpoint_url) as sqs:
        await sqs.send_message(QueueUrl=at_queue.queue_url, MessageBody=json.dumps(request | changes))


async def test_a_text_asked_for_on_a_call_is_sent_once_however_often_the_request_comes(stage: Stage) -> None:
    campaign = await a_called_campaign(stage)
    async with a_carrier() as carrier, stage.gateway(carrier):
        for _ in range(3):
            await ask(stage, campaign, ANN)
        await ask(stage, campaign, BOB)
        await eventually(lambda: len(carrier.seen(TextSeen)) == 2)
        await eventually(lambda: _is_queue_empty(stage))
        assert {(one.to, one.text) for one in carrier.seen(TextSeen)} == {
            (ANN, "Thank you, Ann"),
            (BOB, "Thank you, Ann"),
        }
        await stage.assert_sound(carrier)
    (row,) = await stage.rows("select count(*) as n from sms_records where origin = 'call'")
    assert row["n"] == 2


async def test_who_was_listed_since_the_key_gets_no_text(stage: Stage) -> None:
    campaign = await a_called_campaign(stage)
    await list_numbers(stage.pool, [Listing(ANN, "said no", "ivr", "call-1")], utc_now())
    async with a_carrier() as carrier, stage.gateway(carrier):
        await ask(stage, campaign, ANN)
        await eventually(lambda: _refusal(stage, "listed"))
        assert carrier.seen(TextSeen) == []


async def test_what_comes_too_late_to_be_of_use_is_not_sent(stage: Stage) -> None:
    campaign = await a_called_campaign(stage)
    async with a_carrier() as carrier, stage.gateway(carrier):
        await ask(stage, campaign, ANN, utc_now() - timedelta(minutes=6))
        await eventually(lambda: _refusal(stage, "too_late"))
        assert carrier.seen(TextSeen) == []


async def test_a_request_nobody_can_fulfil_is_buried_with_its_reason(stage: Stage) -> None:
    campaign = await a_called_campaign(stage)
    async with a_carrier() as carrier, stage.gateway(carrier):
        await ask(stage, campaign, ANN, parameters={})
        at = stage.address
        async with open_client("sqs", at.region, at.endpoint_url) as sqs:
            answer = await sqs.receive_message(
                QueueUrl=at.dlq_url, WaitTimeSeconds=10, MessageAttributeNames=["All"]
            )
    (message,) = answer["Messages"]
    assert "smsTemplate" in message["MessageAttributes"]["reason"]["StringValue"]


async def _refusal(stage: Stage, failure: str) -> bool:
    rows = await stage.rows("select state, failure from sms_records")
    return rows == [{"state": "refused", "failure": failure}]


async def _is_queue_empty(stage: Stage) -> bool:
    at = stage.address
    async with open_client("sqs", at.region, at.endpoint_url) as sqs:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = await sqs.get_queue_attributes(QueueUrl=at.queue_url, AttributeNames=names)
    return all(answer["Attributes"][name] == "0" for name in names)
