"""Erase but remember: what goes, what stays, and what is counted as before."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from outdial.attempts.begin import Begun, begin_attempt
from outdial.attempts.release import Stale, park_contact
from outdial.attempts.settle import settle
from outdial.blacklist.cache import Entry, open_cache
from outdial.blacklist.erasing import erase_number
from outdial.blacklist.listing import list_numbers
from outdial.campaigns.lifecycle import pause
from outdial.campaigns.stored_recordings import delete_recordings, write_recording
from outdial.dialer.recorder import recording_name
from outdial.domain.dispositions import Disposition
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.storage.blacklist import EVERYWHERE, Listing, is_listed
from outdial.storage.imports import KeptReject, NewImport, begin_import, keep_rejects
from outdial.storage.pool import Pool
from outdial.storage.staged_listings import StagedListing, Unsaid, compare, list_staged, open_stage, stage
from tests import given
from tests.attempts.steps import a_permit, claimed, ended
from tests.blacklist.standing import NOON, rows, standing
from tests.invariants import assert_invariants

ONE, TWO = given.phones(2)
EVERY_TABLE = "select table_name from information_schema.tables where table_schema = 'public'"


async def traces(pool: Pool, text: str) -> list[str]:
    """Tables in which `text` stands anywhere."""
    tables = [row["table_name"] for row in await rows(pool, EVERY_TABLE)]
    found: list[str] = []
    for table in tables:
        (row,) = await rows(pool, f"select count(*) as n from {table} t where strpos(t::text, %s) > 0", text)
        found += [table] * bool(row["n"])
    return found


async def a_called_contact(pool: Pool) -> tuple[object, Begun]:
    """A campaign with two contacts, the first of whom was called and was busy."""
    campaign = await given.a_running_campaign(pool, NOON, [ONE, TWO])
    async with pool.connection() as conn:
        await conn.execute(
            'update contacts set metadata = \'{"name": "Ada Example"}\' where phone = %s', [ONE]
        )
    task = next(task for task in await claimed(pool, campaign) if task.phone_number == ONE)
    begun = await begin_attempt(pool, task, await a_permit(pool), NOON)
    assert isinstance(begun, Begun)
    return campaign, begun


async def test_nothing_in_the_database_names_an_erased_person_and_they_are_never_called(
    pool: Pool, database_dsn: str
):
    _, begun = await a_called_contact(pool)
    await settle(pool, [ended(begun, Disposition.BUSY)])
    await list_numbers(pool, [Listing(ONE, "said no", "letter", "ops")], NOON)
    erased = await erase_number(pool, ONE, "dpo", NOON)
    assert (len(erased.people), erased.calls, erased.listings) == (1, 1, 1)
    assert await traces(pool, ONE) == []
    assert await traces(pool, "Ada Example") == []
    async with pool.connection() as conn:
        assert await is_listed(conn, ONE, None, NOON)
    await list_numbers(pool, [Listing(ONE, "again", "letter", "ops")], NOON)
    assert await traces(pool, ONE) == []
    actions = await rows(pool, "select action, number, by_whom from blacklist_history order by id")
    assert [tuple(row.values()) for row in actions] == [("listed", None, "ops"), ("erased", None, "dpo")]
    await assert_invariants(database_dsn)


async def test_what_reports_count_is_the_same_after_an_erasure(pool: Pool):
    _, begun = await a_called_contact(pool)
    await settle(pool, [ended(begun, Disposition.ANSWERED)])
    totals = "select disposition, count(*) as n from call_records group by disposition"
    states = "select status, count(*) as n from contact_states group by status order by status"
    before = await rows(pool, totals), await rows(pool, states)
    await erase_number(pool, ONE, "dpo", NOON)
    assert (await rows(pool, totals), await rows(pool, states)) == before


async def test_a_number_on_a_call_is_not_erased(pool: Pool):
    _, begun = await a_called_contact(pool)
    with pytest.raises(InvalidInput, match="is on a call at this moment"):
        await erase_number(pool, ONE, "dpo", NOON)
    assert "contacts" in await traces(pool, ONE)
    await settle(pool, [ended(begun, Disposition.ANSWERED)])
    await erase_number(pool, ONE, "dpo", NOON)
    assert await traces(pool, ONE) == []


async def test_who_is_erased_while_a_dial_task_is_on_its_way_is_not_called(pool: Pool, database_dsn: str):
    campaign = await given.a_running_campaign(pool, NOON, [ONE])
    (task,) = await claimed(pool, campaign)
    await erase_number(pool, ONE, "dpo", NOON)
    assert await begin_attempt(pool, task, await a_permit(pool), NOON) == Stale()
    assert await standing(pool) == [("blacklisted", None)]
    await assert_invariants(database_dsn)


async def test_an_erased_number_leaves_redis_too(pool: Pool, redis_url: str):
    async with open_cache(redis_url) as cache:
        await list_numbers(pool, [Listing(ONE, "said no", "letter", "ops")], NOON, cache)
        assert await cache.find([ONE], [EVERYWHERE]) == {ONE: [Entry(ONE, EVERYWHERE)]}
        await erase_number(pool, ONE, "dpo", NOON, cache)
        assert await cache.find([ONE], [EVERYWHERE]) == {}


async def test_a_contact_list_that_names_an_erased_number_again_calls_nobody(pool: Pool):
    await erase_number(pool, ONE, "dpo", NOON)
    campaign = await given.a_running_campaign(pool, NOON, [ONE])
    assert await claimed(pool, campaign) == []
    assert await standing(pool) == [("blacklisted", None)]


async def test_a_claim_that_is_being_put_back_leaves_no_trace_of_who_is_erased(pool: Pool):
    campaign = await given.a_running_campaign(pool, NOON, [ONE])
    await claimed(pool, campaign)
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("select from dispatched_contacts for update")
        pausing = asyncio.create_task(pause(pool, campaign.id, given.OPERATOR, NOON))
        await asyncio.sleep(0.2)
        erasing = asyncio.create_task(erase_number(pool, ONE, "dpo", NOON))
        await asyncio.sleep(0.2)
    await pausing
    await erasing
    assert await traces(pool, ONE) == []
    assert await standing(pool) == [("blacklisted", None)]


async def test_a_task_that_is_being_parked_and_an_erasure_do_not_wait_for_each_other(pool: Pool):
    campaign = await given.a_running_campaign(pool, NOON, [ONE])
    (task,) = await claimed(pool, campaign)
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("select from contacts for update")
        parking = asyncio.create_task(park_contact(pool, task))
        await asyncio.sleep(0.2)
        erasing = asyncio.create_task(erase_number(pool, ONE, "dpo", NOON))
        await asyncio.sleep(0.2)
    assert await parking
    assert len((await erasing).people) == 1
    assert await standing(pool) == [("failed", None)]


async def test_a_list_that_is_being_imported_does_not_bring_an_erased_number_back(pool: Pool):
    async with open_stage(pool) as staged:
        await stage(staged, [StagedListing(ONE), StagedListing(TWO)])
        await compare(staged, EVERYWHERE, Unsaid("list broker", "file", "ops"), is_whole=False)
        await erase_number(pool, ONE, "dpo", NOON)
        async with staged.transaction():
            listed = await list_staged(staged, EVERYWHERE, 0, 10, NOON)
    assert [row["number"] for row in listed] == [TWO]
    assert await traces(pool, ONE) == []


@pytest.mark.parametrize(
    "written",
    [ONE, "011 1 202-555-0000", "(202) 555-0000", "12025550000.0", "tel:+1-202-555-0000", "5550000"],
)
async def test_rows_that_a_cut_off_import_rejected_lose_the_number_however_it_is_written(
    pool: Pool, written: str
):
    campaign = await given.a_campaign(pool, NOON)
    async with pool.connection() as conn:
        new = await begin_import(conn, NewImport(campaign.id, "file", "list.csv", "f", {}), NOON)
        cells = [("Ada", written), ("Bob", TWO)]
        await keep_rejects(conn, new.id, [KeptReject(n, "zone", row) for n, row in enumerate(cells)])
    await erase_number(pool, ONE, "dpo", NOON)
    kept = await rows(pool, "select cells from import_rejects order by row_number")
    assert [row["cells"] for row in kept] == [[], ["Bob", TWO]]


async def test_what_a_person_said_goes_with_them_and_what_others_said_stays(pool: Pool, tmp_path: Path):
    campaign, begun = await a_called_contact(pool)
    await settle(pool, [ended(begun, Disposition.ANSWERED)])
    other = f"call-{campaign.id}-{uuid4()}-1"
    for call_id in (begun.call_id, other):
        write_recording(tmp_path.as_uri(), str(campaign.id), recording_name(call_id, "say"), b"RIFF")

    async def delete(campaign_id: UUID, contact_id: UUID) -> int:
        return delete_recordings(tmp_path.as_uri(), campaign_id, contact_id)

    erased = await erase_number(pool, ONE, "dpo", NOON, delete_recordings=delete)
    assert erased.recordings == 1
    [kept] = (tmp_path / "recordings" / str(campaign.id)).iterdir()
    assert kept.name.startswith(other)


async def test_where_a_recording_cannot_be_deleted_nothing_is_erased_yet(pool: Pool):
    async def refuse(_campaign_id: UUID, _contact_id: UUID) -> int:
        raise Unavailable("the storage is away")

    _, begun = await a_called_contact(pool)
    await settle(pool, [ended(begun, Disposition.ANSWERED)])
    with pytest.raises(Unavailable):
        await erase_number(pool, ONE, "dpo", NOON, delete_recordings=refuse)
    assert "contacts" in await traces(pool, ONE)
