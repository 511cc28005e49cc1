"""Receipts: none lost and none counted twice, whatever their order, and what they make of texts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings, strategies as st

from outdial.attempts.receipts import apply_receipts, apply_waiting_receipts
from outdial.attempts.settle_texts import TextOutcome, settle_texts
from outdial.domain.sms.delivery import EndedText, Receipt, ReceiptState, TextFailure, TextState
from outdial.storage.pool import Connection, Pool, open_pool
from tests.blacklist.standing import rows
from tests.sms.inbox.texts import (
    NOON,
    a_receipt,
    a_text,
    nothing_follows,
    text_row,
    until_somebody_waits,
    write_parts,
)

LATER = NOON + timedelta(minutes=5)
ENROUTE, FAILED, DELIVERED = ReceiptState


async def told(pool: Pool, *receipts: Receipt, now: datetime = LATER) -> list[EndedText]:
    return await apply_receipts(pool, receipts, now, nothing_follows)


async def state_of(pool: Pool, record_id: UUID) -> str:
    return (await text_row(pool, record_id))["state"]


async def test_a_text_is_delivered_when_its_last_part_is(pool: Pool):
    text = await a_text(pool, ["1", "2"])
    at = [NOON + timedelta(seconds=s) for s in (30, 20)]
    assert await told(pool, a_receipt("1", reported_at=at[0])) == []
    assert await state_of(pool, text) == "sent"
    assert await told(pool, a_receipt("2", reported_at=at[1])) == [
        EndedText(text, TextState.DELIVERED, None, at[0])
    ]
    row = await text_row(pool, text)
    assert (row["state"], row["delivered_at"], row["ended_at"]) == ("delivered", at[0], at[0])


async def test_a_text_is_undelivered_when_a_part_failed_for_the_reason_that_says_most(pool: Pool):
    text = await a_text(pool, ["1", "2"])
    ended = await told(
        pool,
        a_receipt("1"),
        a_receipt("2", FAILED, failure=TextFailure.OTHER, said=""),
        a_receipt("2", FAILED, failure=TextFailure.LANDLINE, said="UNDELIV 004"),
    )
    assert ended == [EndedText(text, TextState.UNDELIVERED, TextFailure.LANDLINE, LATER)]
    row = await text_row(pool, text)
    assert (row["failure"], row["carrier_said"], row["delivered_at"]) == ("landline", "UNDELIV 004", None)


async def test_a_receipt_that_comes_again_counts_and_changes_nothing(pool: Pool):
    text = await a_text(pool, ["1"])
    first = a_receipt("1", reported_at=NOON + timedelta(seconds=9))
    assert len(await told(pool, first)) == 1
    before = await text_row(pool, text)
    assert await told(pool, first, first, now=LATER + timedelta(hours=1)) == []
    assert await text_row(pool, text) == before
    assert [row["times"] for row in await rows(pool, "select times from sms_receipts")] == [3]


async def test_a_clock_of_the_carrier_that_is_wrong_ends_no_text_before_it_began_or_after_it_was_told(
    pool: Pool,
):
    early, late = await a_text(pool, ["1"]), await a_text(pool, ["2"])
    hours = timedelta(hours=7)
    await told(pool, a_receipt("1", reported_at=NOON - hours), a_receipt("2", reported_at=NOON + hours))
    assert [(await text_row(pool, text))["ended_at"] for text in (early, late)] == [NOON, LATER]


async def test_a_receipt_before_the_carriers_answer_is_applied_with_the_answer(pool: Pool):
    text = await a_text(pool, state="submitting", sent_at=None)
    assert await told(pool, a_receipt("1")) == []
    assert await state_of(pool, text) == "submitting"
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("update sms_records set state = 'sent', sent_at = %s", [LATER])
        await write_parts(conn, text, ["1"])
        ended = await apply_waiting_receipts(conn, [text])
    assert [one.state for one in ended] == [TextState.DELIVERED]
    assert await state_of(pool, text) == "delivered"
    (receipt,) = await rows(pool, "select record_id, times from sms_receipts")
    assert receipt == {"record_id": text, "times": 1}


async def test_a_receipt_and_the_carriers_answer_at_the_same_moment_do_not_miss_each_other(pool: Pool):
    text = await a_text(pool, state="submitting", sent_at=None)
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("update sms_records set state = 'sent', sent_at = %s", [LATER])
        await write_parts(conn, text, ["1"])
        assert await apply_waiting_receipts(conn, [text]) == []
        # The answer is written and not committed: to everybody else the receipt's text is unknown.
        telling = asyncio.create_task(told(pool, a_receipt("1")))
        await until_somebody_waits(conn)
    assert [one.state for one in await telling] == [TextState.DELIVERED]
    assert await state_of(pool, text) == "delivered"


async def test_receipts_of_texts_that_are_not_ours_are_kept_and_change_nothing(pool: Pool):
    text = await a_text(pool, ["1"])
    assert await told(pool, a_receipt("77"), a_receipt("77"), a_receipt("1", carrier="http")) == []
    assert await state_of(pool, text) == "sent"
    kept = await rows(pool, "select message_id, times, record_id from sms_receipts order by times desc")
    assert [tuple(row.values()) for row in kept] == [("77", 2, None), ("1", 1, None)]


async def test_an_id_the_carrier_gives_again_is_the_latest_texts(pool: Pool):
    old = await a_text(pool, ["1"], begun_at=NOON - timedelta(hours=3))
    assert len(await told(pool, a_receipt("1"), now=NOON)) == 1
    new = await a_text(pool, ["1"])
    assert [one.record_id for one in await told(pool, a_receipt("1", FAILED))] == [new]
    assert [await state_of(pool, text) for text in (old, new)] == ["delivered", "undelivered"]
    assert [one.record_id for one in await told(pool, a_receipt("1"))] == [new]


async def test_a_receipt_of_long_ago_is_not_taken_for_one_of_a_text_with_the_same_id(pool: Pool):
    await told(pool, a_receipt("1"), now=NOON - timedelta(days=1))
    text = await a_text(pool, ["1"])
    async with pool.connection() as conn, conn.transaction():
        assert await apply_waiting_receipts(conn, [text]) == []
    assert await state_of(pool, text) == "sent"


@pytest.mark.parametrize(
    ("receipt", "becomes"), [(ENROUTE, "sent"), (FAILED, "undelivered"), (DELIVERED, "delivered")]
)
async def test_a_receipt_that_names_an_unknown_text_tells_what_became_of_it(
    pool: Pool, receipt: ReceiptState, becomes: str
):
    text = await a_text(pool, state="unknown", sent_at=None, parts=3)
    await told(pool, a_receipt("x", receipt, reference=text.hex))
    assert await state_of(pool, text) == becomes
    await told(pool, a_receipt("y", reference=uuid4().hex), a_receipt("z", reference="no reference of ours"))
    assert await state_of(pool, text) == becomes


async def test_an_unknown_text_of_which_one_part_arrived_stays_unknown(pool: Pool):
    text = await a_text(pool, ["1"], state="unknown", sent_at=None, parts=3)
    assert await told(pool, a_receipt("1")) == []
    assert await state_of(pool, text) == "unknown"


async def test_a_receipt_leaves_a_text_to_the_gateway_that_is_asking(pool: Pool):
    text = await a_text(pool, state="submitting", sent_at=None)
    assert await told(pool, a_receipt("1", reference=text.hex)) == []
    assert await state_of(pool, text) == "submitting"
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("update sms_records set state = 'sent', sent_at = %s", [LATER])
        await write_parts(conn, text, ["1"])
        assert [one.state for one in await apply_waiting_receipts(conn, [text])] == [TextState.DELIVERED]


async def test_an_early_receipt_that_names_a_text_speaks_for_one_part_once_all_are_known(pool: Pool):
    text = await a_text(pool, state="submitting", sent_at=None, parts=3)
    await told(pool, a_receipt("x", reference=text.hex))
    sent = TextOutcome(text, TextState.SENT, LATER, message_ids=("x", "y", "z"))
    await settle_texts(pool, [sent], LATER)
    assert await state_of(pool, text) == "sent"
    await told(pool, a_receipt("y"))
    assert await state_of(pool, text) == "sent"
    assert len(await told(pool, a_receipt("z"))) == 1


async def test_what_follows_from_a_receipt_is_written_with_it_or_neither_is(pool: Pool):
    async def fails(_conn: Connection, ended: Sequence[EndedText], _now: datetime) -> None:
        raise OSError(len(ended))

    text = await a_text(pool, ["1"])
    with pytest.raises(OSError, match="1"):
        await apply_receipts(pool, [a_receipt("1")], LATER, fails)
    assert await state_of(pool, text) == "sent"
    assert await rows(pool, "select 1 from sms_receipts") == []


IDS = {"whole": ["a1"], "two": ["b1", "b2"], "unsure": ["c1"]}
_RECEIPTS = st.builds(
    a_receipt,
    st.sampled_from(["a1", "b1", "b2", "c1", "stranger"]),
    st.sampled_from(list(ReceiptState)),
    failure=st.sampled_from([None, TextFailure.OTHER, TextFailure.LANDLINE, TextFailure.UNREACHABLE]),
    said=st.sampled_from(["", "000", "001"]),
    reported_at=st.integers(0, 4).map(lambda s: NOON + timedelta(seconds=s)),
)


def expected(message_ids: Sequence[str], receipts: Sequence[Receipt], name: str) -> str:
    """What a text is by all receipts that ever came, whatever their order."""
    weights = {
        part: max(
            (list(ReceiptState).index(one.state) for one in receipts if one.message_id == part), default=0
        )
        for part in message_ids
    }
    if 1 in weights.values():
        return "undelivered"
    if name == "unsure":
        return "unknown"
    return "delivered" if set(weights.values()) == {2} else "sent"


async def _outcome(pool: Pool, batches: Sequence[Sequence[Receipt]]) -> tuple[list[Any], list[Any]]:
    """The rows that these receipts make of fresh texts, but for the ids of the texts."""
    run = f"{uuid4().hex}-"
    batches = [[replace(one, message_id=run + one.message_id) for one in batch] for batch in batches]
    everything = [one for batch in batches for one in batch]
    states = {}
    for name, parts in IDS.items():
        unsure = {"state": "unknown", "sent_at": None, "parts": 2} if name == "unsure" else {}
        ids = [run + part for part in parts]
        text = await a_text(pool, ids, **unsure)
        states[text] = expected(ids, everything, name)
    for batch in batches:
        await told(pool, *batch)
    found = [await text_row(pool, text) for text in states]
    assert [row["state"] for row in found] == list(states.values())
    kept = await rows(pool, _KEPT, run, f"{run}%")
    columns = ("state", "failure", "carrier_said", "delivered_at", "ended_at")
    return [[row[column] for column in columns] for row in found], kept


_KEPT = """
    select replace(message_id, %s, '') as id, state, failure, said, reported_at, received_at, times,
           record_id is null as is_unmatched
    from sms_receipts where message_id like %s order by 1, 2
"""


def test_receipts_in_any_order_and_in_any_batches_give_the_same_rows(database_dsn: str):
    @settings(max_examples=40, deadline=None)
    @given(receipts=st.lists(_RECEIPTS, min_size=1, max_size=9), data=st.data())
    def compare(receipts: list[Receipt], data: st.DataObject) -> None:
        shuffled = data.draw(st.permutations(receipts))
        cut = data.draw(st.integers(0, len(receipts)))

        async def both() -> None:
            async with open_pool(database_dsn, 2) as pool:
                halves = [half for half in (shuffled[:cut], shuffled[cut:]) if half]
                assert await _outcome(pool, halves) == await _outcome(pool, [[one] for one in receipts])

        runner.run(both())

    with asyncio.Runner() as runner:
        compare()
