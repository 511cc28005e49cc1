"""One pace, whichever clock gives the slots and whoever sees which."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from outdial.domain.errors import Unavailable
from outdial.pacing.postgres_slots import reserve_from_postgres
from outdial.pacing.redis_slots import redis_client
from outdial.pacing.requests import ASK_AGAIN_AFTER_S, Limits, PaceRequest, Slot, gaps_of, is_too_late
from outdial.pacing.slots import Pace, open_pace
from outdial.standalone.ports import choose_ports
from outdial.storage.dialers import Dialer, record_heartbeat, register_dialer
from outdial.storage.pace import Authority, hand_to_postgres, read_authority
from outdial.storage.pool import Pool, open_pool
from tests.pacing.starts import asking, most_in_a_second

LIMITS = Limits(max_cps=50)


@pytest.fixture
def nowhere() -> str:
    """Where no Redis answers."""
    return f"redis://127.0.0.1:{choose_ports(('nobody',), wished={})['nobody']}/0"


async def _authority(pool: Pool) -> Authority:
    async with pool.connection() as conn:
        return await read_authority(conn)


async def _reserve_until_given(pace: Pace, request: PaceRequest, within_s: float) -> list[Slot]:
    async with asyncio.timeout(within_s):
        while not (slots := await pace.reserve(request)):  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(ASK_AGAIN_AFTER_S)
    return slots


async def _until_in_force(pool: Pool, source: str, within_s: float) -> Authority:
    async with asyncio.timeout(within_s):
        while (authority := await _authority(pool)).source != source:  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.05)
    return authority


@asynccontextmanager
async def _watching(pace: Pace) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(pace.keep_watch())
        yield
        watch.cancel()


async def _begin_what_may_begin(pace: Pace, pool: Pool, until_s: float, begun_us: list[int]) -> None:
    """A greedy dialer: every slot is used when due, unless begin attempt would refuse its epoch."""
    loop = asyncio.get_running_loop()
    while loop.time() < until_s:
        slots = await pace.reserve(asking(5))
        arrived_s = loop.time()
        for slot in slots:
            due_s = arrived_s + slot.starts_in_s
            await asyncio.sleep(due_s - loop.time())
            if not is_too_late(due_s, loop.time()) and (await _authority(pool)).epoch == slot.epoch:
                begun_us.append(round(due_s * 1e6))
        await asyncio.sleep(0 if slots else ASK_AGAIN_AFTER_S)


async def _dialer(pool: Pool, redis_seen_ago_s: float | None) -> UUID:
    dialer = Dialer(uuid4(), "here", 1, "test")
    async with pool.connection() as conn:
        await register_dialer(conn, dialer)
        await record_heartbeat(conn, dialer.id, redis_seen_ago_s, draining=False)
    return dialer.id


async def _postgres_in_force(pool: Pool, for_s: float) -> Authority:
    async with pool.connection() as conn:
        authority = await hand_to_postgres(conn, (await read_authority(conn)).epoch, for_s)
        assert authority is not None
        await conn.execute(
            "update pace_authority set starts_at = clock_timestamp() - make_interval(secs => %s)", [for_s]
        )
    return authority


async def test_slots_come_from_redis_while_it_answers(redis_url: str, pool: Pool) -> None:
    async with open_pace(redis_url, pool, LIMITS) as pace:
        assert pace.redis_seen_ago_s() is None
        slots = await _reserve_until_given(pace, asking(5), within_s=2)
        seen_ago_s = pace.redis_seen_ago_s()
    authority = await _authority(pool)
    assert (authority.source, authority.epoch) == ("redis", 1)
    assert {slot.epoch for slot in slots} == {1}
    assert seen_ago_s is not None
    assert seen_ago_s < 1


async def test_without_redis_slots_come_from_postgres_after_two_seconds(nowhere: str, pool: Pool) -> None:
    async with open_pace(nowhere, pool, LIMITS) as pace:
        started_s = asyncio.get_running_loop().time()
        slots = await _reserve_until_given(pace, asking(5), within_s=4)
        waited_s = asyncio.get_running_loop().time() - started_s
        assert pace.redis_seen_ago_s() is None
    authority = await _authority(pool)
    assert (authority.source, authority.epoch) == ("postgres", 2)
    assert {slot.epoch for slot in slots} == {2}
    # Two of silence and at most one more, ahead, for the slots Redis may have given.
    assert waited_s + slots[0].starts_in_s == pytest.approx(3, abs=0.3)


async def test_an_idle_dialer_notices_too(nowhere: str, pool: Pool) -> None:
    async with open_pace(nowhere, pool, LIMITS) as pace, _watching(pace):
        assert (await _until_in_force(pool, "postgres", within_s=4)).epoch == 2


async def test_a_redis_that_cannot_reserve_is_lost(redis_url: str, pool: Pool) -> None:
    async with redis_client(redis_url) as redis:
        await redis.set("{pace}:all", "not a set of slots")
    async with open_pace(redis_url, pool, LIMITS) as pace:
        slots = await _reserve_until_given(pace, asking(1), within_s=4)
    assert slots[0].epoch == 2


async def test_several_who_miss_redis_change_the_epoch_once(nowhere: str, pool: Pool) -> None:
    async def miss() -> None:
        async with open_pace(nowhere, pool, LIMITS) as pace:
            await _reserve_until_given(pace, asking(1), within_s=5)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(miss())
    assert (await _authority(pool)).epoch == 2


async def test_a_half_lost_redis_never_doubles_the_pace(
    redis_url: str, nowhere: str, database_dsn: str, pool: Pool
) -> None:
    """One dialer sees Redis and is busy; another joins that does not."""
    begun_us: list[int] = []
    until_s = asyncio.get_running_loop().time() + 7
    async with (
        open_pool(database_dsn) as other_pool,
        open_pace(redis_url, pool, LIMITS) as seeing,
        open_pace(nowhere, other_pool, LIMITS) as blind,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(_begin_what_may_begin(seeing, pool, until_s, begun_us))
        group.create_task(_begin_what_may_begin(blind, other_pool, until_s, begun_us))
    assert (await _authority(pool)).source == "postgres"
    assert most_in_a_second(begun_us) in range(40, 51)
    assert len([at for at in begun_us if at > (until_s - 2) * 1e6]) > 60


async def test_the_pace_returns_to_redis_when_every_living_dialer_sees_it(redis_url: str, pool: Pool) -> None:
    await _postgres_in_force(pool, for_s=40)
    await _dialer(pool, redis_seen_ago_s=1)
    async with open_pace(redis_url, pool, LIMITS) as pace, _watching(pace):
        authority = await _until_in_force(pool, "redis", within_s=3)
        assert authority.epoch == 3
        assert authority.starts_in_s == pytest.approx(1, abs=0.2)
        slots = await _reserve_until_given(pace, asking(3), within_s=2)
    assert {slot.epoch for slot in slots} == {3}


@pytest.mark.parametrize(
    ("held_s", "other_saw_redis_ago_s"),
    [(40, None), (40, 12), (20, 1)],
    ids=["one never saw it", "one misses it", "too soon"],
)
async def test_the_pace_stays_with_postgres_while_anybody_may_miss_redis(
    redis_url: str, pool: Pool, held_s: float, other_saw_redis_ago_s: float | None
) -> None:
    await _postgres_in_force(pool, for_s=held_s)
    await _dialer(pool, redis_seen_ago_s=1)
    await _dialer(pool, other_saw_redis_ago_s)
    async with open_pace(redis_url, pool, LIMITS) as pace, _watching(pace):
        await asyncio.sleep(1.5)
        assert (await pace.reserve(asking(1)))[0].epoch == 2
    assert (await _authority(pool)).source == "postgres"


async def test_slots_of_a_new_epoch_start_a_second_after_the_old_one_ended(
    redis_url: str, nowhere: str, pool: Pool
) -> None:
    async with pool.connection() as conn:
        await hand_to_postgres(conn, 1, 1.0)
    async with open_pace(nowhere, pool, LIMITS) as pace:
        first = (await _reserve_until_given(pace, asking(1), within_s=1))[0]
    assert first.starts_in_s == pytest.approx(1, abs=0.2)


async def test_dialers_together_keep_the_pace_of_postgres_and_get_98_percent_of_it(
    database_dsn: str, pool: Pool
) -> None:
    await _postgres_in_force(pool, for_s=5)
    starts_us: list[int] = []
    until_s = asyncio.get_running_loop().time() + 2

    async def reserve_greedily() -> None:
        while asyncio.get_running_loop().time() < until_s:
            async with pool.connection() as conn:
                _, reserved = await reserve_from_postgres(conn, gaps_of(asking(10), LIMITS), 10)
            starts_us.extend(reserved.starts_us)
            await asyncio.sleep(ASK_AGAIN_AFTER_S)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(reserve_greedily())
    assert most_in_a_second(starts_us) in range(45, 51)
    assert len(starts_us) > 120


async def test_a_slow_campaign_hardly_holds_up_the_others_in_postgres(pool: Pool) -> None:
    await _postgres_in_force(pool, for_s=5)
    async with pool.connection() as conn:
        _, slow = await reserve_from_postgres(conn, gaps_of(asking(9, 2, campaign_cps=1), LIMITS), 9)
        _, none = await reserve_from_postgres(conn, gaps_of(asking(9, 2, campaign_cps=1), LIMITS), 9)
        _, others = await reserve_from_postgres(conn, gaps_of(asking(99, 1), LIMITS), 99)
    assert (len(slow.starts_us), len(none.starts_us)) == (1, 0)
    assert len(others.starts_us) >= 47


async def test_without_the_database_there_is_no_pace(redis_url: str, database_dsn: str) -> None:
    async with open_pool(database_dsn) as pool, open_pace(redis_url, pool, LIMITS) as pace:
        await pool.close()
        with pytest.raises(Unavailable, match="PostgreSQL gave no pace"):
            await pace.reserve(asking(1))
