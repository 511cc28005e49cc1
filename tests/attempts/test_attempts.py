"""An attempt's whole life: begun at most once, refused by every rule, settled once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from outdial.attempts.begin import Begun, Permit, begin_attempt
from outdial.attempts.release import Released, Stale, park_contact
from outdial.attempts.settle import settle
from outdial.blacklist.listing import list_numbers
from outdial.campaigns.lifecycle import cancel, pause
from outdial.campaigns.lists.contact_rows import ReadRow
from outdial.campaigns.lists.merge_contacts import store_batch
from outdial.domain.call_ids import CallKey
from outdial.domain.dispositions import UNCOUNTED, UNCOUNTED_CAP, Disposition
from outdial.domain.permission import Refusal
from outdial.storage.blacklist import Listing, add_listings, hold_list
from outdial.storage.calls import insert_attempt, take_claim
from outdial.storage.campaigns import Campaign, lock_campaign, set_status
from outdial.storage.claims import promote_due, put_back
from outdial.storage.contacts import NewContact
from outdial.storage.pool import Connection, Pool
from tests import given
from tests.attempts.steps import NOON, a_permit, claimed, contact_row, ended, refusal_of
from tests.invariants import assert_invariants


async def test_two_copies_of_one_dial_task_begin_one_attempt(pool: Pool, database_dsn: str):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    (task,) = await claimed(pool, campaign)
    permit = await a_permit(pool)

    async with asyncio.TaskGroup() as group:
        copies = [group.create_task(begin_attempt(pool, task, permit, NOON)) for _ in range(5)]

    answers = [copy.result() for copy in copies]
    assert sorted(type(answer).__name__ for answer in answers) == ["Begun"] + ["Stale"] * 4
    await assert_invariants(database_dsn)


async def test_a_task_of_a_claim_that_was_replaced_is_stale(pool: Pool):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    (old,) = await claimed(pool, campaign)
    async with pool.connection() as conn:
        await put_back(conn, [old.claim_id])
    (new,) = await claimed(pool, campaign)

    assert await begin_attempt(pool, old, await a_permit(pool), NOON) == Stale()
    assert isinstance(await begin_attempt(pool, new, await a_permit(pool), NOON), Begun)


async def test_a_number_listed_after_dispatch_is_not_called(pool: Pool, database_dsn: str):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    (task,) = await claimed(pool, campaign)
    await list_numbers(pool, [Listing(task.phone_number, "said no", "phone", "ops")], NOON)

    answer = await begin_attempt(pool, task, await a_permit(pool), NOON)

    assert answer == Released(Refusal.LISTED, None)
    assert (await contact_row(pool, task.contact_id))["status"] == "blacklisted"
    await assert_invariants(database_dsn)


async def test_without_a_live_lease_no_attempt_begins(pool: Pool, database_dsn: str):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    later = NOON + timedelta(seconds=90)

    assert (await refusal_of(pool, campaign, await a_permit(pool, later), later)).reason is Refusal.NO_LEASE
    await assert_invariants(database_dsn)


@pytest.mark.parametrize("stop", [pause, cancel])
async def test_once_a_campaign_is_stopped_its_queued_tasks_find_no_claim(pool: Pool, stop, database_dsn: str):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(3))
    tasks = await claimed(pool, campaign)

    await stop(pool, campaign.id, given.OPERATOR, NOON)

    assert [await begin_attempt(pool, task, await a_permit(pool), NOON) for task in tasks] == [Stale()] * 3
    await assert_invariants(database_dsn)


async def test_a_task_that_outlives_its_window_waits_for_the_next_opening(pool: Pool, database_dsn: str):
    nine_to_five = {"dayOfWeek": [1, 2, 3, 4, 5], "startHour": 9, "endHour": 17}
    evening = NOON.replace(hour=21)
    campaign = await given.a_running_campaign(pool, evening, given.phones(1), callingWindows=[nine_to_five])

    answer = await refusal_of(pool, campaign, await a_permit(pool, evening), evening)

    assert answer == Released(Refusal.OUTSIDE_WINDOW, datetime(2026, 6, 16, 13, tzinfo=UTC))
    await assert_invariants(database_dsn)


async def test_no_number_is_on_two_calls_at_once_across_campaigns(pool: Pool, database_dsn: str):
    one = await given.a_running_campaign(pool, NOON, given.phones(1))
    two = await given.a_running_campaign(pool, NOON, given.phones(1))
    (first,), (second,) = await claimed(pool, one), await claimed(pool, two)
    permit = await a_permit(pool)

    async with asyncio.TaskGroup() as group:
        begins = [group.create_task(begin_attempt(pool, task, permit, NOON)) for task in (first, second)]

    answers = [begin.result() for begin in begins]
    assert sum(isinstance(answer, Begun) for answer in answers) == 1
    assert Released(Refusal.NUMBER_BUSY, NOON + timedelta(minutes=2)) in answers
    await assert_invariants(database_dsn)


async def test_no_more_calls_are_in_progress_than_the_campaign_allows(pool: Pool, database_dsn: str):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(12), maxConcurrentCalls=5)
    tasks = await claimed(pool, campaign)
    permit = await a_permit(pool)

    async with asyncio.TaskGroup() as group:
        begins = [group.create_task(begin_attempt(pool, task, permit, NOON)) for task in tasks]

    answers = [begin.result() for begin in begins]
    assert sum(isinstance(answer, Begun) for answer in answers) == 5
    assert answers.count(Released(Refusal.CAMPAIGN_FULL, NOON + timedelta(seconds=10))) == 7
    await assert_invariants(database_dsn)


async def test_a_slot_of_another_pace_epoch_and_a_silent_dialer_are_refused(pool: Pool):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    dialer = await given.a_dialer(pool, NOON)
    frozen = await given.a_dialer(pool, NOON - timedelta(seconds=11))

    assert (await refusal_of(pool, campaign, Permit(dialer, "trunk", 2))).reason is Refusal.PACE_CHANGED
    assert (await refusal_of(pool, campaign, Permit(frozen, "trunk", 1))).reason is Refusal.DIALER_SILENT
    assert (await refusal_of(pool, campaign, Permit(uuid4(), "trunk", 1))).reason is Refusal.DIALER_SILENT


async def begun_one(pool: Pool, campaign: Campaign, now: datetime = NOON) -> Begun:
    (task,) = await claimed(pool, campaign, now)
    answer = await begin_attempt(pool, task, await a_permit(pool, now), now)
    assert isinstance(answer, Begun)
    return answer


async def test_a_call_is_settled_once_whatever_comes_later(pool: Pool, database_dsn: str):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    begun = await begun_one(pool, campaign)

    first = await settle(pool, [ended(begun, Disposition.ANSWERED)])
    second = await settle(pool, [ended(begun, Disposition.BUSY)])

    assert [one.disposition for one in first] == [Disposition.ANSWERED]
    assert second == []
    contact = await contact_row(pool, begun.key.contact_id)
    assert (contact["status"], contact["attempts"], contact["due_at"]) == ("completed", 1, None)
    await assert_invariants(database_dsn)


async def test_a_busy_line_is_tried_again_after_the_campaigns_own_delay(pool: Pool, database_dsn: str):
    campaign = await given.a_running_campaign(
        pool, NOON, given.phones(1), retry={"busy": {"delaySeconds": 30}}
    )
    begun = await begun_one(pool, campaign)

    await settle(pool, [ended(begun, Disposition.BUSY)])

    assert (await contact_row(pool, begun.key.contact_id))["due_at"] == NOON + timedelta(seconds=30)
    async with pool.connection() as conn:
        assert await promote_due(conn, campaign.id, NOON + timedelta(seconds=29), 10) == 0
        assert await promote_due(conn, campaign.id, NOON + timedelta(seconds=30), 10) == 1
    await assert_invariants(database_dsn)


async def try_until_given_up(pool: Pool, campaign: Campaign, disposition: Disposition) -> int:
    """How many originates one contact gets when every call ends with `disposition`."""
    now, tries = NOON, 0
    while True:
        async with pool.connection() as conn:
            await promote_due(conn, campaign.id, now, 10)
            await conn.execute("update campaigns set run_lease_until = %s", [now + timedelta(seconds=90)])
        if not (tasks := await claimed(pool, campaign, now)):
            return tries
        answer = await begin_attempt(pool, tasks[0], await a_permit(pool, now), now)
        assert isinstance(answer, Begun)
        await settle(pool, [ended(answer, disposition, now)])
        tries, now = tries + 1, now + timedelta(days=1)


@pytest.mark.parametrize("disposition", list(Disposition))
async def test_tries_end_at_the_maximum_that_counts_or_at_the_cap(
    pool: Pool, disposition: Disposition, database_dsn: str
):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1), maxAttemptsPerContact=2)

    tries = await try_until_given_up(pool, campaign, disposition)

    once = {Disposition.ANSWERED, Disposition.INVALID_NUMBER}
    assert tries == (1 if disposition in once else UNCOUNTED_CAP if disposition in UNCOUNTED else 2)
    await assert_invariants(database_dsn)


async def test_a_parked_contact_is_failed_as_a_dead_letter(pool: Pool, database_dsn: str):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    (task,) = await claimed(pool, campaign)

    assert await park_contact(pool, task)
    assert not await park_contact(pool, task)

    contact = await contact_row(pool, task.contact_id)
    assert (contact["status"], contact["failure_reason"]) == ("failed", "dead_letter")
    await assert_invariants(database_dsn)


async def begun_beside(pool: Pool, campaign: Campaign, change) -> Begun | Stale | Released:
    """What begin attempt answers when it is asked while `change` is made but not yet committed."""
    (task,) = await claimed(pool, campaign)
    permit = await a_permit(pool)
    async with pool.connection() as conn:
        async with conn.transaction():
            await change(conn)
            asked = asyncio.create_task(begin_attempt(pool, task, permit, NOON))
            await asyncio.wait([asked], timeout=0.3)
        return await asked


async def test_an_attempt_waits_for_a_listing_that_is_being_committed(pool: Pool, database_dsn: str):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))

    async def list_the_number(conn: Connection) -> None:
        await hold_list(conn)
        await add_listings(conn, [Listing(given.phones(1)[0], "said no", "phone", "ops")], NOON)

    assert await begun_beside(pool, campaign, list_the_number) == Released(Refusal.LISTED, None)
    await assert_invariants(database_dsn)


async def test_an_attempt_waits_for_a_pause_that_is_being_committed(pool: Pool):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))

    async def pause_it(conn: Connection) -> None:
        await lock_campaign(conn, campaign.id)
        await set_status(conn, campaign.id, "paused", NOON)

    answer = await begun_beside(pool, campaign, pause_it)

    assert answer == Released(Refusal.CAMPAIGN_NOT_ACTIVE, None)


async def test_an_attempt_waits_for_another_to_the_same_number_that_is_being_committed(pool: Pool):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    other = await given.a_running_campaign(pool, NOON, given.phones(1))
    (task,) = await claimed(pool, other)
    caller = await a_permit(pool)

    async def call_the_number(conn: Connection) -> None:
        claim = await take_claim(conn, task.contact_id, task.claim_id)
        key = CallKey(other.id, task.contact_id, 1)
        record = {"call_id": str(key), "attempt_no": 1, "trunk": "trunk", "caller_id": None, "now": NOON}
        assert await insert_attempt(conn, claim, record | {"dialer_id": caller.dialer_id})

    answer = await begun_beside(pool, campaign, call_the_number)

    assert answer == Released(Refusal.NUMBER_BUSY, NOON + timedelta(minutes=2))


async def test_listings_and_begins_in_any_order_never_both_win(pool: Pool):
    campaign = await given.a_running_campaign(pool, NOON, given.phones(20))
    tasks = await claimed(pool, campaign)
    permit = await a_permit(pool)

    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(begin_attempt(pool, task, permit, NOON))
            group.create_task(list_numbers(pool, [Listing(task.phone_number, "no", "phone", "ops")], NOON))

    async with pool.connection() as conn:
        rows = await (await conn.execute("select status, originates from contacts")).fetchall()
    assert all((row["status"] == "blacklisted") == (row["originates"] == 0) for row in rows)


@pytest.mark.parametrize("kind", ["settling calls", "renewing contacts from a list"])
async def test_whoever_holds_several_contacts_takes_them_in_one_order(pool: Pool, kind: str):
    numbers = given.phones(9)
    campaign = await given.a_running_campaign(pool, NOON, numbers, duplicates="last")
    permit = await a_permit(pool)
    begun = [await begin_attempt(pool, task, permit, NOON) for task in await claimed(pool, campaign)]
    by_contact = sorted((one for one in begun if isinstance(one, Begun)), key=lambda one: one.key.contact_id)

    async def renew() -> None:
        async with pool.connection() as conn, conn.transaction():
            rows = [ReadRow(NewContact(one.phone, ("America/New_York",)), ()) for one in reversed(by_contact)]
            await store_batch(conn, campaign.id, rows, NOON)

    async def settle_all() -> None:
        await settle(pool, [ended(one, Disposition.BUSY) for one in reversed(by_contact)])

    hold = "select from contacts where id = %s for no key update nowait"
    async with pool.connection() as conn, conn.transaction():
        await conn.execute(hold, [by_contact[0].key.contact_id])
        waiting = asyncio.create_task(settle_all() if kind == "settling calls" else renew())
        await asyncio.sleep(0.3)
        for later in by_contact[1:]:
            await conn.execute(hold, [later.key.contact_id])
    await waiting
