"""A queue that hears a topic, as a customer's own would."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from outdial.messaging.aws_clients import open_client
from outdial.messaging.queue_address import QueueAddress


class Heard:
    """What a topic told its queue."""

    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self._url = url
        self.events: list[dict[str, Any]] = []

    async def of(self, event: str) -> list[dict[str, Any]]:
        """The events of this name so far."""
        answer = await self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            await self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            self.events.append(json.loads(message["Body"]))
        return [one for one in self.events if one["event"] == event]


@asynccontextmanager
async def heard_topic(address: QueueAddress) -> AsyncGenerator[tuple[str, Heard]]:
    """The ARN of a topic of the test's own, and what it tells."""
    name = f"topic-{secrets.token_hex(6)}"
    async with (
        open_client("sns", address.region, address.endpoint_url) as sns,
        open_client("sqs", address.region, address.endpoint_url) as sqs,
    ):
        arn = (await sns.create_topic(Name=name))["TopicArn"]
        url = (await sqs.create_queue(QueueName=name))["QueueUrl"]
        asked = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        raw = {"RawMessageDelivery": "true"}
        endpoint = asked["Attributes"]["QueueArn"]
        await sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=endpoint, Attributes=raw)
        yield arn, Heard(sqs, url)
