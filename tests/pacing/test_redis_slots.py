"""No half-open second of Redis's clock holds more slots than any limit allows, whatever happens to Redis."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from redis.asyncio import Redis

from outdial.pacing.redis_slots import RedisSlots, redis_client
from outdial.pacing.requests import HORIZON_S, Limits, PaceRequest, Reserved, gaps_of
from outdial.standalone.part import running_part
from outdial.standalone.ports import choose_ports
from outdial.standalone.valkey import ValkeyServer, valkey_part
from tests.pacing.starts import asking, most_in_a_second

LIMITS = Limits(max_cps=100)


async def _reserve(slots: RedisSlots, request: PaceRequest, limits: Limits = LIMITS) -> Reserved:
    return await slots.reserve(gaps_of(request, limits), request.n)


async def _until_open(slots: RedisSlots) -> None:
    """A Redis that has just been emptied gives its first slot a second later."""
    await _reserve(slots, asking(0))
    await asyncio.sleep(HORIZON_S)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_concurrent_dialers_together_keep_every_pace(redis_url: str, seed: int) -> None:
    given_to: dict[str, list[int]] = defaultdict(list)
    campaign_cps = {1: None, 2: 40, 3: 7}

    async def dialer(random_: random.Random) -> None:
        async with redis_client(redis_url) as redis:
            slots = RedisSlots(redis)
            for _ in range(25):
                campaign, trunk = random_.choice([1, 2, 3]), random_.choice(["wide", "narrow"])
                request = asking(random_.randint(1, 30), campaign, campaign_cps[campaign], trunk)
                reserved = await _reserve(slots, request)
                for key in ("all", f"campaign {campaign}", trunk):
                    given_to[key] += reserved.starts_us
                await asyncio.sleep(random_.uniform(0, 0.15))

    async with asyncio.TaskGroup() as group:
        for n in range(5):
            group.create_task(dialer(random.Random(seed * 100 + n)))
    assert most_in_a_second(given_to["all"]) in range(90, 101)
    assert most_in_a_second(given_to["campaign 2"]) <= 40
    assert most_in_a_second(given_to["campaign 3"]) <= 7
    assert most_in_a_second(given_to["narrow"]) <= 30
    assert min(len(starts) for starts in given_to.values()) > 0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    max_cps=st.floats(0.5, 2000),
    campaign_cps=st.none() | st.floats(0.5, 2000),
    counts=st.lists(st.integers(1, 300), min_size=1, max_size=10),
)
def test_any_limit_is_kept_and_a_full_second_refused(
    redis_url: str, max_cps: float, campaign_cps: float | None, counts: list[int]
) -> None:
    limits = Limits(max_cps)

    async def reserve_all() -> list[Reserved]:
        async with redis_client(redis_url) as redis:
            await redis.delete("{pace}:all", "{pace}:campaign:00000000-0000-0000-0000-000000000001")
            slots = RedisSlots(redis)
            return [await _reserve(slots, asking(n, 1, campaign_cps), limits) for n in counts]

    answers = asyncio.run(reserve_all())
    starts = [start for answer in answers for start in answer.starts_us]
    tightest = min(max_cps, campaign_cps or max_cps)
    assert most_in_a_second(starts) <= max(1, -(-tightest // 1))
    for answer in answers:
        assert all(answer.now_us <= start <= answer.now_us + 1_000_000 for start in answer.starts_us)
        assert list(answer.starts_us) == sorted(set(answer.starts_us))


async def test_a_busy_pace_gives_98_percent_of_the_limit(redis_slots: RedisSlots) -> None:
    await _until_open(redis_slots)
    starts: list[int] = []
    for _ in range(15):
        starts += (await _reserve(redis_slots, asking(200))).starts_us
        await asyncio.sleep(0.1)
    busy_s = (max(starts) - min(starts)) / 1e6
    assert busy_s > 2
    assert (len(starts) - 1) / busy_s == pytest.approx(98, abs=0.05)


async def test_an_idle_pace_gives_its_first_slot_at_once(redis_slots: RedisSlots) -> None:
    await _until_open(redis_slots)
    reserved = await _reserve(redis_slots, asking(3))
    assert [start - reserved.now_us for start in reserved.starts_us] == [0, 10_205, 20_410]


async def test_a_slow_campaign_that_reserves_ahead_leaves_the_rest_to_others(redis_slots: RedisSlots) -> None:
    await _until_open(redis_slots)
    slow = await _reserve(redis_slots, asking(5, campaign=2, campaign_cps=4))
    assert len(slow.starts_us) == 4
    others = await _reserve(redis_slots, asking(200, campaign=1))
    assert len(slow.starts_us) + len(others.starts_us) >= 97
    assert most_in_a_second([*slow.starts_us, *others.starts_us]) <= 98


async def test_a_slow_trunk_does_not_slow_the_others(redis_slots: RedisSlots) -> None:
    await _until_open(redis_slots)
    narrow = await _reserve(redis_slots, asking(200, trunk="narrow"))
    wide = await _reserve(redis_slots, asking(200, trunk="wide"))
    assert 20 <= len(narrow.starts_us) <= 30
    assert len(narrow.starts_us) + len(wide.starts_us) >= 97


async def test_slots_start_no_sooner_than_asked(redis_slots: RedisSlots) -> None:
    await _until_open(redis_slots)
    reserved = await redis_slots.reserve(gaps_of(asking(200), LIMITS), 200, not_before_s=0.9)
    assert min(reserved.starts_us) == reserved.now_us + 900_000
    assert 9 <= len(reserved.starts_us) <= 11


async def test_a_flushed_redis_gives_nothing_until_all_slots_it_forgot_are_past(
    redis_slots: RedisSlots, redis_url: str
) -> None:
    await _until_open(redis_slots)
    before = await _reserve(redis_slots, asking(200))
    assert len(before.starts_us) == 98
    async with Redis.from_url(redis_url) as redis:
        await redis.flushall()
        await redis.script_flush()
    after = await _reserve_for(redis_slots, 1.2)
    assert len(after) > 100
    assert min(after) > max(before.starts_us)
    assert most_in_a_second([*before.starts_us, *after]) <= 100


async def test_slots_before_and_after_a_clock_set_back_are_apart(
    redis_slots: RedisSlots, redis_url: str
) -> None:
    """As Redis sees it, its own slots suddenly lie an hour ahead."""
    await _until_open(redis_slots)
    async with redis_client(redis_url) as redis:
        reserved = await _reserve(redis_slots, asking(1))
        hour_ahead = reserved.now_us + 3_600_000_000
        await redis.zadd("{pace}:all", {str(hour_ahead): hour_ahead})
    after = await _reserve(redis_slots, asking(200))
    assert all(start >= after.now_us + 1_000_000 for start in after.starts_us)
    await asyncio.sleep(1)
    assert len((await _reserve(redis_slots, asking(50))).starts_us) == 50


@pytest.mark.parametrize("survives", ["everything", "what was older", "nothing"])
async def test_a_restarted_redis_never_doubles_the_pace(
    tmp_path: Path, server_environment: dict[str, str], survives: str
) -> None:
    port = choose_ports(("valkey",), wished={})["valkey"]
    server = ValkeyServer(tmp_path / "data", tmp_path / "log", port, "letmein")
    part = valkey_part(server, server_environment)
    async with running_part(part) as running, redis_client(server.url) as redis:
        await _until_open(RedisSlots(redis))
        shutil.copytree(server.folder, tmp_path / "older")
        before = await _reserve(RedisSlots(redis), asking(200))
        os.kill(running.process.pid, signal.SIGKILL)
        await running.process.wait()
    if survives != "everything":
        shutil.rmtree(server.folder / "appendonlydir")
    if survives == "what was older":
        shutil.copytree(tmp_path / "older", server.folder, dirs_exist_ok=True)
    async with running_part(part), redis_client(server.url) as redis:
        assert await redis.exists("{pace}:opening") == (survives != "nothing")
        after = await _reserve_for(RedisSlots(redis), 1.2)
    assert len(before.starts_us) == 98
    assert len(after) > 100
    assert most_in_a_second([*before.starts_us, *after]) <= 100


async def test_an_untouched_opening_costs_no_second_after_a_client_reconnects(
    redis_slots: RedisSlots, redis_url: str
) -> None:
    await _until_open(redis_slots)
    async with redis_client(redis_url) as redis:
        reserved = await _reserve(RedisSlots(redis), asking(1))
    assert reserved.starts_us == [reserved.now_us]


async def _reserve_for(slots: RedisSlots, duration_s: float) -> list[int]:
    starts: list[int] = []
    ends_at_s = asyncio.get_running_loop().time() + duration_s
    while asyncio.get_running_loop().time() < ends_at_s:
        starts += (await _reserve(slots, asking(40))).starts_us
        await asyncio.sleep(0.02)
    return starts
