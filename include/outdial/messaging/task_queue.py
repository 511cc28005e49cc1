"""A queue of tasks on SQS and its dead letters: dispatch sends, dialers and gateways receive.

A task received is out of others' sight for 30 s. Who holds it longer defers it; who has begun or refused
its attempt deletes it; what cannot be worked off is buried with its reason.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from outdial.domain.dial_task import DialTask
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.messaging.aws_clients import (
    LONGEST_POLL_S,
    AwsClient,
    Refused,
    answered_in_time,
    open_client,
)
from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.requests import ENTRIES_PER_REQUEST, Entry, in_tens, into_requests, to_entry
from outdial.telemetry.logs import get_logger

LONGEST_DEFERRAL_S = 12 * 3600
"""SQS hides a message for at most twelve hours."""

_AT_ONCE = 8
"""Requests in flight; more gain nothing, as one process of this client is then at its own ceiling."""

_REASON_CHARACTERS = 1024

T = TypeVar("T")

log = get_logger(__name__)


@dataclass(frozen=True)
class Received:
    """One delivery of one message. `receive_count` counts this delivery and those that only waited."""

    body: str
    receipt: str
    receive_count: int
    message_id: str


@dataclass(frozen=True)
class Depth:
    """About how many messages stand in the queue and how many somebody holds; SQS promises no more."""

    waiting: int
    in_flight: int


@asynccontextmanager
async def open_task_queue(address: QueueAddress) -> AsyncGenerator[TaskQueue]:
    """The queue, for the length of a block; raises InvalidInput where an address is not set."""
    if not address.queue_url or not address.dlq_url:
        name = f"{address.setting}_{'DLQ_URL' if address.queue_url else 'QUEUE_URL'}"
        raise InvalidInput(f"{name} is not set: give the URL of the SQS queue.")
    where = address.region, address.endpoint_url
    async with AsyncExitStack() as clients:
        sqs = await clients.enter_async_context(open_client("sqs", *where))
        sns = await clients.enter_async_context(open_client("sns", *where)) if address.topic_arn else None
        yield TaskQueue(sqs, sns, address)


class TaskQueue:
    """Every method raises Unavailable where the endpoint does not answer in time."""

    def __init__(self, sqs: AwsClient, sns: AwsClient, address: QueueAddress) -> None:
        """Use `open_task_queue`; `sns` is None where the address has no topic."""
        self._sqs = sqs
        self._sns = sns
        self._address = address

    async def send(self, tasks: Sequence[DialTask]) -> set[UUID]:
        """Send tasks; returns the claim ids that SQS accepted.

        Refusals are logged and left out. A task whose answer was lost may have arrived all the same: its
        claim is not returned, and the copy finds no claim when its turn comes. Raises Unavailable only
        when nothing was accepted.
        """
        accepted: set[UUID] = set()

        async def send_one(request: list[Entry]) -> None:
            accepted.update(await self._send_request(request))

        failure = await _work_off(into_requests(to_entry(task) for task in tasks), send_one)
        if failure and not accepted:
            raise failure
        if failure:
            log.warning("tasks sent in part", sent=len(accepted), of=len(tasks), reason=str(failure))
        return accepted

    async def receive(self, max_messages: int, wait_s: int) -> list[Received]:
        """Up to `max_messages` (SQS gives 10 at most) as soon as there are any, waiting up to 20 s."""
        wait_s = min(wait_s, LONGEST_POLL_S)
        async with answered_in_time("SQS", wait_s + 5):
            response = await self._sqs.receive_message(
                QueueUrl=self._address.queue_url,
                MaxNumberOfMessages=min(max_messages, ENTRIES_PER_REQUEST),
                WaitTimeSeconds=wait_s,
                VisibilityTimeout=self._address.visibility_timeout_s,
                AttributeNames=["ApproximateReceiveCount"],
            )
        return [_received(message) for message in response.get("Messages", [])]

    async def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages; one that SQS keeps is logged and comes again, as a stale copy."""
        failure = await _work_off(in_tens(receipts), self._delete_request)
        if failure:
            raise failure

    async def defer(self, receipt: str, delay_s: float) -> bool:
        """Hide a message for `delay_s` from now; False when it is no longer ours to hide."""
        try:
            async with answered_in_time("SQS"):
                await self._sqs.change_message_visibility(
                    QueueUrl=self._address.queue_url,
                    ReceiptHandle=receipt,
                    VisibilityTimeout=min(math.ceil(delay_s), LONGEST_DEFERRAL_S),
                )
        except Refused as refusal:
            log.info("message is no longer held", reason=str(refusal))
            return False
        return True

    async def bury(self, received: Received, reason: str) -> None:
        """Put a message into the dead-letter queue with its reason, then delete it.

        Should the deletion fail, the message comes again and is buried twice, never lost.
        """
        async with answered_in_time("SQS"):
            await self._sqs.send_message(
                QueueUrl=self._address.dlq_url,
                MessageBody=received.body,
                MessageAttributes={
                    "reason": _text(_carried(reason)),
                    "messageId": _text(received.message_id),
                    "receiveCount": {"DataType": "Number", "StringValue": str(received.receive_count)},
                },
            )
        log.warning("task buried", message_id=received.message_id, reason=reason)
        await self.delete([received.receipt])

    async def depth(self) -> Depth:
        """How much is in the queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        async with answered_in_time("SQS"):
            response = await self._sqs.get_queue_attributes(
                QueueUrl=self._address.queue_url, AttributeNames=names
            )
        waiting, in_flight = (int(response["Attributes"][name]) for name in names)
        return Depth(waiting, in_flight)

    async def _send_request(self, request: list[Entry]) -> set[UUID]:
        try:
            return await self._send_batch(request)
        except Refused as refusal:
            # Some servers refuse a whole batch for one message in it.
            if len(request) > 1:
                return set[UUID]().union(*[await self._send_request([entry]) for entry in request])
            log.warning("task refused", contact_id=request[0].contact_id, reason=str(refusal))
            return set()

    async def _send_batch(self, request: list[Entry]) -> set[UUID]:
        response = await (self._publish(request) if self._address.topic_arn else self._enqueue(request))
        for failed in response.get("Failed", []):
            contact_id = request[int(failed["Id"])].contact_id
            log.warning("task refused", contact_id=contact_id, reason=failed.get("Message"))
        return {request[int(entry["Id"])].claim_id for entry in response.get("Successful", [])}

    async def _enqueue(self, request: list[Entry]) -> dict[str, Any]:
        entries = [{"Id": str(n), "MessageBody": entry.body} for n, entry in enumerate(request)]
        async with answered_in_time("SQS"):
            return await self._sqs.send_message_batch(QueueUrl=self._address.queue_url, Entries=entries)

    async def _publish(self, request: list[Entry]) -> dict[str, Any]:
        entries = [{"Id": str(n), "Message": entry.body} for n, entry in enumerate(request)]
        async with answered_in_time("SNS"):
            return await self._sns.publish_batch(
                TopicArn=self._address.topic_arn, PublishBatchRequestEntries=entries
            )

    async def _delete_request(self, receipts: Sequence[str]) -> None:
        entries = [{"Id": str(n), "ReceiptHandle": receipt} for n, receipt in enumerate(receipts)]
        async with answered_in_time("SQS"):
            response = await self._sqs.delete_message_batch(QueueUrl=self._address.queue_url, Entries=entries)
        for failed in response.get("Failed", []):
            log.warning("message not deleted", reason=failed.get("Message") or failed.get("Code"))


async def _work_off(requests: Iterable[T], act: Callable[[T], Awaitable[None]]) -> Unavailable | None:
    """Act on every request, several at once; once one fails the rest is left, and the failure returned."""
    waiting = iter(requests)
    failures: list[Unavailable] = []

    async def worker() -> None:
        while not failures and (request := next(waiting, None)) is not None:
            try:
                await act(request)
            except Unavailable as failure:
                failures.append(failure)

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(worker())
    return failures[0] if failures else None


def _received(message: dict[str, Any]) -> Received:
    count = int(message["Attributes"]["ApproximateReceiveCount"])
    return Received(message["Body"], message["ReceiptHandle"], count, message["MessageId"])


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def _carried(reason: str) -> str:
    """The reason as an attribute can carry it: not empty, short, without control characters."""
    kept = "".join(character if character.isprintable() else " " for character in reason)
    return kept[:_REASON_CHARACTERS].strip() or "no reason given"
