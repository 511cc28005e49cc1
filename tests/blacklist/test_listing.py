"""Listing and unlisting: what is written down, and what it does to contacts."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest

from outdial.attempts.begin import Begun, begin_attempt
from outdial.attempts.release import Released
from outdial.attempts.settle import settle
from outdial.blacklist.listing import list_numbers, unlist_numbers, unlist_prefix
from outdial.campaigns.lifecycle import cancel
from outdial.domain.dispositions import Disposition
from outdial.domain.permission import Refusal
from outdial.storage.blacklist import (
    EVERYWHERE,
    Listing,
    Scope,
    Unlisting,
    hold_list,
    hold_list_still,
    remove_listings,
)
from outdial.storage.pool import Pool
from tests import given
from tests.attempts.steps import a_permit, claimed, ended
from tests.blacklist.standing import NOON, due, history, rows, standing
from tests.invariants import assert_invariants

TOMORROW = NOON + timedelta(days=1)
BY_OPS = Unlisting("ops", "asked back")
ONE, TWO, THREE = given.phones(3)


def no(number: str, **changes: object) -> Listing:
    """An entry as an operator makes it."""
    return Listing(number, "said no", "letter", "ops", **changes)  # pyright: ignore[reportArgumentType]


async def test_a_listing_takes_contacts_out_of_ready_and_waiting_in_every_campaign(
    pool: Pool, database_dsn: str
):
    for name in ("One", "Two"):
        await given.a_running_campaign(pool, NOON, [ONE, TWO], name=name)
    await pool_execute(
        pool,
        "with w as (delete from ready_contacts where contact_id in (select id from contacts "
        "where phone = %s and campaign_id = (select id from campaigns where slug = 'two')) returning *) "
        "insert into waiting_contacts "
        "(contact_id, campaign_id, channel, area_id, bucket, seq, phone, due_at) "
        "select contact_id, campaign_id, channel, area_id, bucket, seq, phone, %s from w",
        ONE,
        TOMORROW,
    )
    assert await list_numbers(pool, [no(ONE)], NOON) == {ONE}
    assert await standing(pool) == [("blacklisted", None), ("pending", "ready")] * 2
    await assert_invariants(database_dsn)


async def test_a_listing_in_one_campaign_leaves_the_others_alone(pool: Pool):
    first = await given.a_running_campaign(pool, NOON, [ONE], name="One")
    await given.a_running_campaign(pool, NOON, [ONE], name="Two")
    await list_numbers(pool, [no(ONE, campaign_id=first.id)], NOON)
    assert await standing(pool) == [("blacklisted", None), ("pending", "ready")]


async def test_a_listed_prefix_takes_out_whoever_stands_under_it(pool: Pool):
    await given.a_running_campaign(pool, NOON, [ONE, "+19005550100", "+19015550100"])
    await list_numbers(pool, [no("+1900", is_prefix=True)], NOON)
    assert await standing(pool) == [("pending", "ready"), ("blacklisted", None), ("pending", "ready")]
    assert await unlist_prefix(pool, "+1900", EVERYWHERE, BY_OPS, NOON)
    assert await standing(pool) == [("pending", "ready")] * 3
    assert not await unlist_prefix(pool, "+1900", EVERYWHERE, BY_OPS, NOON)


async def test_a_listing_that_ends_makes_contacts_wait_for_its_end_and_its_removal_ends_the_wait(
    pool: Pool, database_dsn: str
):
    await given.a_running_campaign(pool, NOON, [ONE, TWO])
    await list_numbers(pool, [no(ONE, until=TOMORROW)], NOON)
    assert await standing(pool) == [("pending", "waiting"), ("pending", "ready")]
    assert await due(pool, ONE) == TOMORROW
    await unlist_numbers(pool, [ONE], EVERYWHERE, BY_OPS, NOON)
    assert await due(pool, ONE) == NOON
    await assert_invariants(database_dsn)


async def test_unlisting_brings_back_only_whom_nothing_else_lists_and_whose_campaign_goes_on(pool: Pool):
    first = await given.a_running_campaign(pool, NOON, [ONE, TWO], name="One")
    over = await given.a_running_campaign(pool, NOON, [ONE], name="Two")
    await list_numbers(pool, [no(ONE), no(TWO), no(TWO, campaign_id=first.id)], NOON)
    await cancel(pool, over.id, given.OPERATOR, NOON)
    assert await unlist_numbers(pool, [ONE, TWO, THREE], EVERYWHERE, BY_OPS, NOON) == {ONE, TWO}
    assert await standing(pool) == [("pending", "ready"), ("blacklisted", None), ("blacklisted", None)]
    await unlist_numbers(pool, [TWO], Scope(first.id), BY_OPS, NOON)
    assert await standing(pool) == [("pending", "ready"), ("pending", "ready"), ("blacklisted", None)]


async def test_who_is_unlisted_while_another_listing_has_an_end_waits_for_that_end(pool: Pool):
    campaign = await given.a_running_campaign(pool, NOON, [ONE])
    await list_numbers(pool, [no(ONE), no(ONE, campaign_id=campaign.id, until=TOMORROW)], NOON)
    assert await standing(pool) == [("blacklisted", None)]
    await unlist_numbers(pool, [ONE], EVERYWHERE, BY_OPS, NOON)
    assert (await standing(pool), await due(pool, ONE)) == ([("pending", "waiting")], TOMORROW)


async def test_a_contact_called_before_comes_back_no_earlier_than_its_retry_was_due(
    pool: Pool, database_dsn: str
):
    retry = {"busy": {"delaySeconds": 600}}
    campaign = await given.a_running_campaign(pool, NOON, [ONE], retry=retry)
    (task,) = await claimed(pool, campaign)
    begun = await begin_attempt(pool, task, await a_permit(pool), NOON)
    assert isinstance(begun, Begun)
    await list_numbers(pool, [no(ONE)], NOON)
    await settle(pool, [ended(begun, Disposition.BUSY)])
    assert await standing(pool) == [("blacklisted", None)]
    await unlist_numbers(pool, [ONE], EVERYWHERE, BY_OPS, NOON + timedelta(minutes=1))
    assert await standing(pool) == [("failed", "waiting")]
    assert await due(pool, ONE) == NOON + timedelta(minutes=10)
    await assert_invariants(database_dsn)


async def test_a_call_settled_while_its_number_is_being_unlisted_leaves_its_contact_callable(pool: Pool):
    campaign = await given.a_running_campaign(pool, NOON, [ONE])
    (task,) = await claimed(pool, campaign)
    begun = await begin_attempt(pool, task, await a_permit(pool), NOON)
    assert isinstance(begun, Begun)
    await list_numbers(pool, [no(ONE)], NOON)
    async with pool.connection() as conn:
        async with conn.transaction():
            await remove_listings(conn, [ONE], EVERYWHERE, BY_OPS, NOON)
            await hold_list(conn)  # as an unlisting does before it brings contacts back
            settling = asyncio.create_task(settle(pool, [ended(begun, Disposition.BUSY)]))
            await asyncio.sleep(0.3)
        assert len(await settling) == 1
    assert await standing(pool) == [("failed", "waiting")]


async def test_a_listing_is_never_shortened_by_listing_again(pool: Pool):
    assert await list_numbers(pool, [no(ONE)], NOON) == {ONE}
    assert await list_numbers(pool, [no(ONE, until=TOMORROW)], NOON) == set()
    await list_numbers(pool, [no(TWO, until=TOMORROW)], NOON)
    await list_numbers(pool, [no(TWO, until=TOMORROW + timedelta(days=1))], NOON)
    found = await rows(pool, "select number, until from blacklist order by number")
    assert [row["until"] for row in found] == [None, TOMORROW + timedelta(days=1)]
    assert [entry[0] for entry in await history(pool)] == ["listed", "listed", "renewed"]


async def test_every_change_is_written_down_and_nobody_can_change_what_is_written(pool: Pool):
    await list_numbers(pool, [no(ONE), no("+1900", is_prefix=True)], NOON)
    await list_numbers(pool, [no(ONE)], NOON)
    await unlist_numbers(pool, [ONE], EVERYWHERE, Unlisting("boss"), NOON)
    assert await history(pool) == [
        ("listed", ONE, "ops"),
        ("listed", "+1900", "ops"),
        ("renewed", ONE, "ops"),
        ("unlisted", ONE, "boss"),
    ]
    for attempt in (
        "delete from blacklist_history",
        "update blacklist_history set by_whom = 'nobody'",
        "update blacklist_history set number = '+1'",
        "truncate blacklist_history",
    ):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            await pool_execute(pool, attempt)


async def test_a_listing_is_committed_after_the_begins_in_progress_and_before_those_that_follow(
    pool: Pool, database_dsn: str
):
    campaign = await given.a_running_campaign(pool, NOON, [ONE])
    (task,) = await claimed(pool, campaign)
    permit = await a_permit(pool)
    async with pool.connection() as conn:
        async with conn.transaction():
            await hold_list_still(conn)  # as a begin in progress does
            listing = asyncio.create_task(list_numbers(pool, [no(ONE)], NOON))
            await asyncio.sleep(0.3)
            following = asyncio.create_task(begin_attempt(pool, task, permit, NOON))
            await asyncio.sleep(0.3)
            assert await rows(pool, "select number from blacklist") == []
            assert not following.done()
        assert await listing == {ONE}
    assert await following == Released(Refusal.LISTED, None)
    await assert_invariants(database_dsn)


async def pool_execute(pool: Pool, query: str, *values: object) -> None:
    async with pool.connection() as conn:
        await conn.execute(query.encode(), values)
