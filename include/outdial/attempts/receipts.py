"""Receipts: what carriers tell of texts, kept, and carried over to the texts and to whom they were sent.

They come twice, in any order, about texts that are not ours, and before the carrier has answered the text
itself; whatever the order, the rows are the same in the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from outdial.domain.sms.delivery import EndedText, Receipt
from outdial.storage.blacklist import hold_list_still
from outdial.storage.pool import Connection, Pool
from outdial.storage.receipts import (
    MatchedReceipt,
    claim_waiting,
    hold_records,
    hold_waiting,
    hold_waiting_still,
    judge_texts,
    keep_receipts,
    match_receipts,
    name_parts,
)

IDS_HOLD_FOR = timedelta(days=8)
"""Networks give up on a text after a week at most; a carrier's id told of later is another text's."""

FollowUp = Callable[[Connection, Sequence[EndedText], datetime], Awaitable[None]]
"""What ends of texts mean for contacts; in the transaction that writes them, which holds the list still."""


async def apply_receipts(
    pool: Pool, receipts: Sequence[Receipt], now: datetime, follow_up: FollowUp
) -> list[EndedText]:
    """Keep receipts and bring the texts they are about in step; returns those that ended by them.

    When it returns they are durable. Done again with the same receipts it changes nothing but counts.
    """
    async with pool.connection() as conn:
        matched = await match_receipts(conn, receipts, now - IDS_HOLD_FOR)
    early = [one.receipt for one in matched if one.record_id is None]
    known = [one for one in matched if one.record_id is not None]
    if early:
        known += await _keep_early(pool, early, now)
    return await _apply(pool, known, now, follow_up) if known else []


async def _keep_early(pool: Pool, receipts: Sequence[Receipt], now: datetime) -> list[MatchedReceipt]:
    """Keep receipts of texts that are still unknown; returns those whose texts have become known."""
    async with pool.connection() as conn, conn.transaction():
        # No text is locked here: who holds one may be waiting for this lock.
        await hold_waiting(conn)
        matched = await match_receipts(conn, receipts, now - IDS_HOLD_FOR)
        await keep_receipts(conn, [one for one in matched if one.record_id is None], now)
    return [one for one in matched if one.record_id is not None]


async def _apply(
    pool: Pool, matched: Sequence[MatchedReceipt], now: datetime, follow_up: FollowUp
) -> list[EndedText]:
    record_ids = {one.record_id for one in matched if one.record_id is not None}
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        await hold_records(conn, record_ids)
        await keep_receipts(conn, matched, now)
        await name_parts(conn, matched)
        ended = await judge_texts(conn, record_ids)
        await follow_up(conn, ended, now)
    return ended


async def apply_waiting_receipts(conn: Connection, record_ids: Collection[UUID]) -> list[EndedText]:
    """Give texts the receipts that came before their carrier's answer; returns those that ended by them.

    To be called in the transaction that writes the answer down, after the state and the ids of the parts.
    """
    await hold_waiting_still(conn)
    await claim_waiting(conn, record_ids)
    return await judge_texts(conn, record_ids)
