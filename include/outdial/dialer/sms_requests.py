"""Asks the SMS gateway for texts on callers' behalf: by its topic, else its queue, again while both fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.messaging.aws_clients import AwsClient, answered_in_time, open_client
from outdial.messaging.topics import Topics
from outdial.telemetry.logs import get_logger

FIRST_TRY_S = 2.0
"""By topic and by queue each: somebody waits on the line meanwhile."""

AGAIN_AFTER_S = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0)
"""After five minutes the gateway takes a request for stale."""

MOST_LATE = 5000
LAST_CHANCE_S = 3.0

Request = Mapping[str, Any]
SendSms = Callable[[Request], Awaitable[None]]
Door = Callable[[Request], Awaitable[None]]
"""A way to the gateway; raises Unavailable where it is closed."""

log = get_logger(__name__)


@asynccontextmanager
async def open_sms_requests(
    topics: Topics, topic_arn: str, queue_url: str, region: str, endpoint_url: str | None
) -> AsyncGenerator[SendSms]:
    """A function that sends one request, or sees to it that it is sent later, while the block lasts.

    A request may arrive twice; its `requestId` says so. The function raises InvalidInput where neither
    address is set, Refused where the request is not taken, Unavailable where too many wait already.
    """
    async with open_client("sqs", region, endpoint_url) as sqs:
        doors = [_topic_door(topics, topic_arn)] if topic_arn else []
        doors += [_queue_door(sqs, queue_url)] if queue_url else []
        requests = _Requests(doors)
        try:
            yield requests.send
        finally:
            await requests.drain(LAST_CHANCE_S)


class _Requests:
    def __init__(self, doors: Sequence[Door]) -> None:
        self._doors = doors
        self._late: set[asyncio.Task[None]] = set()
        self._in_a_hurry = asyncio.Event()

    async def send(self, request: Request) -> None:
        if not self._doors:
            raise InvalidInput("set SMS_GATEWAY_TOPIC_ARN or SMS_REQUESTS_QUEUE_URL to send messages")
        reason = await self._try(request)
        if reason is None:
            return
        if len(self._late) >= MOST_LATE:
            raise Unavailable(f"{MOST_LATE} texts wait already to be asked for: {reason}")
        log.warning("a text is asked for later", request_id=request.get("requestId"), reason=reason)
        task = asyncio.create_task(self._send_later(request))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def drain(self, timeout_s: float) -> None:
        """Give what waits a last chance: what would be tried later is tried now."""
        self._in_a_hurry.set()
        if late := list(self._late):
            _, lost = await asyncio.wait(late, timeout=timeout_s)
            for task in lost:
                task.cancel()
            if lost:
                log.error("texts asked for on calls are lost", texts=len(lost))

    async def _send_later(self, request: Request) -> None:
        reason: str | None = None
        for pause_s in AGAIN_AFTER_S:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._in_a_hurry.wait()
            try:
                reason = await self._try(request)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others' requests go on
                reason = str(error)
                break
            if reason is None:
                return
            if self._in_a_hurry.is_set():
                break
        log.error("a text asked for on a call is lost", request_id=request.get("requestId"), reason=reason)

    async def _try(self, request: Request) -> str | None:
        """Why no door is open; None once the request is through."""
        reason = "no door"
        for knock in self._doors:
            try:
                async with asyncio.timeout(FIRST_TRY_S):
                    return await knock(request)
            except (Unavailable, TimeoutError) as error:
                reason = str(error) or f"no answer within {FIRST_TRY_S:g} s"
        return reason


def _topic_door(topics: Topics, arn: str) -> Door:
    async def knock(request: Request) -> None:
        await topics.publish(arn, request)

    return knock


def _queue_door(sqs: AwsClient, url: str) -> Door:
    async def knock(request: Request) -> None:
        async with answered_in_time("SQS"):
            await sqs.send_message(QueueUrl=url, MessageBody=json.dumps(request, default=str))

    return knock
