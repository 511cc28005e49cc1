"""Dispatch: who is claimed, in which order, how many, and what becomes of claims nobody begins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given as given_that, settings, strategies as st

from outdial.blacklist.listing import list_numbers
from outdial.campaigns.dispatch import DispatchLimits, dispatch_tick
from outdial.campaigns.lifecycle import (
    cancel,
    fail_campaign,
    finish_run_if_done,
    pause,
    renew_lease,
    resume,
    start_run,
)
from outdial.domain.channels import Channel
from outdial.domain.dial_task import DialTask
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ranking import level_of
from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.task_queue import TaskQueue, open_task_queue
from outdial.standalone.aws import REGION
from outdial.storage.blacklist import Listing
from outdial.storage.pool import Pool, open_pool
from tests import given
from tests.invariants import assert_invariants

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)  # Monday 12:00 in New York
LIMITS = DispatchLimits(batch_size=100, max_cps=100, horizon_s=15)


async def received(queue: TaskQueue) -> list[DialTask]:
    """Every dial task on the queue, taken off it."""
    tasks: list[DialTask] = []
    while messages := await queue.receive(10, 0):
        tasks += [DialTask.model_validate_json(message.body) for message in messages]
        await queue.delete([message.receipt for message in messages])
    return tasks


async def tick(
    pool: Pool, queue: TaskQueue, campaign_id: UUID, now: datetime, limits: DispatchLimits = LIMITS
):
    return await dispatch_tick(pool, {Channel.VOICE: queue}, campaign_id, given.RUN, limits, now)


async def test_a_tick_sends_one_dial_task_for_each_ready_contact(
    pool: Pool, queue: TaskQueue, database_dsn: str
):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(25))

    result = await tick(pool, queue, campaign.id, NOON)

    tasks = await received(queue)
    assert sorted(task.phone_number for task in tasks) == given.phones(25)
    assert (result.contact_count, result.batches_pushed, result.campaign_name) == (25, 3, "Spring appeal")
    assert not result.needs_more_contacts
    assert not result.over
    await assert_invariants(database_dsn)


async def test_nothing_is_claimed_without_a_lease_or_while_paused(pool: Pool, queue: TaskQueue):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(3))

    after_the_lease = await tick(pool, queue, campaign.id, NOON + timedelta(seconds=91))
    await pause(pool, campaign.id, given.OPERATOR, NOON)
    while_paused = await tick(pool, queue, campaign.id, NOON)
    await resume(pool, campaign.id, given.OPERATOR, NOON)
    resumed = await tick(pool, queue, campaign.id, NOON)

    assert [after_the_lease.contact_count, while_paused.contact_count, resumed.contact_count] == [0, 0, 3]


async def test_no_more_is_queued_than_the_pace_soon_begins(pool: Pool, queue: TaskQueue):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(90), maxCps=10)
    limits = DispatchLimits(batch_size=7, max_cps=100, horizon_s=4)

    first = await tick(pool, queue, campaign.id, NOON, limits)
    second = await tick(pool, queue, campaign.id, NOON, limits)

    assert (first.contact_count, second.contact_count) == (40, 0)


async def test_campaigns_at_work_share_what_may_be_queued(pool: Pool, queue: TaskQueue):
    limits = DispatchLimits(batch_size=100, max_cps=10, horizon_s=4)
    one, two, three = [
        await given.a_running_campaign(pool, NOON, given.phones(90), name=name) for name in ("A", "B", "C")
    ]

    counts = [
        (await tick(pool, queue, campaign.id, NOON, limits)).contact_count for campaign in (one, two, three)
    ]

    assert counts == [40, 20, 14]


async def test_no_more_is_queued_than_the_campaign_may_have_in_progress(pool: Pool, queue: TaskQueue):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(30), maxConcurrentCalls=12)

    result = await tick(pool, queue, campaign.id, NOON)

    assert result.contact_count == 12
    assert result.needs_more_contacts


async def test_contacts_outside_their_own_window_are_not_claimed(
    pool: Pool, queue: TaskQueue, database_dsn: str
):
    nine_to_five = {"dayOfWeek": [1, 2, 3, 4, 5], "startHour": 9, "endHour": 17}
    campaign = await given.a_running_campaign(pool, NOON, [], callingWindows=[nine_to_five])
    new_york, tokyo, either = given.phones(3)
    await given.contacts(pool, campaign, [new_york], NOON)
    await given.contacts(pool, campaign, [tokyo], NOON, ("Asia/Tokyo",))
    await given.contacts(pool, campaign, [either], NOON, ("America/New_York", "Asia/Tokyo"))

    await tick(pool, queue, campaign.id, NOON)

    (task,) = await received(queue)
    assert task.phone_number == new_york
    assert task.not_after == NOON.replace(hour=21)
    await assert_invariants(database_dsn)


async def test_listed_contacts_are_marked_and_never_sent(pool: Pool, queue: TaskQueue, database_dsn: str):
    numbers = given.phones(4)
    campaign = await given.a_running_campaign(pool, NOON, numbers)
    await list_numbers(pool, [Listing(numbers[0], "said no", "phone", "ops")], NOON)
    prefix = Listing(numbers[1][:-1], "block", "ops", "ops", campaign_id=campaign.id, is_prefix=True)
    await list_numbers(pool, [prefix], NOON)

    result = await tick(pool, queue, campaign.id, NOON)

    assert await received(queue) == []
    assert result.over
    await assert_invariants(database_dsn)


async def test_a_listing_that_has_ended_or_belongs_to_another_campaign_stops_nobody(
    pool: Pool, queue: TaskQueue
):
    numbers = given.phones(2)
    campaign = await given.a_running_campaign(pool, NOON, numbers)
    other = await given.a_campaign(pool, NOON)
    ended = Listing(numbers[0], "pause", "ops", "ops", until=NOON - timedelta(minutes=1))
    elsewhere = Listing(numbers[1], "said no", "ops", "ops", campaign_id=other.id)

    await list_numbers(pool, [ended, elsewhere], NOON)
    await tick(pool, queue, campaign.id, NOON)

    assert sorted(task.phone_number for task in await received(queue)) == numbers


async def test_a_tick_reads_as_many_rows_of_a_long_list_as_of_a_short_one(
    database_dsn: str, queue: TaskQueue
):
    """Everybody is dispatched whom the pace allows: the tick finds out, and does not count the others."""
    one_claim = DispatchLimits(batch_size=10, max_cps=1, horizon_s=1)
    async with open_pool(database_dsn, max_size=1) as pool:
        campaign = await given.a_running_campaign(pool, NOON, given.phones(2))
        await tick(pool, queue, campaign.id, NOON, one_claim)
        short = await rows_read_by(pool, tick(pool, queue, campaign.id, NOON, one_claim))
        await given.contacts(pool, campaign, given.phones(3000, first=2), NOON)
        await vacuum(pool)
        long = await rows_read_by(pool, tick(pool, queue, campaign.id, NOON, one_claim))

    assert long <= short + 10, (long, short)


async def rows_read_by(pool: Pool, doing: Awaitable[object]) -> int:
    """How many rows were read from indexes and tables on the pool's only connection."""
    before = await rows_read(pool)
    await doing
    return await rows_read(pool) - before


async def rows_read(pool: Pool) -> int:
    async with pool.connection() as conn:
        await conn.execute("select pg_stat_force_next_flush()")
    async with pool.connection() as conn:
        row = await (
            await conn.execute(
                "select (select sum(seq_tup_read) from pg_stat_user_tables)"
                " + (select sum(idx_tup_read) from pg_stat_user_indexes) as read"
            )
        ).fetchone()
    return int(row["read"]) if row else 0


async def vacuum(pool: Pool) -> None:
    async with pool.connection() as conn:
        await conn.set_autocommit(True)
        await conn.execute("vacuum analyze")
        await conn.set_autocommit(False)


# Hours from the local one at which contacts are planned: those on either side of it rank alike.
@given_that(
    planned=st.lists(
        st.tuples(
            st.sampled_from([None, -2, -1, 0, 1, 2, 12]),
            st.sampled_from(["America/New_York", "America/Toronto"]),
        ),
        min_size=1,
        max_size=30,
    ),
    batch=st.integers(1, 15),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_contacts_are_claimed_by_closest_planned_hour_then_by_age(
    database_dsn: str, dial_queue: QueueAddress, planned, batch
):
    asyncio.run(check_order(database_dsn, dial_queue, planned, batch))


async def check_order(
    dsn: str, address: QueueAddress, planned: list[tuple[int | None, str]], batch: int
) -> None:
    numbers = given.phones(len(planned))
    buckets = [24 if away is None else 12 + away if away != 12 else 0 for away, _ in planned]
    best_first = [
        numbers[k] for k in sorted(range(len(planned)), key=lambda k: (level_of(buckets[k], 12), k))
    ]
    async with open_pool(dsn) as pool, open_task_queue(address) as queue:
        campaign = await given.a_running_campaign(pool, NOON, [])
        for number, (_, zone) in zip(numbers, planned, strict=True):
            await given.contacts(pool, campaign, [number], NOON, (zone,))
        async with pool.connection() as conn:
            await conn.execute(
                "update ready_contacts r set bucket = b.bucket "
                "from unnest(%s::text[], %s::int[]) b (phone, bucket) "
                "where r.phone = b.phone and r.campaign_id = %s",
                [numbers, buckets, campaign.id],
            )
        while best_first:
            await tick(
                pool, queue, campaign.id, NOON, DispatchLimits(batch_size=batch, max_cps=batch, horizon_s=1)
            )
            assert sorted(task.phone_number for task in await received(queue)) == sorted(best_first[:batch])
            best_first = best_first[batch:]
            async with pool.connection() as conn:
                await conn.execute("delete from dispatched_contacts where campaign_id = %s", [campaign.id])


async def test_two_dispatchers_at_once_claim_nobody_twice(pool: Pool, queue: TaskQueue, database_dsn: str):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(200), maxConcurrentCalls=1000)
    limits = DispatchLimits(batch_size=20, max_cps=100, horizon_s=15)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(tick(pool, queue, campaign.id, NOON, limits))
    await tick(pool, queue, campaign.id, NOON, limits)

    phones = [task.phone_number for task in await received(queue)]
    assert sorted(phones) == given.phones(200)
    await assert_invariants(database_dsn)


async def test_what_sqs_does_not_take_goes_straight_back(pool: Pool, aws_endpoint: str, queue: TaskQueue):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(5))
    nowhere = QueueAddress(
        f"{aws_endpoint}/000000000000/gone", f"{aws_endpoint}/000000000000/gone", REGION, aws_endpoint
    )

    async with open_task_queue(nowhere) as gone:
        with pytest.raises(Unavailable):
            await tick(pool, gone, campaign.id, NOON)
    result = await tick(pool, queue, campaign.id, NOON)

    assert result.contact_count == 5


async def test_a_claim_that_was_never_sent_is_healed_by_its_lease(
    pool: Pool, queue: TaskQueue, database_dsn: str
):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(2))
    await tick(pool, queue, campaign.id, NOON)
    lost = await received(queue)
    async with pool.connection() as conn:
        await conn.execute("update dispatched_contacts set sent_at = null")

    at_once = await tick(pool, queue, campaign.id, NOON + timedelta(seconds=5))
    later = await tick(pool, queue, campaign.id, NOON + timedelta(seconds=11))

    assert (at_once.contact_count, later.contact_count) == (0, 2)
    again = await received(queue)
    assert {task.claim_id for task in again}.isdisjoint(task.claim_id for task in lost)
    await assert_invariants(database_dsn)


async def test_a_trial_claims_no_more_than_its_limit_and_leaves_the_rest(pool: Pool, queue: TaskQueue):
    campaign = await given.a_campaign(pool, NOON)
    await given.contacts(pool, campaign, given.phones(10), NOON)
    await start_run(pool, campaign.id, given.RUN, 4, NOON)
    await renew_lease(pool, campaign.id, given.RUN, NOON)

    result = await tick(pool, queue, campaign.id, NOON)

    assert result.contact_count == 4
    async with pool.connection() as conn:
        await conn.execute("delete from dispatched_contacts")
    assert (await tick(pool, queue, campaign.id, NOON)).over
    assert await finish_run_if_done(pool, campaign.id, given.RUN, NOON) == "draft"


async def test_cancelling_recalls_what_was_dispatched_and_ends_the_run(
    pool: Pool, queue: TaskQueue, database_dsn: str
):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(3))
    await tick(pool, queue, campaign.id, NOON)

    await cancel(pool, campaign.id, given.OPERATOR, NOON)

    assert (await tick(pool, queue, campaign.id, NOON)).over
    assert await finish_run_if_done(pool, campaign.id, given.RUN, NOON) == "cancelled"
    with pytest.raises(InvalidInput, match="is cancelled"):
        await start_run(pool, campaign.id, "next", None, NOON)
    await assert_invariants(database_dsn)


async def test_at_its_end_time_a_campaign_completes_with_contacts_left(pool: Pool, queue: TaskQueue):
    end = NOON + timedelta(hours=1)
    campaign = await given.a_running_campaign(pool, NOON, given.phones(3), endTime=end.isoformat())
    await tick(pool, queue, campaign.id, NOON)
    assert all(task.not_after == end for task in await received(queue))

    assert await finish_run_if_done(pool, campaign.id, given.RUN, NOON) is None
    assert (await tick(pool, queue, campaign.id, end)).over
    assert await finish_run_if_done(pool, campaign.id, given.RUN, end) == "completed"


async def test_a_failed_campaign_stays_failed_until_it_is_started_again(pool: Pool):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    await fail_campaign(pool, campaign.id, given.RUN, ["no audio"], NOON)

    assert await finish_run_if_done(pool, campaign.id, given.RUN, NOON) == "failed"
    assert (await start_run(pool, campaign.id, given.RUN, None, NOON)).status == "active"
