"""Brings AWS End User Messaging's events and replies from their SQS queues to the inbox.

A message is deleted once it is kept, and only then. What cannot be read is left to the queue's own redrive
policy, which should have a dead-letter queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.sms.delivery import Receipt
from outdial.messaging.aws_clients import LONGEST_POLL_S, AwsClient, answered_in_time
from outdial.sms.carriers.aws_events import read_event, read_reply
from outdial.sms.carriers.carrier import Inbox
from outdial.storage.cancellation import raise_if_cancelled
from outdial.telemetry.logs import get_logger

_AT_ONCE = 10
"""SQS gives no more in one receive."""
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Brought:
    """One delivery of one message."""

    message_id: str
    body: str
    handle: str
    sent_at: datetime


Keep = Callable[[Sequence[Brought]], Awaitable[Sequence[Brought]]]
"""Gives back what need not come again; raises Unavailable where nothing could be kept."""


async def bring(sqs: AwsClient, queue_url: str, keep: Keep, wait_s: int = LONGEST_POLL_S) -> None:
    """Receive, keep and delete until cancelled; SQS or the inbox out of reach are waited for."""
    pause_s = _SHORTEST_PAUSE_S
    while True:
        raise_if_cancelled()
        try:
            done = await keep(await _receive(sqs, queue_url, wait_s))
            await _delete(sqs, queue_url, done)
        except Unavailable as failure:
            log.warning("receipts and replies wait", reason=str(failure), pause_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        else:
            pause_s = _SHORTEST_PAUSE_S


def receipts_to(inbox: Inbox) -> Keep:
    """Keeps events, all that were received together in one go."""

    async def keep(brought: Sequence[Brought]) -> Sequence[Brought]:
        done: list[Brought] = []
        receipts: list[Receipt] = []
        for message in brought:
            try:
                receipt = read_event(message.body)
            except InvalidInput as problem:
                _leave(message, problem)
                continue
            receipts += [receipt] if receipt else []
            done.append(message)
        if receipts:
            await inbox.take_receipts(receipts)
        return done

    return keep


def replies_to(inbox: Inbox) -> Keep:
    """Keeps replies, one by one: those before one that cannot be kept need not come again."""

    async def keep(brought: Sequence[Brought]) -> Sequence[Brought]:
        done: list[Brought] = []
        for message in brought:
            try:
                await inbox.take_reply(read_reply(message.body, message.sent_at))
            except InvalidInput as problem:
                _leave(message, problem)
            except Unavailable:
                if not done:
                    raise
                return done
            else:
                done.append(message)
        return done

    return keep


def _leave(message: Brought, problem: InvalidInput) -> None:
    log.warning("message left to the queue's redrive", message_id=message.message_id, reason=str(problem))


async def _receive(sqs: AwsClient, queue_url: str, wait_s: int) -> list[Brought]:
    async with answered_in_time("SQS", wait_s + 5):
        response = await sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=_AT_ONCE,
            WaitTimeSeconds=wait_s,
            AttributeNames=["SentTimestamp"],
        )
    return [_brought(message) for message in response.get("Messages", [])]


def _brought(message: dict[str, Any]) -> Brought:
    sent_at = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    return Brought(message["MessageId"], message["Body"], message["ReceiptHandle"], sent_at)


async def _delete(sqs: AwsClient, queue_url: str, done: Sequence[Brought]) -> None:
    """What SQS does not delete comes again, and is no harm to the inbox."""
    if not done:
        return
    entries = [{"Id": str(n), "ReceiptHandle": message.handle} for n, message in enumerate(done)]
    async with answered_in_time("SQS"):
        response = await sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)
    for failed in response.get("Failed", []):
        log.warning("message not deleted", reason=failed.get("Message") or failed.get("Code"))
