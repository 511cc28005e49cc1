"""Publishes events to SNS topics; used by whatever has something to tell the world outside."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
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


@asynccontextmanager
async def open_topics(region: str, endpoint_url: str | None) -> AsyncGenerator[Topics]:
    """Topics, for the length of a block; `endpoint_url` None is AWS itself."""
    async with open_client("sns", region, endpoint_url) as sns:
        yield Topics(sns)
