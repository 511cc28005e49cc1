"""Tells the world outside what happened: SNS events, in the background and best effort."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from outdial.domain.errors import OutdialError
from outdial.messaging.topics import Topics
from outdial.storage.cancellation import raise_if_cancelled
from outdial.telemetry.logs import get_logger

MOST_WAITING = 2000
SENDERS = 4
EVENTS_PER_REQUEST = 10
"""SNS takes no more in one batch."""

GATHER_S = 0.1

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
        self._gathering = asyncio.Lock()
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
            # One at a time, else each would begin a request of its own with the first few.
            async with self._gathering:
                gathered = await self._gather()
            try:
                for arn, events in gathered.items():
                    await self._publish(arn, events)
            finally:
                for _ in range(sum(map(len, gathered.values()))):
                    self._waiting.task_done()

    async def _gather(self) -> dict[str, list[Mapping[str, Any]]]:
        """What came within a moment, by its topic: one request carries ten as cheaply as one."""
        arn, event = await self._waiting.get()
        gathered = {arn: [event]}
        await asyncio.sleep(GATHER_S)
        for _ in range(min(self._waiting.qsize(), EVENTS_PER_REQUEST - 1)):
            arn, event = self._waiting.get_nowait()
            gathered.setdefault(arn, []).append(event)
        return gathered

    async def _publish(self, arn: str, events: Sequence[Mapping[str, Any]]) -> None:
        try:
            reasons = await self._topics.publish_all(arn, events)
        except OutdialError as error:
            reasons = [str(error)]
        if reasons:
            names = sorted({str(event.get("event")) for event in events})
            log.warning("events not published", event_names=names, reason=reasons[0])
