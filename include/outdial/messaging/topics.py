"""Publishes events to SNS topics; used by whatever has something to tell the world outside."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from outdial.messaging.aws_clients import AwsClient, answered_in_time, open_client


class Topics:
    """Where events go. Use `open_topics`."""

    def __init__(self, sns: AwsClient) -> None:
        """`sns` is an open client."""
        self._sns = sns

    async def publish(self, arn: str, event: Mapping[str, Any]) -> None:
        """Publish one event as JSON; an empty `arn` is a topic nobody configured, and nothing happens.

        Raises Unavailable when SNS does not answer within 5 s, Refused when it will not take the event.
        """
        if not arn:
            return
        message = json.dumps(event, default=str)
        async with answered_in_time("SNS"):
            await self._sns.publish(TopicArn=arn, Message=message)

    async def publish_all(self, arn: str, events: Sequence[Mapping[str, Any]]) -> list[str]:
        """Publish up to ten events in one request; returns why some were not taken, one reason for each.

        Raises Unavailable when SNS does not answer within 5 s, Refused when it will take none of them.
        """
        entries = [
            {"Id": str(n), "Message": json.dumps(event, default=str)} for n, event in enumerate(events)
        ]
        async with answered_in_time("SNS"):
            answer = await self._sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
        return [failed.get("Message") or failed["Code"] for failed in answer.get("Failed", [])]


@asynccontextmanager
async def open_topics(region: str, endpoint_url: str | None) -> AsyncGenerator[Topics]:
    """Topics, for the length of a block; `endpoint_url` None is AWS itself."""
    async with open_client("sns", region, endpoint_url) as sns:
        yield Topics(sns)
