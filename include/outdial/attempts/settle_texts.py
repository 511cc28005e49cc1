"""Settle texts: what the carrier answered, what receipts said since, and what follows for the contact."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from outdial.attempts.receipts import apply_waiting_receipts
from outdial.domain.campaign import CampaignConfig, reach_of
from outdial.domain.channels import Channel, PassedOn, Reach
from outdial.domain.retries import Completed, GivenUp, RetryAt
from outdial.domain.sms.delivery import EndedText, TextFailure, TextState
from outdial.domain.sms.settings import SmsSettings
from outdial.domain.text_follow_up import TextEnd, backoff, what_follows_text
from outdial.storage.blacklist import hold_list_still
from outdial.storage.pool import Connection, Pool
from outdial.storage.texts import (
    await_receipts,
    find_overdue_texts,
    gateways_at_work,
    hold_texts,
    is_gateway_alive,
    lock_live_texts,
    mark_left_texts,
    read_receipt_waits,
    texts_at_work_on,
    write_follow_ups,
    write_text_outcomes,
)


@dataclass(frozen=True)
class TextOutcome:
    """What the carrier answered: `sent`, `not_taken`, `refused` or `unknown`, and its ids of the parts."""

    record_id: UUID
    state: TextState
    at: datetime
    failure: TextFailure | None = None
    said: str = ""
    message_ids: tuple[str, ...] = ()
    retry_after_s: float | None = None
    receipts_come: bool = True


async def settle_texts(pool: Pool, outcomes: Sequence[TextOutcome], now: datetime) -> None:
    """Write what the carrier answered; once for each text, the rest being told already."""
    by_record = {outcome.record_id: outcome for outcome in outcomes}
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        await hold_texts(conn, by_record)
        await write_text_outcomes(conn, [_written(outcome) for outcome in outcomes])
        told = {one.record_id: one for one in await apply_waiting_receipts(conn, list(by_record))}
        await _await_receipts(conn, [one for one in outcomes if one.record_id not in told], now)
        ends = {one.record_id: _end_of(one) for one in outcomes if _is_over(one)}
        ends |= {record_id: TextEnd(one.state, one.failure, now) for record_id, one in told.items()}
        await _follow_up(conn, ends, now)


async def follow_up_texts(conn: Connection, ended: Sequence[EndedText], now: datetime) -> None:
    """What receipts mean for contacts; in the transaction that keeps them, which holds the list still."""
    await _follow_up(conn, {one.record_id: TextEnd(one.state, one.failure, now) for one in ended}, now)


async def settle_overdue_texts(pool: Pool, now: datetime, limit: int) -> int:
    """Let contacts be done whose texts the carrier took and of which no receipt came in time; how many."""
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        rows = await find_overdue_texts(conn, now, limit)
        await _follow_up(conn, {row["record_id"]: _told(row, now) for row in rows}, now)
    return len(rows)


async def recover_texts(pool: Pool, now: datetime) -> int:
    """End as `unknown` what gateways left that died before they wrote down the answer; returns how many.

    Their contacts are not texted again: the carrier may have the text.
    """
    async with pool.connection() as conn:
        gateways = await gateways_at_work(conn)
    return sum([await _recover(pool, gateway_id, now) for gateway_id in gateways])


async def end_lost_texts(pool: Pool, record_ids: Collection[UUID], now: datetime) -> int:
    """End as `unknown` texts that a living gateway has lost sight of; returns how many."""
    async with pool.connection() as conn, conn.transaction():
        return await _end_as_unknown(conn, record_ids, now)


async def _recover(pool: Pool, gateway_id: UUID, now: datetime) -> int:
    async with pool.connection() as conn, conn.transaction():
        if await is_gateway_alive(conn, gateway_id):
            return 0
        return await _end_as_unknown(conn, await texts_at_work_on(conn, gateway_id), now)


async def _end_as_unknown(conn: Connection, record_ids: Collection[UUID], now: datetime) -> int:
    if not record_ids:
        return 0
    await hold_list_still(conn)
    await hold_texts(conn, record_ids)
    left = await mark_left_texts(conn, record_ids, now)
    # A receipt may have come before anybody said that the carrier was asked.
    told = {one.record_id: one for one in await apply_waiting_receipts(conn, left)}
    ends = {one: TextEnd(TextState.UNKNOWN, None, now) for one in left}
    ends |= {record_id: TextEnd(one.state, one.failure, now) for record_id, one in told.items()}
    await _follow_up(conn, ends, now)
    return len(left)


async def _await_receipts(conn: Connection, outcomes: Sequence[TextOutcome], now: datetime) -> None:
    """The contacts of texts that were taken wait for receipts, those without any for no time at all."""
    sent = {one.record_id: one for one in outcomes if one.state is TextState.SENT}
    if not sent:
        return
    usual = SmsSettings().receipt_wait_seconds
    waits = await read_receipt_waits(conn, sent)
    seconds = {
        record_id: (usual if wait is None else wait) if sent[record_id].receipts_come else 0.0
        for record_id, wait in waits.items()
    }
    await await_receipts(conn, seconds, now)


async def _follow_up(conn: Connection, ends: Mapping[UUID, TextEnd], now: datetime) -> None:
    if not ends:
        return
    rows = await lock_live_texts(conn, list(ends), now)
    if not rows:
        return
    reaches = {
        row["campaign_id"]: reach_of(row["type"], CampaignConfig.model_validate(row["config"]))
        for row in {row["campaign_id"]: row for row in rows}.values()
    }
    after = [_contact_after(row, ends[row["record_id"]], reaches[row["campaign_id"]]) for row in rows]
    await write_follow_ups(conn, after)


def _contact_after(row: DictRow, end: TextEnd, reach: Reach) -> dict[str, Any]:
    counted = TextEnd(end.state, end.failure, end.ended_at, row["not_taken"], end.retry_after_s)
    follow_up = what_follows_text(counted, reach)
    status, reason, due_at, channel = _place_of(follow_up, row)
    return {
        "record_id": str(row["record_id"]),
        "state": end.state,
        "status": status,
        "failure_reason": reason,
        "channel": channel,
        "due_at": None if due_at is None else due_at.isoformat(),
    }


def _place_of(
    follow_up: Completed | RetryAt | GivenUp | PassedOn, row: DictRow
) -> tuple[str, str | None, datetime | None, Channel]:
    """Status, reason, due time and channel; who is listed is not tried again, or not before that ends."""
    channel = follow_up.channel if isinstance(follow_up, PassedOn) else Channel.SMS
    match follow_up:
        case Completed():
            return "completed", None, None, channel
        case GivenUp(reason):
            return "failed", reason, None, channel
        case RetryAt() | PassedOn() if row["listed"] and row["listed_until"] is None:
            return "blacklisted", None, None, channel
        case RetryAt() | PassedOn():
            due_at = max(at for at in (follow_up.due_at, row["listed_until"]) if at is not None)
            return "failed", None, due_at, channel


def _is_over(outcome: TextOutcome) -> bool:
    return outcome.state is not TextState.SENT


def _end_of(outcome: TextOutcome) -> TextEnd:
    return TextEnd(outcome.state, outcome.failure, outcome.at, retry_after_s=outcome.retry_after_s)


def _told(row: DictRow, now: datetime) -> TextEnd:
    return TextEnd(TextState(row["state"]), row["failure"] and TextFailure(row["failure"]), now)


def _written(outcome: TextOutcome) -> dict[str, Any]:
    due_at = outcome.at + backoff(1, outcome.retry_after_s)
    return {
        "record_id": str(outcome.record_id),
        "state": outcome.state,
        "failure": outcome.failure,
        "said": outcome.said,
        "at": outcome.at.isoformat(),
        "due_at": due_at.isoformat(),
        "message_ids": list(outcome.message_ids),
    }
