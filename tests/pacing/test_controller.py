"""The controller on a real database and a real exporter: what it changes, and what it leaves alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from outdial.domain.clock import utc_now
from outdial.pacing.controller import Controller, Looked
from outdial.pacing.gathering import Windows
from outdial.pacing.host_cpu import open_host_cpu
from outdial.pacing.requests import ALL, campaign_key
from outdial.storage.campaigns import Campaign
from outdial.storage.pace_factors import (
    Hold,
    PaceFactor,
    hold_pace,
    read_pace_changes,
    read_pace_factors,
    read_pace_watch,
    release_pace,
)
from outdial.storage.pool import Pool
from tests import given
from tests.pacing.exporter import Exporter

NOW = utc_now()
QUICK = (0.003,) * 5


@asynccontextmanager
async def _controller(
    pool: Pool, exporter: Exporter | None = None, pings_s: tuple[float, ...] = QUICK
) -> AsyncIterator[Controller]:
    async with open_host_cpu(exporter.url if exporter else "") as cpu:
        controller = Controller(pool, cpu, lambda: pings_s)
        if exporter:
            await controller.look(NOW - timedelta(minutes=1))
        yield controller


async def _factors(pool: Pool) -> dict[str, PaceFactor]:
    async with pool.connection() as conn:
        return {one.key: one for one in await read_pace_factors(conn)}


async def _look(controller: Controller, exporter: Exporter, busy: float, now: datetime) -> Looked:
    for _ in range(4):
        exporter.work(busy)
        assert controller.host_cpu
        await controller.host_cpu.read()
    exporter.work(busy)
    return await controller.look(now)


async def _calls(pool: Pool, campaign: Campaign, endings: list[str | None], **changes: Any) -> None:
    """One call each to the campaign's next uncalled contacts, a minute ago over `alpha` but for `changes`."""
    values = {"trunk": "alpha", "begun_at": NOW - timedelta(minutes=1)} | changes
    async with pool.connection() as conn:
        await conn.execute(
            "insert into call_records (contact_id, attempt_no, campaign_id, call_id, phone, dialer_id, trunk,"
            "                          begun_at, ended_at, disposition, counted) "
            "select c.id, 1, c.campaign_id, c.id::text, c.phone, gen_random_uuid(), %(trunk)s, %(begun_at)s,"
            "       case when e.ending is not null then %(begun_at)s::timestamptz end, e.ending,"
            "       case when e.ending is not null then "
            "           e.ending not in ('congestion', 'trunk_down', 'cancelled', 'refused') end "
            "from unnest(%(endings)s::text[]) with ordinality e(ending, place) "
            "join (select *, row_number() over (order by seq) as place from contacts n "
            "      where campaign_id = %(campaign_id)s "
            "        and not exists (select from call_records r where r.contact_id = n.id)) c using (place)",
            values | {"endings": endings, "campaign_id": campaign.id},
        )


@pytest.fixture
async def campaign(pool: Pool) -> Campaign:
    """A running campaign of 300 contacts with a floor of one answer in five."""
    floor = {"share": 0.2, "minimumCalls": 20, "windowMinutes": 30}
    return await given.a_running_campaign(pool, NOW, given.phones(300), answerRateFloor=floor)


async def test_a_busy_host_lowers_the_pace_and_a_quiet_one_raises_it_by_steps(pool: Pool, exporter: Exporter):
    async with _controller(pool, exporter) as controller:
        (change,) = (await _look(controller, exporter, 0.86, NOW)).changes
        assert (change.key, change.after) == (ALL, 0.5)
        assert (await _factors(pool))[ALL].factor == 0.5
        assert (await _look(controller, exporter, 0.3, NOW + timedelta(seconds=29))).changes == []
        seen = []
        for k in range(1, 5):
            await _look(controller, exporter, 0.3, NOW + timedelta(seconds=31 * k))
            seen.append((await _factors(pool))[ALL].factor)
        # For ten minutes no nearer to where it got into trouble.
        assert seen == [0.625, 0.78125, 0.8, 0.8]
        await _look(controller, exporter, 0.3, NOW + timedelta(seconds=600))
        assert await _factors(pool) == {}
    async with pool.connection() as conn:
        newest, *_, oldest = await read_pace_changes(conn, 10)
    assert oldest.reason == "The telephony host's CPU is 86% busy, more than 80%."
    assert (oldest.before, oldest.after, oldest.figures["cpuShare"]) == (1, 0.5, 0.86)
    assert newest.reason.endswith("the whole pace again.")
    assert newest.at == NOW + timedelta(seconds=600)


async def test_a_silent_exporter_leaves_the_last_safe_pace_and_is_named(pool: Pool, exporter: Exporter):
    async with _controller(pool, exporter) as controller:
        await _look(controller, exporter, 0.95, NOW)
        assert controller.host_cpu
        controller.host_cpu._url = exporter.url.replace("/metrics", "/gone")
        controller.host_cpu._readings.clear()
        for k in range(1, 4):
            looked = await controller.look(NOW + timedelta(minutes=k))
            assert looked.changes == []
            assert "does not answer" in looked.problems[0]
    assert (await _factors(pool))[ALL].factor == 0.25
    async with pool.connection() as conn:
        watch = await read_pace_watch(conn)
    assert watch
    assert (watch.cpu_share, watch.cpu_read_at) == (None, NOW)
    assert "TELEPHONY_METRICS_URL" in watch.problems[0]


async def test_without_pings_nothing_rises(pool: Pool):
    async with _controller(pool, pings_s=(2.0,) * 5) as controller:
        await controller.look(NOW)
    async with _controller(pool, pings_s=()) as controller:
        assert (await controller.look(NOW + timedelta(hours=1))).changes == []
    async with _controller(pool) as controller:
        assert len((await controller.look(NOW + timedelta(hours=1))).changes) == 1


async def test_a_held_pace_is_lowered_and_never_raised(pool: Pool):
    async with pool.connection() as conn:
        await hold_pace(conn, Hold(ALL, 0.4, "dana", "the carrier asked us to"), NOW)
    async with _controller(pool) as quiet, _controller(pool, pings_s=(2.0,) * 5) as slow:
        assert (await quiet.look(NOW + timedelta(hours=1))).changes == []
        assert (await _factors(pool))[ALL].factor == 0.4
        await slow.look(NOW + timedelta(hours=2))
        assert (await _factors(pool))[ALL].factor == 0.25
        assert (await quiet.look(NOW + timedelta(hours=3))).changes == []
        async with pool.connection() as conn:
            assert await release_pace(conn, ALL, "dana", "they are done", NOW + timedelta(hours=4)) == (
                0.25,
                0.25,
            )
        await quiet.look(NOW + timedelta(hours=5))
    assert (await _factors(pool))[ALL].factor == 0.3125


async def test_a_hold_alone_ends_with_its_release(pool: Pool):
    async with pool.connection() as conn:
        await hold_pace(conn, Hold("trunk:alpha", 0.3, "dana", "maintenance"), NOW)
        held = (await read_pace_factors(conn))[0]
        assert (held.factor, held.why) == (0.3, "Held by dana: maintenance")
        assert await release_pace(conn, "trunk:alpha", "dana", "over", NOW) == (0.3, 1)
        assert await release_pace(conn, "trunk:alpha", "dana", "over", NOW) is None
        assert await read_pace_factors(conn) == []
        changes = await read_pace_changes(conn, 10, "trunk:alpha")
    assert [(one.before, one.after, one.changed_by) for one in changes] == [
        (0.3, 1, "dana"),
        (1, 0.3, "dana"),
    ]


async def test_two_controllers_at_once_change_a_pace_once(pool: Pool):
    slow = (2.0,) * 5
    async with (
        _controller(pool, pings_s=slow) as one,
        _controller(pool, pings_s=slow) as other,
        asyncio.TaskGroup() as group,
    ):
        looks = [group.create_task(each.look(NOW)) for each in (one, other, one, other)]
    assert sum(len(look.result().changes) for look in looks) == 1
    async with pool.connection() as conn:
        assert len(await read_pace_changes(conn, 10)) == 1


async def test_a_congested_trunk_is_lowered_by_the_share_of_its_calls(pool: Pool, campaign: Campaign):
    await _calls(pool, campaign, ["answered"] * 30 + ["congestion"] * 8 + ["trunk_down"] * 2, trunk="alpha")
    await _calls(pool, campaign, ["answered"] * 30 + ["congestion"] * 5, trunk="beta")
    async with _controller(pool) as controller:
        (change,) = (await controller.look(NOW)).changes
    assert (change.key, change.after, change.figures) == ("trunk:alpha", 0.5, {"calls": 40, "failed": 10})


async def test_calls_that_say_nothing_of_a_trunk_do_not_count(pool: Pool, campaign: Campaign):
    silent: list[str | None] = ["cancelled", "refused", "unknown"]
    await _calls(pool, campaign, [*silent * 10, *["answered"] * 7, *["congestion"] * 4])
    async with _controller(pool) as controller:
        (change,) = (await controller.look(NOW)).changes
    assert change.figures == {"calls": 11, "failed": 4}


async def test_a_campaign_that_has_just_begun_is_not_judged_by_those_that_failed_first(
    pool: Pool, campaign: Campaign
):
    """Congestion is known at once, a call that goes well only at its end."""
    ago = NOW - timedelta(seconds=20)
    await _calls(pool, campaign, [*["congestion"] * 12, *[None] * 88], begun_at=ago)
    await _calls(pool, campaign, ["congestion"] * 30, begun_at=NOW - timedelta(seconds=3))
    async with _controller(pool) as controller:
        assert (await controller.look(NOW)).changes == []


async def test_a_lowered_trunk_rises_only_by_calls_that_are_known_to_have_gone_well(
    pool: Pool, campaign: Campaign
):
    dead: list[str | None] = ["trunk_down"] * 20
    await _calls(pool, campaign, dead)
    async with _controller(pool) as controller:
        await controller.look(NOW)
        assert (await _factors(pool))["trunk:alpha"].factor == 0.25
        later = NOW + timedelta(seconds=60)
        await _calls(pool, campaign, [None] * 10, begun_at=NOW + timedelta(seconds=20))
        assert (await controller.look(later)).changes == []
        await _calls(pool, campaign, ["answered"] * 4, begun_at=NOW + timedelta(seconds=30))
        assert (await controller.look(later)).changes == []
        await _calls(pool, campaign, ["busy"], begun_at=NOW + timedelta(seconds=30))
        (change,) = (await controller.look(later)).changes
        assert (change.before, change.after) == (0.25, 0.5)
        # The same calls are no reason for a second step.
        assert (await controller.look(later + timedelta(seconds=60))).changes == []


async def test_the_steps_of_one_fall_count_as_one_trouble_and_a_later_fall_as_another(
    pool: Pool, campaign: Campaign
):
    async def fall(controller: Controller, at: datetime) -> None:
        await _calls(pool, campaign, ["congestion"] * 15, begun_at=at)
        assert (await controller.look(at + timedelta(seconds=20))).changes[0].after < 0.5

    async def rise(controller: Controller, at: datetime) -> float:
        await _calls(pool, campaign, ["answered"] * 10, begun_at=at)
        changes = (await controller.look(at + timedelta(seconds=20))).changes
        return changes[0].after if changes else 0

    def minute(k: int) -> datetime:
        return NOW + timedelta(minutes=k)

    async with _controller(pool) as controller:
        await fall(controller, minute(0))
        await fall(controller, minute(1))
        # 0.0625 now, and it fell from 1: it may rise to 0.8 within ten minutes.
        assert [await rise(controller, minute(k)) for k in range(2, 8)] == [0.125, 0.25, 0.5, 0.8, 0, 0]
        await fall(controller, minute(8))
        assert [await rise(controller, minute(k)) for k in range(9, 13)] == [0.4, pytest.approx(0.64), 0, 0]


async def test_a_campaign_below_its_floor_is_lowered_and_recovers(pool: Pool, campaign: Campaign):
    key = campaign_key(campaign.id)
    ago = NOW - timedelta(minutes=10)
    await _calls(pool, campaign, [*["answered"] * 2, *["no_answer"] * 14, *["machine"] * 4], begun_at=ago)
    async with _controller(pool) as controller:
        (change,) = (await controller.look(NOW)).changes
        assert (change.key, change.after) == (key, 0.5)
        assert change.figures == {"calls": 20, "answered": 2, "floor": 0.2}
        # Of the calls begun since, those on which somebody is still talking were answered.
        since = NOW + timedelta(minutes=1)
        await _calls(pool, campaign, [*["answered"] * 2, *[None] * 3, *["busy"] * 14], begun_at=since)
        later = NOW + timedelta(minutes=5)
        assert (await controller.look(later)).changes == []
        await _calls(pool, campaign, ["busy"], begun_at=since)
        (change,) = (await controller.look(later)).changes
        assert (change.after, change.figures["answered"]) == (0.75, 5)


async def test_a_campaign_that_has_ended_begins_whole_the_next_time(pool: Pool, campaign: Campaign):
    await _calls(pool, campaign, ["no_answer"] * 30, begun_at=NOW - timedelta(minutes=10))
    async with _controller(pool) as controller:
        await controller.look(NOW)
        assert campaign_key(campaign.id) in await _factors(pool)
        async with pool.connection() as conn:
            await conn.execute("update campaigns set status = 'completed'")
        await controller.look(NOW + timedelta(minutes=2))
    assert await _factors(pool) == {}


async def test_a_campaign_without_a_floor_is_never_judged_by_its_answers(pool: Pool):
    campaign = await given.a_running_campaign(pool, NOW, given.phones(100))
    await _calls(pool, campaign, ["no_answer"] * 100, begun_at=NOW - timedelta(minutes=10))
    async with _controller(pool) as controller:
        assert (await controller.look(NOW)).changes == []


def test_nobody_rings_longer_than_a_call_may_stay_unknown():
    assert Windows().ended_after_s > 120
