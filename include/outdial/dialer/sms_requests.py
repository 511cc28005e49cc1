"""Asks the SMS gateway for a message on a caller's behalf: by its topic, or else by its queue."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from outdial.domain.errors import InvalidInput
from outdial.messaging.aws_clients import answered_in_time, open_client
from outdial.messaging.topics import Topics

SendSms = Callable[[Mapping[str, Any]], Awaitable[None]]


@asynccontextmanager
async def open_sms_requests(
    topics: Topics, topic_arn: str, queue_url: str, region: str, endpoint_url: str | None
) -> AsyncGenerator[SendSms]:
    """A function that sends one request; it raises InvalidInput where neither address is set."""
    async with open_client("sqs", region, endpoint_url) as sqs:

        async def send(request: Mapping[str, Any]) -> None:
            if topic_arn:
                await topics.publish(topic_arn, request)
            elif queue_url:
                async with answered_in_time("SQS"):
                    await sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(request, default=str))
            else:
                raise InvalidInput("set SMS_GATEWAY_TOPIC_ARN or SMS_REQUESTS_QUEUE_URL to send messages")

        yield send
