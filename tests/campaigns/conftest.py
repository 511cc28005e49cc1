"""Campaigns with contacts, in a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.task_queue import TaskQueue, open_task_queue


@pytest.fixture
async def queue(dial_queue: QueueAddress) -> AsyncIterator[TaskQueue]:
    """The test's own dial-task queue."""
    async with open_task_queue(dial_queue) as opened:
        yield opened
