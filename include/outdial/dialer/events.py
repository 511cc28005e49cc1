"""Tells the world outside what happened on calls: SNS events, in the background and best effort."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outdial.domain.errors import OutdialError
from outdial.messaging.topics import Topics
from outdial.storage.cancellation import raise_if_cancelled
from outdial.telemetry.logs import get_logger

MOST_WAITING = 2000
SENDERS = 4

log = get_logger(__name__)


@dataclass(frozen=True)
class EventTopics:
    """ARNs by what they carry; an empty one is not published to."""

    calls: str = ""
    donations: str = ""
    optouts: str = ""
    notifications: str = ""


class Announcer:
    """Publishes from a bounded queue, so that a slow topic never slows a call."""

    def __init__(self, topics: Topics, arns: EventTopics) -> None:
        """`topics` stays open for as long as `run` does."""
        self.arns = arns
        self._topics = topics
        self._waiting: asyncio.Queue[tuple[str, Mapping[str, Any]]] = asyncio.Queue(MOST_WAITING)

    def announce(self, arn: str, event: Mapping[str, Any]) -> None:
        """Publish soon; dropped, and said so in the log, where too many wait already."""
        if not arn:
            return
        try:
            self._waiting.put_nowait((arn, event))
        except asyncio.QueueFull:
            log.warning("event dropped: the topic is too slow", event_name=event.get("event"))

    async def run(self) -> None:
        """Publish until cancelled."""
        async with asyncio.TaskGroup() as senders:
            for _ in range(SENDERS):
                senders.create_task(self._send())

    async def drain(self, timeout_s: float) -> None:
        """Give what waits a last chance."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._waiting.join()
        except TimeoutError:
            log.warning("events left unsent", events=self._waiting.qsize())

    async def _send(self) -> None:
        while True:
            raise_if_cancelled()
            arn, event = await self._waiting.get()
            try:
                await self._topics.publish(arn, event)
            except OutdialError as error:
                log.warning("event not published", event_name=event.get("event"), reason=str(error))
            finally:
                self._waiting.task_done()
