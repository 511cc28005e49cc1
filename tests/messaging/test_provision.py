"""Provisioning creates what the settings name, once, and topics deliver what is published."""

from __future__ import annotations

import json

import pytest

from outdial.domain.errors import Unavailable
from outdial.messaging.aws_clients import AwsClient
from outdial.messaging.provision import provision
from outdial.messaging.topics import open_topics
from outdial.standalone.ports import choose_ports

REGION = "us-east-1"


async def test_provisioning_twice_gives_the_same_addresses_and_no_second_subscription(
    aws_endpoint: str, sqs: AwsClient
) -> None:
    first = await provision(REGION, aws_endpoint)
    assert await provision(REGION, aws_endpoint) == first
    async with open_topics(REGION, aws_endpoint) as topics:
        await topics.publish(first["SMS_GATEWAY_TOPIC_ARN"], {"text": "Tere, õhtust"})
    url = first["SMS_REQUESTS_QUEUE_URL"]
    received = await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
    assert [json.loads(message["Body"]) for message in received["Messages"]] == [{"text": "Tere, õhtust"}]


async def test_every_address_has_the_name_of_its_setting(aws_endpoint: str) -> None:
    addresses = await provision(REGION, aws_endpoint)
    assert set(addresses) == {
        "DIAL_TASKS_QUEUE_URL",
        "DIAL_TASKS_DLQ_URL",
        "SMS_REQUESTS_QUEUE_URL",
        "SMS_REQUESTS_DLQ_URL",
        "SMS_GATEWAY_TOPIC_ARN",
        "CALL_EVENTS_TOPIC_ARN",
        "DONATION_EVENTS_TOPIC_ARN",
        "OPTOUT_EVENTS_TOPIC_ARN",
        "CAMPAIGN_NOTIFICATIONS_TOPIC_ARN",
    }
    assert len(set(addresses.values())) == len(addresses)


async def test_the_queue_hands_to_the_dead_letter_queue_what_no_dialer_survives(
    aws_endpoint: str, sqs: AwsClient
) -> None:
    addresses = await provision(REGION, aws_endpoint)
    answer = await sqs.get_queue_attributes(
        QueueUrl=addresses["DIAL_TASKS_QUEUE_URL"], AttributeNames=["RedrivePolicy", "VisibilityTimeout"]
    )
    policy = json.loads(answer["Attributes"]["RedrivePolicy"])
    assert policy["deadLetterTargetArn"].endswith(":dial-tasks-dlq")
    assert policy["maxReceiveCount"] == 50
    assert answer["Attributes"]["VisibilityTimeout"] == "30"


async def test_a_topic_nobody_configured_is_not_published_to() -> None:
    port = choose_ports(("nobody",), wished={})["nobody"]
    async with open_topics(REGION, f"http://127.0.0.1:{port}") as topics:
        await topics.publish("", {"type": "call"})
        with pytest.raises(Unavailable, match="SNS cannot be reached"):
            await topics.publish("arn:aws:sns:us-east-1:1:call-events", {"type": "call"})


async def test_publishing_to_a_topic_that_does_not_exist_says_so(aws_endpoint: str) -> None:
    async with open_topics(REGION, aws_endpoint) as topics:
        with pytest.raises(Unavailable, match="NotFound"):
            await topics.publish("arn:aws:sns:us-east-1:123456789012:nowhere", {"type": "call"})


async def test_events_of_one_request_are_all_delivered_and_no_topic_takes_none(
    aws_endpoint: str, sqs: AwsClient
) -> None:
    known = await provision(REGION, aws_endpoint)
    events = [{"n": n} for n in range(10)]
    async with open_topics(REGION, aws_endpoint) as topics:
        assert await topics.publish_all(known["SMS_GATEWAY_TOPIC_ARN"], events) == []
        with pytest.raises(Unavailable, match="NotFound"):
            await topics.publish_all("arn:aws:sns:us-east-1:123456789012:nowhere", events)
    answer = await sqs.receive_message(
        QueueUrl=known["SMS_REQUESTS_QUEUE_URL"], MaxNumberOfMessages=10, WaitTimeSeconds=2
    )
    assert sorted(json.loads(one["Body"])["n"] for one in answer["Messages"]) == list(range(10))
