"""The pace: gives dialers their slots from Redis, or from PostgreSQL while Redis is lost.

Which of the two is in force is agreed in PostgreSQL and numbered by epochs. Every slot carries its epoch
and begin attempt refuses slots of another, so dialers that see Redis and dialers that do not can never
call at two paces at once. Each dialer opens one `Pace` and runs its `keep_watch` for as long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import Error as PostgresError
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from outdial.domain.errors import Unavailable
from outdial.pacing.postgres_slots import reserve_from_postgres
from outdial.pacing.redis_slots import REDIS_TIMEOUT_S, RedisSlots, redis_client
from outdial.pacing.requests import (
    HORIZON_S,
    Limits,
    PaceGap,
    PaceRequest,
    Reserved,
    Slot,
    gap_of_all,
    gaps_of,
    is_too_late,
)
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.pace import (
    Authority,
    Handover,
    hand_to_postgres,
    hand_to_redis,
    read_authority,
    read_factors,
)
from outdial.storage.pool import Connection, Pool
from outdial.telemetry.logs import get_logger

LOST_AFTER_S = 2.0
"""Redis is lost when it has failed to answer for so long."""

AUTHORITY_FRESH_S = 0.5
"""How old what we know of the authority may be when we reserve."""

WATCH_EVERY_S = 0.5
POSTGRES_TIMEOUT_S = 3.0

# Half a minute, so that a Redis that comes and goes does not cost a second of calls each time.
_BACK_TO_REDIS = Handover(held_s=30, alive_s=15, seen_s=10, gap_s=HORIZON_S)

log = get_logger(__name__)


@asynccontextmanager
async def open_pace(redis_url: str, pool: Pool, limits: Limits) -> AsyncGenerator[Pace]:
    """The pace, for the length of a block; opening it asks nothing of Redis."""
    async with redis_client(redis_url) as redis:
        yield Pace(RedisSlots(redis), pool, limits)


@dataclass(frozen=True)
class _Known:
    """The authority as last read, on this process's monotonic clock."""

    authority: Authority
    read_at_s: float
    opens_at_s: float


class Pace:
    """Slots for one dialer."""

    def __init__(self, redis: RedisSlots, pool: Pool, limits: Limits) -> None:
        """Use `open_pace`."""
        self._redis = redis
        self._pool = pool
        self._limits = limits
        self._known: _Known | None = None
        self._factors: dict[str, float] = {}
        self._answered_at_s: float | None = None
        self._failing_since_s: float | None = None

    def redis_seen_ago_s(self) -> float | None:
        """How long ago Redis last answered; None when it never has."""
        return None if self._answered_at_s is None else _now_s() - self._answered_at_s

    def factor_of(self, key: str) -> float:
        """The share of its CPS that a pace may use, in (0, 1], as last read; 1 where nothing is known."""
        return self._factors.get(key, 1.0)

    async def reserve(self, request: PaceRequest) -> list[Slot]:
        """Up to `request.n` slots in order, at most a second ahead.

        Fewer, or none, where that second is full, and none while Redis does not answer and PostgreSQL is
        not yet in force: ask again after ASK_AGAIN_AFTER_S. Raises Unavailable without PostgreSQL.
        """
        known = await self._fresh_authority()
        gaps = gaps_of(request, self._limits, self._factors)
        if known.authority.source == "redis":
            return await self._reserve_from_redis(known, gaps, request.n)
        async with self._database() as conn:
            authority, reserved = await reserve_from_postgres(conn, gaps, request.n)
        if authority.epoch != known.authority.epoch:
            self._known = None
        return _to_slots(reserved, authority.epoch)

    async def keep_watch(self) -> None:
        """Follow the authority and Redis, and change the one when the other is lost or back; endless.

        The owner cancels it.
        """
        while True:
            raise_if_cancelled()
            try:
                await self._watch_once()
            except Unavailable as error:
                log.warning("pace cannot be watched", reason=str(error))
            await asyncio.sleep(WATCH_EVERY_S)

    async def _watch_once(self) -> None:
        known = await self._fresh_authority()
        answered = await self._ask_redis([gap_of_all(self._limits, self._factors)], 0, 0) is not None
        if known.authority.source == "redis":
            await self._replace_lost_redis(known.authority.epoch)
        elif answered:
            async with self._database() as conn:
                self._remember(await hand_to_redis(conn, _BACK_TO_REDIS), "pace is back with Redis")

    async def _reserve_from_redis(self, known: _Known, gaps: list[PaceGap], n: int) -> list[Slot]:
        asked_at_s = _now_s()
        reserved = await self._ask_redis(gaps, n, max(known.opens_at_s - asked_at_s, 0))
        if reserved is None:
            await self._replace_lost_redis(known.authority.epoch)
            return []
        if is_too_late(asked_at_s, _now_s()):
            # The whole delay may be the answer's: the slots could be as late as that already.
            log.warning("slots came too late to be used", slots=len(reserved.starts_us))
            return []
        return _to_slots(reserved, known.authority.epoch)

    async def _ask_redis(self, gaps: list[PaceGap], n: int, not_before_s: float) -> Reserved | None:
        """Redis's answer, or None. A Redis that answers but cannot reserve is as good as lost."""
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_S):
                reserved = await self._redis.reserve(gaps, n, not_before_s)
        except (RedisError, OSError, TimeoutError) as error:
            if self._failing_since_s is None:
                self._failing_since_s = _now_s()
                log.warning("Redis does not give slots", reason=str(error) or type(error).__name__)
            return None
        self._failing_since_s = None
        self._answered_at_s = _now_s()
        return reserved

    async def _replace_lost_redis(self, epoch: int) -> None:
        if self._failing_since_s is None or _now_s() - self._failing_since_s < LOST_AFTER_S:
            return
        async with self._database() as conn:
            authority = await hand_to_postgres(conn, epoch, HORIZON_S)
        self._known = None
        self._remember(authority, "Redis is lost: slots come from PostgreSQL")

    async def _fresh_authority(self) -> _Known:
        if self._known is None or _now_s() - self._known.read_at_s > AUTHORITY_FRESH_S:
            async with self._database() as conn:
                self._factors = await read_factors(conn)
                return self._learn(await read_authority(conn))
        return self._known

    def _remember(self, authority: Authority | None, event: str) -> None:
        if authority is not None:
            self._learn(authority)
            log.warning(event, epoch=authority.epoch)

    def _learn(self, authority: Authority) -> _Known:
        now_s = _now_s()
        self._known = _Known(authority, now_s, now_s + authority.starts_in_s)
        return self._known

    @asynccontextmanager
    async def _database(self) -> AsyncGenerator[Connection]:
        try:
            async with asyncio.timeout(POSTGRES_TIMEOUT_S), self._pool.connection() as conn:
                yield conn
        except TimeoutError as error:
            raise Unavailable(f"PostgreSQL gave no pace within {POSTGRES_TIMEOUT_S:g} s.") from error
        except (PostgresError, PoolTimeout) as error:
            raise Unavailable(f"PostgreSQL gave no pace: {error}") from error


def _to_slots(reserved: Reserved, epoch: int) -> list[Slot]:
    return [Slot((start - reserved.now_us) / 1e6, epoch) for start in reserved.starts_us]


def _now_s() -> float:
    return asyncio.get_running_loop().time()
