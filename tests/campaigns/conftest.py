"""Campaigns with contacts, in a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from outdial.messaging.dial_queue import DialQueue, QueueAddress, open_dial_queue


@pytest.fixture
async def queue(dial_queue: QueueAddress) -> AsyncIterator[DialQueue]:
    """The test's own dial-task queue."""
    async with open_dial_queue(dial_queue) as opened:
        yield opened
