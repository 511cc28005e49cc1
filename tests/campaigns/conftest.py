"""Campaigns with contacts, in a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from outdial.messaging.dial_queue import DialQueue, QueueAddress, open_dial_queue
from outdial.storage.pool import Pool, open_pool


@pytest.fixture
async def pool(database_dsn: str) -> AsyncIterator[Pool]:
    """A pool on the test's own database."""
    async with open_pool(database_dsn, max_size=8) as opened:
        yield opened


@pytest.fixture
async def queue(dial_queue: QueueAddress) -> AsyncIterator[DialQueue]:
    """The test's own dial-task queue."""
    async with open_dial_queue(dial_queue) as opened:
        yield opened
