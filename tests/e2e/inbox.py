"""A queue that hears the topic of campaign notifications, as a customer's own would."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID


class Inbox:
    """Reads notifications; those of other campaigns are passed over."""

    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self._url = url

    async def notification_of(self, campaign_id: UUID, timeout_s: float = 60) -> dict[str, Any]:
        """The next notification about this campaign."""
        async with asyncio.timeout(timeout_s):
            while True:
                answer = await self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=2)
                for message in answer.get("Messages", []):
                    receipt = message["ReceiptHandle"]
                    await self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)
                    event = json.loads(message["Body"])
                    if event.get("campaignId") == str(campaign_id):
                        return event
