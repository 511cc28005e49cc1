"""Creates the queues and topics Outdial uses, for one machine and for tests; safe to repeat."""

from __future__ import annotations

import json

from outdial.messaging.aws_clients import AwsClient, answered_in_time, open_client
from outdial.messaging.queue_address import VISIBILITY_TIMEOUT_S, QueueAddress

TOPICS = {
    "call-events": "CALL_EVENTS_TOPIC_ARN",
    "donation-events": "DONATION_EVENTS_TOPIC_ARN",
    "optout-events": "OPTOUT_EVENTS_TOPIC_ARN",
    "campaign-notifications": "CAMPAIGN_NOTIFICATIONS_TOPIC_ARN",
    "sms-requests": "SMS_GATEWAY_TOPIC_ARN",
}
"""Topics, and the setting that holds each one's ARN."""

_LAST_NET_RECEIVES = 50
"""Dialers bury what fails, with a reason; this catches only what kills every dialer that reads it. Tasks
that merely wait for their turn are received again too, hence so many."""

_KEPT_S = 14 * 24 * 3600


async def provision(region: str, endpoint_url: str | None) -> dict[str, str]:
    """Create everything; returns the addresses by the names of their settings.

    Raises Unavailable when the endpoint does not answer.
    """
    dial = await create_queues(region, endpoint_url)
    arns = await _create_topics(region, endpoint_url)
    texts = await create_queues(region, endpoint_url, "sms-requests")
    await _feed(texts, arns["SMS_GATEWAY_TOPIC_ARN"])
    return {
        "DIAL_TASKS_QUEUE_URL": dial.queue_url,
        "DIAL_TASKS_DLQ_URL": dial.dlq_url,
        "SMS_REQUESTS_QUEUE_URL": texts.queue_url,
        "SMS_REQUESTS_DLQ_URL": texts.dlq_url,
        **arns,
    }


async def create_queues(
    region: str,
    endpoint_url: str | None,
    name: str = "dial-tasks",
    visibility_timeout_s: int = VISIBILITY_TIMEOUT_S,
) -> QueueAddress:
    """Create the queue `name` and its dead-letter queue `name`-dlq."""
    async with open_client("sqs", region, endpoint_url) as sqs:
        dlq_url = await _create_queue(sqs, f"{name}-dlq", {"MessageRetentionPeriod": str(_KEPT_S)})
        redrive = {
            "deadLetterTargetArn": await _queue_arn(sqs, dlq_url),
            "maxReceiveCount": str(_LAST_NET_RECEIVES),
        }
        attributes = {
            "VisibilityTimeout": str(visibility_timeout_s),
            "RedrivePolicy": json.dumps(redrive),
        }
        queue_url = await _create_queue(sqs, name, attributes)
    return QueueAddress(queue_url, dlq_url, region, endpoint_url, visibility_timeout_s)


async def _create_topics(region: str, endpoint_url: str | None) -> dict[str, str]:
    arns: dict[str, str] = {}
    async with open_client("sns", region, endpoint_url) as sns:
        for name, setting in TOPICS.items():
            async with answered_in_time("SNS"):
                arns[setting] = (await sns.create_topic(Name=name))["TopicArn"]
    return arns


async def _feed(queues: QueueAddress, topic_arn: str) -> None:
    """What is published to the topic arrives in the queue as it was written."""
    region, endpoint_url, url = queues.region, queues.endpoint_url, queues.queue_url
    async with open_client("sqs", region, endpoint_url) as sqs:
        arn = await _queue_arn(sqs, url)
        async with answered_in_time("SQS"):
            await sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _may_feed(topic_arn, arn)})
    async with open_client("sns", region, endpoint_url) as sns, answered_in_time("SNS"):
        raw = {"RawMessageDelivery": "true"}
        await sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes=raw)


def _may_feed(topic_arn: str, queue_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def _create_queue(sqs: AwsClient, name: str, attributes: dict[str, str]) -> str:
    # SQS refuses to create a queue that exists with other attributes, but will change them.
    async with answered_in_time("SQS"):
        url = (await sqs.create_queue(QueueName=name))["QueueUrl"]
        if attributes:
            await sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return url


async def _queue_arn(sqs: AwsClient, url: str) -> str:
    async with answered_in_time("SQS"):
        answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]
