"""The inbox as carriers use it: receipts durable on return, many at a time, or refused."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from outdial.domain.errors import Unavailable
from outdial.domain.sms.delivery import Receipt, ReceiptState
from outdial.sms.inbox import StoredInbox, open_inbox
from outdial.sms.replies import Outside
from outdial.storage.pool import Pool
from tests.blacklist.standing import rows
from tests.sms.inbox.texts import NOON, a_receipt, a_text, nothing_follows, text_row

STATES = "select state, count(*) as n from sms_records group by state"


@pytest.fixture
async def inbox(pool: Pool) -> AsyncIterator[StoredInbox]:
    async with open_inbox(Outside(pool), lambda: NOON, nothing_follows) as opened:
        yield opened


async def take(inbox: StoredInbox, *receipts: Receipt) -> None:
    await inbox.take_receipts(receipts)


async def test_a_receipt_is_written_when_it_is_acknowledged(inbox: StoredInbox, pool: Pool):
    text = await a_text(pool, ["1"])
    await take(inbox, a_receipt("1", said="id:1 text:\0Hello \ud83d"))
    assert (await text_row(pool, text))["state"] == "delivered"


async def test_receipts_that_come_at_once_from_many_are_none_lost_and_none_counted_twice(
    inbox: StoredInbox, pool: Pool
):
    for n in range(60):
        await a_text(pool, [f"{n}a", f"{n}b"])
    told = [a_receipt(f"{n}{part}", state) for n in range(60) for part in "ab" for state in ReceiptState] * 2
    random.Random(5).shuffle(told)
    async with asyncio.TaskGroup() as group:
        for start in range(0, len(told), 3):
            group.create_task(take(inbox, *told[start : start + 3]))
    assert await rows(pool, STATES) == [{"state": "delivered", "n": 60}]
    assert await rows(pool, "select count(*) as n, sum(times)::int as times from sms_receipts") == [
        {"n": 360, "times": 720}
    ]


async def test_what_two_gateways_are_told_of_the_same_texts_at_once_does_not_lock_them_up(pool: Pool):
    for n in range(40):
        await a_text(pool, [f"{n}"])
    told = [a_receipt(f"{n}") for n in range(40)]
    async with (
        open_inbox(Outside(pool), lambda: NOON, nothing_follows) as one,
        open_inbox(Outside(pool), lambda: NOON, nothing_follows) as two,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(5):
            group.create_task(take(one, *told))
            group.create_task(take(two, *reversed(told)))
    assert await rows(pool, STATES) == [{"state": "delivered", "n": 40}]
    assert await rows(pool, "select distinct times from sms_receipts") == [{"times": 10}]


async def test_what_cannot_be_kept_is_refused_and_holds_up_nothing_else(inbox: StoredInbox, pool: Pool):
    text = await a_text(pool, ["1"])
    async with pool.connection() as conn:
        await conn.execute("alter table sms_receipts add constraint no_poison check (message_id <> 'poison')")
    good = asyncio.create_task(take(inbox, a_receipt("1")))
    with pytest.raises(Unavailable):
        await take(inbox, a_receipt("poison"))
    await good
    assert (await text_row(pool, text))["state"] == "delivered"
    await take(inbox, a_receipt("2"))


async def test_a_gateway_that_stops_refuses_what_it_has_not_written(pool: Pool):
    async with open_inbox(Outside(pool), lambda: NOON, nothing_follows) as inbox:
        taking = asyncio.create_task(take(inbox, a_receipt("1")))
        await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="stopping"):
        await taking
