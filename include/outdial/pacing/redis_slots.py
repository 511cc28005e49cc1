"""Slots from Redis: the clock in force unless Redis is lost."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from outdial.pacing.requests import HORIZON_S, PaceGap, Reserved

REDIS_TIMEOUT_S = 0.5

# One hash tag, so that a cluster keeps them on one node, where one script can see them.
_PREFIX = "{pace}:"
_SCRIPT = resources.files("outdial.pacing").joinpath("reserve.lua").read_text("utf-8")


def redis_client(url: str) -> Redis:
    """A client that fails soon and never repeats a command: a repeated reservation is a slot wasted."""
    return Redis.from_url(
        url,
        socket_timeout=REDIS_TIMEOUT_S,
        socket_connect_timeout=REDIS_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


class RedisSlots:
    """Reserves slots by one script on the server."""

    def __init__(self, redis: Redis) -> None:
        """`redis` as made by `redis_client`."""
        self._redis = redis
        self._script: Any = redis.register_script(_SCRIPT)

    async def reserve(self, gaps: Sequence[PaceGap], n: int, not_before_s: float = 0) -> Reserved:
        """Up to `n` slots, none sooner than `not_before_s` from now; fewer where one second is full.

        Raises redis's errors.
        """
        keys = [f"{_PREFIX}opening", *[_PREFIX + gap.key for gap in gaps]]
        arguments = [n, _microseconds(not_before_s), _microseconds(HORIZON_S), *[gap.gap_us for gap in gaps]]
        now, *starts = await self._script(keys=keys, args=arguments)
        return Reserved(int(now), [int(start) for start in starts])


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)
