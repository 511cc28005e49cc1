"""A campaign with a `contactSource` has the people its query lists, and only those."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from outdial.campaigns.lifecycle import cancel
from outdial.campaigns.lists.import_batches import ImportSummary
from outdial.campaigns.lists.sync_contacts import sync_contacts
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.storage.campaigns import Campaign
from outdial.storage.contacts import NewContact, insert_contacts
from outdial.storage.pool import Pool
from tests.given import OPERATOR, a_campaign

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANN, BOB, CY, DEE = (f"+1212555010{n}" for n in range(4))


@pytest.fixture
async def people(pool: Pool) -> Pool:
    """Another system's table; the test's own database stands for that system's."""
    async with pool.connection() as conn:
        await conn.execute("create schema crm")
        await conn.execute("create table crm.people (name text, mobile text, gift numeric, tags jsonb)")
        await conn.execute(
            "insert into crm.people values ('Ann', '(212) 555-0100', 10.50, '[\"a\"]'),"
            " ('Bob', '2125550101', null, null), ('Cy', '+12125550102', 3, null), ('Nobody', 'n/a', 1, null)"
        )
    return pool


async def a_synced_campaign(pool: Pool, query: str = "select * from crm.people", **changes: Any) -> Campaign:
    source = {"connection": "crm", "query": query, "withdrawMissing": True} | changes.pop("source", {})
    return await a_campaign(pool, NOW, defaultRegion="US", contactSource=source, **changes)


async def sync(pool: Pool, campaign: Campaign, folder: Path) -> ImportSummary:
    return await sync_contacts(pool, campaign.id, pool.conninfo, NOW, folder / "rejects.csv")


async def change(pool: Pool, statement: str, *values: Any) -> None:
    async with pool.connection() as conn:
        await conn.execute(statement, values)  # type: ignore[arg-type]


async def standing(pool: Pool, campaign: Campaign) -> dict[str, tuple[str, str | None, bool]]:
    """Each contact's status, its reason, and whether it stands ready."""
    async with pool.connection() as conn:
        rows = await (
            await conn.execute(
                "select c.phone, c.status, c.failure_reason, r.contact_id is not null as ready"
                " from contacts c left join ready_contacts r on r.contact_id = c.id where c.campaign_id = %s",
                [campaign.id],
            )
        ).fetchall()
    return {row["phone"]: (row["status"], row["failure_reason"], row["ready"]) for row in rows}


READY = ("pending", None, True)
WITHDRAWN = ("failed", "withdrawn", False)


async def test_rows_of_a_query_are_read_by_the_rules_of_a_list(people: Pool, tmp_path: Path) -> None:
    campaign = await a_synced_campaign(people, source={"mapping": {"amount": "gift"}})
    summary = await sync(people, campaign, tmp_path)
    assert (summary.rows, summary.imported, summary.duplicates, summary.rejected) == (4, 3, 0, 1)
    assert summary.rejects_file is not None
    assert "5,mobile: not a telephone number,Nobody,n/a,1," in summary.rejects_file.read_text("utf-8-sig")
    async with people.connection() as conn:
        row = await (await conn.execute("select metadata from contacts where phone = %s", [ANN])).fetchone()
    assert row == {"metadata": {"name": "Ann", "amount": "10.50", "tags": '["a"]'}}
    again = await sync(people, campaign, tmp_path)
    assert (again.imported, again.duplicates, again.withdrawn, again.restored) == (0, 3, 0, 0)


async def test_who_left_is_withdrawn_and_comes_back(people: Pool, tmp_path: Path) -> None:
    campaign = await a_synced_campaign(people)
    await sync(people, campaign, tmp_path)
    await change(people, "delete from crm.people where name in ('Ann', 'Bob')")
    await change(people, "insert into crm.people values ('Dee', %s)", DEE)
    await change(
        people,
        "with w as (delete from ready_contacts where phone = %s returning *)"
        " insert into waiting_contacts"
        " (contact_id, campaign_id, channel, area_id, bucket, seq, phone, due_at)"
        " select contact_id, campaign_id, channel, area_id, bucket, seq, phone, now() from w",
        BOB,
    )
    await change(
        people, "update contacts set status = 'failed', attempts = 1, originates = 1 where phone = %s", BOB
    )
    summary = await sync(people, campaign, tmp_path)
    assert (summary.imported, summary.withdrawn) == (1, 2)
    assert await standing(people, campaign) == {ANN: WITHDRAWN, BOB: WITHDRAWN, CY: READY, DEE: READY}
    await change(people, "insert into crm.people values ('Ann', %s)", ANN)
    summary = await sync(people, campaign, tmp_path)
    assert (summary.restored, summary.withdrawn) == (1, 0)
    assert (await standing(people, campaign))[ANN] == READY


async def test_who_waited_comes_back_no_earlier_than_due(people: Pool, tmp_path: Path) -> None:
    campaign = await a_synced_campaign(people)
    await sync(people, campaign, tmp_path)
    later = NOW + timedelta(hours=2)
    await change(
        people,
        "with w as (delete from ready_contacts where phone = %s returning *)"
        " insert into waiting_contacts"
        " (contact_id, campaign_id, channel, area_id, bucket, seq, phone, due_at)"
        " select contact_id, campaign_id, channel, area_id, bucket, seq, phone, %s from w",
        BOB,
        later,
    )
    await change(
        people, "update contacts set status = 'failed', attempts = 1, originates = 1 where phone = %s", BOB
    )
    await change(people, "delete from crm.people where name = 'Bob'")
    assert (await sync(people, campaign, tmp_path)).withdrawn == 1
    await change(people, "insert into crm.people values ('Bob', %s)", BOB)
    assert (await sync(people, campaign, tmp_path)).restored == 1
    assert (await standing(people, campaign))[BOB] == ("failed", None, False)
    async with people.connection() as conn:
        waiting = await (await conn.execute("select phone, due_at from waiting_contacts")).fetchall()
    assert waiting == [{"phone": BOB, "due_at": later}]


async def test_a_contact_in_progress_is_withdrawn_only_when_it_is_back(people: Pool, tmp_path: Path) -> None:
    campaign = await a_synced_campaign(people)
    await sync(people, campaign, tmp_path)
    await change(
        people,
        "with r as (delete from ready_contacts where phone = %s returning *)"
        " insert into dispatched_contacts"
        " (contact_id, campaign_id, channel, area_id, bucket, seq, phone, claimed_at)"
        " select contact_id, campaign_id, channel, area_id, bucket, seq, phone, now() from r",
        ANN,
    )
    await change(people, "delete from crm.people where name = 'Ann'")
    assert (await sync(people, campaign, tmp_path)).withdrawn == 0
    assert (await standing(people, campaign))[ANN] == ("pending", None, False)
    await change(
        people,
        "with d as (delete from dispatched_contacts returning *)"
        " insert into ready_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone)"
        " select campaign_id, channel, area_id, bucket, seq, contact_id, phone from d",
    )
    assert (await sync(people, campaign, tmp_path)).withdrawn == 1
    assert (await standing(people, campaign))[ANN] == WITHDRAWN


@pytest.fixture
async def five_leave(people: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    """A campaign whose next sync has to withdraw five people, two at a time."""
    monkeypatch.setattr("outdial.campaigns.lists.sync_contacts.WITHDRAWN_AT_ONCE", 2)
    await change(
        people, "insert into crm.people select 'Leaver', '+1212555020' || n from generate_series(1, 5) n"
    )
    campaign = await a_synced_campaign(people)
    await sync(people, campaign, tmp_path)
    await change(people, "delete from crm.people where name = 'Leaver'")
    return campaign


async def on_each_withdrawal(pool: Pool, statement: str) -> None:
    """Have PostgreSQL run `statement` for each contact that is being withdrawn."""
    await change(
        pool,
        "create function crm.seen() returns trigger language plpgsql"
        f" as 'begin {statement}; return new; end'",
    )
    await change(
        pool,
        "create trigger seen before update on contacts for each row"
        " when (new.failure_reason = 'withdrawn') execute function crm.seen()",
    )


def withdrawn_of(found: dict[str, tuple[str, str | None, bool]]) -> int:
    return sum(one == WITHDRAWN for one in found.values())


async def test_who_left_is_withdrawn_some_at_a_time(
    people: Pool, five_leave: Campaign, tmp_path: Path
) -> None:
    await change(people, "create table crm.withdrawals (transaction xid8)")
    await on_each_withdrawal(people, "insert into crm.withdrawals values (pg_current_xact_id())")
    summary = await sync(people, five_leave, tmp_path)
    assert summary.withdrawn == withdrawn_of(await standing(people, five_leave)) == 5
    async with people.connection() as conn:
        rows = await (
            await conn.execute("select count(*) as n from crm.withdrawals group by transaction order by 1")
        ).fetchall()
    assert [row["n"] for row in rows] == [1, 2, 2]


async def test_a_withdrawal_that_was_cut_off_is_ended_by_the_next_sync(
    people: Pool, five_leave: Campaign, tmp_path: Path
) -> None:
    await on_each_withdrawal(
        people, "assert (select count(*) from contacts where failure_reason = ''withdrawn'') < 3"
    )
    with pytest.raises(psycopg.errors.AssertFailure):
        await sync(people, five_leave, tmp_path)
    assert withdrawn_of(await standing(people, five_leave)) == 2
    await change(people, "drop trigger seen on contacts")
    assert (await sync(people, five_leave, tmp_path)).withdrawn == 3
    assert withdrawn_of(await standing(people, five_leave)) == 5


async def test_a_reading_that_a_later_one_replaced_withdraws_nobody_more(
    people: Pool, five_leave: Campaign, tmp_path: Path
) -> None:
    await on_each_withdrawal(people, "update imports set finished_at = now() where finished_at is null")
    with pytest.raises(InvalidInput, match="another process reads this campaign's source anew"):
        await sync(people, five_leave, tmp_path)
    assert withdrawn_of(await standing(people, five_leave)) == 2


async def test_contacts_from_elsewhere_are_never_withdrawn(people: Pool, tmp_path: Path) -> None:
    campaign = await a_synced_campaign(people)
    async with people.connection() as conn, conn.transaction():
        await insert_contacts(conn, campaign, [NewContact(DEE, ("America/New_York",))], NOW)
    await sync(people, campaign, tmp_path)
    assert (await standing(people, campaign))[DEE] == READY


async def test_an_empty_result_withdraws_nobody(people: Pool, tmp_path: Path) -> None:
    campaign = await a_synced_campaign(people)
    await sync(people, campaign, tmp_path)
    await change(people, "truncate crm.people")
    summary = await sync(people, campaign, tmp_path)
    assert (summary.rows, summary.withdrawn) == (0, 0)
    assert "nobody was withdrawn" in summary.notes[0]
    assert set((await standing(people, campaign)).values()) == {READY}


async def test_a_source_that_fails_in_the_middle_withdraws_nobody(people: Pool, tmp_path: Path) -> None:
    query = "select name, mobile, 1 / (gift - 3) as share from crm.people where name <> 'Bob' order by name"
    campaign = await a_synced_campaign(people, query)
    await change(people, "update crm.people set gift = 4 where name = 'Cy'")
    await sync(people, campaign, tmp_path)
    await change(people, "delete from crm.people where name = 'Ann'")
    await change(people, "update crm.people set gift = 3 where name = 'Cy'")
    with pytest.raises(InvalidInput, match=r"contactSource.query cannot be run: division by zero"):
        await sync(people, campaign, tmp_path)
    assert (await standing(people, campaign))[ANN] == READY


@pytest.mark.parametrize(
    "query",
    [
        "delete from crm.people returning *",
        "with gone as (delete from crm.people returning *) select * from gone",
        "select 1; delete from crm.people",
        "select 1; rollback; begin read write; delete from crm.people; commit",
        "select nextval('counter') from crm.people",
        "select * from crm.nothing",
        "selekt",
    ],
)
async def test_a_query_can_only_read(people: Pool, tmp_path: Path, query: str) -> None:
    await change(people, "create sequence counter")
    campaign = await a_synced_campaign(people, query)
    with pytest.raises(InvalidInput, match="query cannot be run"):
        await sync(people, campaign, tmp_path)
    async with people.connection() as conn:
        row = await (await conn.execute("select count(*) from crm.people")).fetchone()
    assert row == {"count": 4}


async def test_a_source_that_does_not_answer_is_unavailable(people: Pool, tmp_path: Path) -> None:
    campaign = await a_synced_campaign(people)
    with pytest.raises(Unavailable, match="the contact source does not answer"):
        await sync_contacts(people, campaign.id, "host=127.0.0.1 port=1 dbname=crm", NOW, tmp_path / "r.csv")


async def test_a_campaign_that_is_over_or_has_no_source_is_refused(people: Pool, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="has no contactSource"):
        await sync(people, await a_campaign(people, NOW), tmp_path)
    campaign = await a_synced_campaign(people)
    await cancel(people, campaign.id, OPERATOR, NOW)
    with pytest.raises(InvalidInput, match="takes no more contacts"):
        await sync(people, campaign, tmp_path)
