"""A loop that is cancelled ends, at whatever moment of its turn the cancellation comes."""

from __future__ import annotations

import asyncio
import random

import pytest

from outdial.pacing import slots
from outdial.pacing.requests import Limits
from outdial.pacing.slots import open_pace
from outdial.storage.pool import open_pool


async def test_a_cancelled_watch_ends_whatever_it_was_waiting_for(
    database_dsn: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "WATCH_EVERY_S", 0.001)
    monkeypatch.setattr(slots, "AUTHORITY_FRESH_S", 0)
    moments = random.Random(1)
    async with open_pool(database_dsn) as pool, open_pace(redis_url, pool, Limits(10)) as pace:
        for _ in range(150):
            watch = asyncio.create_task(pace.keep_watch())
            await asyncio.sleep(moments.uniform(0, 0.02))
            watch.cancel()
            done, _ = await asyncio.wait([watch], timeout=2)
            assert done
