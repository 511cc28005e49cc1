"""The stack's SQS and SNS endpoint, and the queues and topics a start creates in it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from outdial.standalone.part import Part, port_answers

TOPICS = ("call-events", "donation-events", "optout-events", "campaign-notifications", "sms-requests")
REGION = "us-east-1"
# The endpoint checks no signatures; clients still insist on having something to sign with.
ACCESS_KEY_ID = "outdial"
SECRET_ACCESS_KEY = "standalone"  # noqa: S105 - accepted on loopback only, and checked by nobody


@dataclass(frozen=True)
class DialQueues:
    """A dial-task queue and its dead-letter queue, as URLs."""

    url: str
    dlq_url: str


@dataclass(frozen=True)
class AwsServer:
    """Where the endpoint listens and logs."""

    log: Path
    port: int

    @property
    def endpoint(self) -> str:
        """The endpoint's URL."""
        return f"http://127.0.0.1:{self.port}"


def aws_part(server: AwsServer, environment: dict[str, str]) -> Part:
    """The part that runs `server`."""

    async def is_ready() -> bool:
        return await port_answers(server.port)

    command = [sys.executable, "-m", "outdial.standalone.aws_server", str(server.port)]
    return Part("aws", command, server.log, is_ready, environment=environment)


def aws_client(service: str, endpoint: str) -> Any:  # noqa: ANN401 - botocore builds its clients' types at run time
    """An async context manager of a client for `service`, with short timeouts."""
    return get_session().create_client(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=AioConfig(connect_timeout=2, read_timeout=5, retries={"max_attempts": 2}),
    )


async def create_dial_queues(endpoint: str, name: str = "dial-tasks") -> DialQueues:
    """Create the queue `name` and its dead-letter queue `name`-dlq."""
    async with aws_client("sqs", endpoint) as sqs:
        dlq = await sqs.create_queue(QueueName=f"{name}-dlq")
        queue = await sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "30"})
    return DialQueues(queue["QueueUrl"], dlq["QueueUrl"])


async def delete_dial_queues(endpoint: str, queues: DialQueues) -> None:
    """Delete both queues and what is in them."""
    async with aws_client("sqs", endpoint) as sqs:
        for url in (queues.url, queues.dlq_url):
            await sqs.delete_queue(QueueUrl=url)


async def create_sms_queue(endpoint: str) -> str:
    """Create the queue of the SMS gateway; returns its URL."""
    async with aws_client("sqs", endpoint) as sqs:
        return (await sqs.create_queue(QueueName="sms-requests"))["QueueUrl"]


async def create_topics(endpoint: str) -> dict[str, str]:
    """Create every topic; returns their ARNs by name."""
    async with aws_client("sns", endpoint) as sns:
        return {name: (await sns.create_topic(Name=name))["TopicArn"] for name in TOPICS}


async def queue_exists(endpoint: str, url: str) -> bool:
    """Whether the endpoint answers for the queue at `url`."""
    async with aws_client("sqs", endpoint) as sqs:
        try:
            await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        except (BotoCoreError, ClientError):
            return False
    return True
