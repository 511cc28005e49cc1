"""The pace over a Redis and a database of each test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from outdial.pacing.redis_slots import RedisSlots, redis_client
from tests.pacing.exporter import Exporter, served_exporter


@pytest.fixture
async def redis_slots(redis_url: str) -> AsyncIterator[RedisSlots]:
    """An empty Redis that gives slots."""
    async with redis_client(redis_url) as redis:
        yield RedisSlots(redis)


@pytest.fixture
async def exporter() -> AsyncIterator[Exporter]:
    """A host's exporter, served over HTTP."""
    async with served_exporter() as host:
        yield host
