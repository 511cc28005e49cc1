"""What AWS brings, through a real SQS endpoint: kept before it is deleted, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.domain.sms.delivery import IncomingText, Receipt, ReceiptState, TextFailure
from outdial.messaging.aws_clients import AwsClient, open_client
from outdial.sms.carriers.aws_carrier import AwsCarrierAddress, open_aws_carrier
from outdial.sms.carriers.aws_events import meaning_of, read_event, read_reply
from outdial.standalone.aws import REGION
from tests.sms.carriers.http_inbox import WrittenDown

REFERENCE = "0123456789abcdef0123456789abcdef"
R, F = ReceiptState, TextFailure


def event(number: int = 1, kind: str = "TEXT_DELIVERED", **changes: Any) -> dict[str, Any]:
    """As in AWS's example of an event."""
    return {
        "eventType": kind,
        "eventVersion": "1.0",
        "eventTimestamp": 1686975103470,
        "isFinal": True,
        "originationPhoneNumber": "+12065550152",
        "destinationPhoneNumber": "+14255550156",
        "isInternationalSend": False,
        "mcc": "310",
        "messageId": f"862a8790-{number}",
        "messageRequestTimestamp": 1686975103170,
        "messageEncoding": "GSM",
        "messageType": "PROMOTIONAL",
        "messageStatus": kind.removeprefix("TEXT_"),
        "messageStatusDescription": "Message has been accepted by phone",
        "context": {"reference": REFERENCE},
        "totalMessageParts": 1,
        "totalMessagePrice": 0.09582,
    } | changes


def reply(number: int = 1, body: str = "STOP") -> dict[str, str]:
    """As in AWS's example of a two-way message."""
    return {
        "originationNumber": "+14255550182",
        "destinationNumber": "+12125550101",
        "messageKeyword": "KEYWORD_12125550101",
        "messageBody": body,
        "inboundMessageId": f"cae173d2-{number}",
        "previousPublishedMessageId": "wJalrXUtnFEMI",
    }


@dataclass
class Queues:
    """Queues of the test's own; a message not deleted comes again after a second."""

    sqs: AwsClient
    sns: AwsClient
    events: str
    replies: str
    dead: str

    async def send(self, url: str, *messages: Any) -> None:
        for message in messages:
            body = message if isinstance(message, str) else json.dumps(message)
            await self.sqs.send_message(QueueUrl=url, MessageBody=body)

    async def left(self, url: str) -> int:
        """How many messages the queue holds, in sight or out of it."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = await self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)

    async def topic_to(self, url: str, *, raw: bool) -> str:
        """A topic that feeds the queue, as AWS publishes to."""
        topic = (await self.sns.create_topic(Name=f"aws-{secrets.token_hex(6)}"))["TopicArn"]
        found = await self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn, raw_delivery = found["Attributes"]["QueueArn"], {"RawMessageDelivery": str(raw).lower()}
        await self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw_delivery)
        return topic


@pytest.fixture
async def queues(aws_endpoint: str) -> AsyncIterator[Queues]:
    async with (
        open_client("sqs", REGION, aws_endpoint) as sqs,
        open_client("sns", REGION, aws_endpoint) as sns,
    ):
        run = secrets.token_hex(6)
        dead = (await sqs.create_queue(QueueName=f"dead-{run}"))["QueueUrl"]
        found = await sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        redrive = {"deadLetterTargetArn": found["Attributes"]["QueueArn"], "maxReceiveCount": "2"}
        attributes = {"VisibilityTimeout": "1", "RedrivePolicy": json.dumps(redrive)}
        urls = [
            (await sqs.create_queue(QueueName=f"{name}-{run}", Attributes=attributes))["QueueUrl"]
            for name in ("events", "replies")
        ]
        yield Queues(sqs, sns, urls[0], urls[1], dead)


@asynccontextmanager
async def running(endpoint: str, queues: Queues, inbox: WrittenDown) -> AsyncGenerator[None]:
    """The carrier brings what there is to the inbox while the block runs."""
    address = AwsCarrierAddress(
        REGION, events_queue_url=queues.events, replies_queue_url=queues.replies, endpoint_url=endpoint
    )
    async with open_aws_carrier(address) as carrier:
        assert carrier.gives_receipts
        task = asyncio.create_task(carrier.run(inbox))
        try:
            yield
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def until(holds: Callable[[], bool]) -> None:
    async def asked() -> bool:
        return holds()

    await until_so(asked)


async def until_left(queues: Queues, url: str, count: int) -> None:
    async def asked() -> bool:
        return await queues.left(url) == count

    await until_so(asked)


async def until_so(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.05)


async def test_events_are_kept_and_then_deleted(aws_endpoint: str, queues: Queues) -> None:
    inbox = WrittenDown()
    await queues.send(queues.events, *(event(n) for n in range(25)))
    async with running(aws_endpoint, queues, inbox):
        await until(lambda: len(inbox.receipts) >= 25)
        await until_left(queues, queues.events, 0)
    assert sorted(receipt.message_id for receipt in inbox.receipts) == sorted(
        f"862a8790-{n}" for n in range(25)
    )
    assert inbox.receipts[0] == Receipt(
        carrier="aws",
        message_id=inbox.receipts[0].message_id,
        state=R.DELIVERED,
        said="TEXT_DELIVERED Message has been accepted by phone",
        reported_at=datetime(2023, 6, 17, 4, 11, 43, 470_000, tzinfo=UTC),
        reference=REFERENCE,
    )


@pytest.mark.parametrize("raw", [True, False])
async def test_what_comes_through_a_topic_is_read_wrapped_or_raw(
    aws_endpoint: str, queues: Queues, raw: bool
) -> None:
    inbox = WrittenDown()
    events = await queues.topic_to(queues.events, raw=raw)
    replies = await queues.topic_to(queues.replies, raw=raw)
    async with running(aws_endpoint, queues, inbox):
        await queues.sns.publish(TopicArn=events, Message=json.dumps(event(7)))
        await queues.sns.publish(TopicArn=replies, Message=json.dumps(reply(8, "די, תודה")))
        await until(lambda: bool(inbox.receipts and inbox.replies))
    [receipt], [kept] = inbox.receipts, inbox.replies
    assert receipt.message_id == "862a8790-7"
    assert kept == IncomingText(
        carrier="aws",
        message_id="cae173d2-8",
        phone="+14255550182",
        sent_to="+12125550101",
        body="די, תודה",
        received_at=kept.received_at,
    )
    assert abs(utc_now() - kept.received_at) < timedelta(minutes=1)


@pytest.mark.parametrize("what", ["events", "replies"])
async def test_what_cannot_be_kept_now_stays_in_its_queue_and_comes_again(
    aws_endpoint: str, queues: Queues, what: str
) -> None:
    inbox = WrittenDown(failures=1)
    url = queues.events if what == "events" else queues.replies
    await queues.send(url, event(1) if what == "events" else reply(1))
    async with running(aws_endpoint, queues, inbox):
        await until(lambda: len(inbox.receipts) + len(inbox.replies) == 1)
        await until_left(queues, url, 0)
    assert inbox.failures == await queues.left(queues.dead) == 0


async def test_what_cannot_be_read_is_left_to_the_redrive_and_keeps_nothing_else_back(
    aws_endpoint: str, queues: Queues
) -> None:
    inbox = WrittenDown()
    await queues.send(queues.events, "{", event(1), "[]", event(2))
    await queues.send(queues.replies, '{"originationNumber": "+14255550182"}', reply(3))
    async with running(aws_endpoint, queues, inbox):
        await until(lambda: len(inbox.receipts) == 2 and len(inbox.replies) == 1)
        await until_left(queues, queues.dead, 3)
    assert await queues.left(queues.events) == await queues.left(queues.replies) == 0


async def test_events_of_something_else_than_texts_are_not_receipts(
    aws_endpoint: str, queues: Queues
) -> None:
    inbox = WrittenDown()
    await queues.send(queues.events, event(1, "VOICE_COMPLETED"), event(2))
    async with running(aws_endpoint, queues, inbox):
        await until(lambda: bool(inbox.receipts))
        await until_left(queues, queues.events, 0)
    assert [receipt.message_id for receipt in inbox.receipts] == ["862a8790-2"]


@pytest.mark.parametrize(
    ("kind", "changes", "state", "failure"),
    [
        ("TEXT_DELIVERED", {}, R.DELIVERED, None),
        ("TEXT_SUCCESSFUL", {}, R.DELIVERED, None),
        ("TEXT_SUCCESSFUL", {"isFinal": False}, R.ENROUTE, None),
        ("TEXT_QUEUED", {"isFinal": False}, R.ENROUTE, None),
        ("TEXT_PENDING", {"isFinal": False}, R.ENROUTE, None),
        ("TEXT_SENT", {"isFinal": False}, R.ENROUTE, None),
        ("TEXT_INVALID", {}, R.FAILED, F.INVALID_NUMBER),
        ("TEXT_INVALID_MESSAGE", {}, R.FAILED, F.BAD_CONTENT),
        ("TEXT_UNREACHABLE", {}, R.FAILED, F.UNREACHABLE),
        ("TEXT_UNREACHABLE", {"isFinal": False}, R.ENROUTE, None),
        ("TEXT_CARRIER_UNREACHABLE", {}, R.FAILED, F.UNREACHABLE),
        ("TEXT_TTL_EXPIRED", {}, R.FAILED, F.UNREACHABLE),
        ("TEXT_BLOCKED", {}, R.FAILED, F.FILTERED),
        ("TEXT_BLOCKED", {"messageStatusDescription": "Phone number is opted out"}, R.FAILED, F.OPTED_OUT),
        ("TEXT_CARRIER_BLOCKED", {}, R.FAILED, F.FILTERED),
        ("TEXT_SPAM", {}, R.FAILED, F.FILTERED),
        ("TEXT_PROTECT_BLOCKED", {}, R.FAILED, F.FILTERED),
        ("TEXT_UNKNOWN", {}, R.FAILED, F.OTHER),
        ("TEXT_OF_NEXT_YEAR", {}, R.ENROUTE, None),
    ],
)
def test_what_an_event_means(
    kind: str, changes: dict[str, Any], state: ReceiptState, failure: TextFailure | None
) -> None:
    receipt = read_event(json.dumps(event(1, kind, **changes)))
    assert receipt is not None
    assert (receipt.state, receipt.failure) == (state, failure)


@given(st.text(), st.text(), st.booleans())
def test_every_event_has_a_meaning(kind: str, description: str, is_final: bool) -> None:
    state, failure = meaning_of(kind, description, is_final=is_final)
    assert (failure is not None) == (state is R.FAILED)


@given(st.text() | st.recursive(st.none() | st.text() | st.floats(), st.lists).map(json.dumps))
def test_whatever_stands_in_a_queue_it_is_read_or_refused_without_repeating_it(body: str) -> None:
    for read in (read_event, lambda text: read_reply(text, datetime(2026, 6, 15, tzinfo=UTC))):
        with pytest.raises(InvalidInput, match=r"not an? (event|reply) of AWS End User Messaging"):
            read(body)


def test_what_somebody_wrote_is_not_in_the_error() -> None:
    with pytest.raises(InvalidInput) as raised:
        read_reply(json.dumps(reply() | {"messageBody": ["a secret"]}), datetime(2026, 6, 15, tzinfo=UTC))
    assert "messageBody" in str(raised.value)
    assert "a secret" not in str(raised.value)
