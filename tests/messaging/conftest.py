"""Queues of each test's own."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from outdial.messaging.aws_clients import open_client
from outdial.messaging.provision import create_queues
from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.task_queue import TaskQueue, open_task_queue

REGION = "us-east-1"


@pytest.fixture
async def address(aws_endpoint: str) -> QueueAddress:
    """A dial-task queue whose messages come back after a second."""
    return await create_queues(REGION, aws_endpoint, f"dial-{secrets.token_hex(6)}", visibility_timeout_s=1)


@pytest.fixture
async def queue(address: QueueAddress) -> AsyncIterator[TaskQueue]:
    """That queue, open."""
    async with open_task_queue(address) as queue:
        yield queue


@pytest.fixture
async def sqs(aws_endpoint: str) -> AsyncIterator[Any]:
    """A plain client, to look from outside."""
    async with open_client("sqs", REGION, aws_endpoint) as client:
        yield client
