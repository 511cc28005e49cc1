"""Begin attempt: the second asking of every rule, and the record that makes an originate the only one.

One transaction. After it commits the SQS message is deleted and the originate written at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.rows import DictRow

from outdial.domain.call_ids import CallKey
from outdial.domain.calling_rules import caps_for, timetables_for
from outdial.domain.dial_task import DialTask
from outdial.domain.permission import NUMBER_BUSY_DELAY, AttemptFacts, Refusal, Refused, may_begin
from outdial.storage.blacklist import hold_list_still
from outdial.storage.calls import (
    TakenClaim,
    close_contact,
    hold_number,
    insert_attempt,
    make_ready,
    make_wait,
    read_facts,
    take_claim,
)
from outdial.storage.campaigns import Campaign, lock_campaign
from outdial.storage.pool import Connection, Pool

DIALER_SILENT_AFTER = timedelta(seconds=10)
"""A dialer whose own heartbeat is older was frozen; its calls may be on their way to being taken over."""


@dataclass(frozen=True)
class Permit:
    """What the dialer brings: who it is, how it would call, and the epoch of its pace slot."""

    dialer_id: UUID
    trunk: str
    caller_id: str | None
    pace_epoch: int


@dataclass(frozen=True)
class Begun:
    """The attempt is recorded: originate now, under `call_id` as ChannelId."""

    call_id: str
    key: CallKey
    phone: str
    trunk: str
    caller_id: str | None
    metadata: dict[str, Any]
    begun_at: datetime
    campaign: Campaign


@dataclass(frozen=True)
class Stale:
    """The task's claim does not stand any more: another copy was handled, or it came too late."""


@dataclass(frozen=True)
class Released:
    """The contact was put back uncounted, or closed; `due_at` is when it may be claimed again."""

    reason: Refusal
    due_at: datetime | None


async def begin_attempt(
    pool: Pool, task: DialTask, permit: Permit, now: datetime
) -> Begun | Stale | Released:
    """Take the task's claim and either record the attempt or release the contact.

    Whatever the answer, the message has served its purpose and is to be deleted.
    """
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        # The campaign's row serialises its begins: calls in progress are counted exactly.
        campaign = await lock_campaign(conn, task.campaign_id)
        claim = await take_claim(conn, task.contact_id, task.claim_id)
        if claim is None:
            return Stale()
        seen = await _see(conn, claim, permit, now)
        verdict = may_begin(facts_of(campaign, seen, claim.not_after, now), now)
        if isinstance(verdict, Refused):
            return await _release(conn, claim, verdict)
        begun = _begun(campaign, claim, seen, permit, now)
        if await insert_attempt(conn, claim, _record(begun, permit)):
            return begun
        return await _release(conn, claim, Refused(Refusal.NUMBER_BUSY, now + NUMBER_BUSY_DELAY))


async def _see(conn: Connection, claim: TakenClaim, permit: Permit, now: datetime) -> DictRow:
    # Other campaigns may be about to call this number too: its calls are counted one begin at a time.
    await hold_number(conn, claim.phone)
    seen = await read_facts(
        conn,
        {
            "contact_id": claim.contact_id,
            "pace_epoch": permit.pace_epoch,
            "dialer_id": permit.dialer_id,
            "alive_since": now - DIALER_SILENT_AFTER,
            "now": now,
        },
    )
    assert seen is not None  # noqa: S101 - a claim's foreign key keeps its contact
    return seen


def facts_of(campaign: Campaign, seen: DictRow, not_after: datetime | None, now: datetime) -> AttemptFacts:
    """What the gate looks at, of a contact as `storage.calls.read_facts` saw it."""
    regions = seen["regions"]
    return AttemptFacts(
        campaign_active=campaign.status == "active",
        has_lease=campaign.has_lease(now),
        start_time=campaign.start_time,
        end_time=campaign.end_time,
        registries_are_fresh=seen["registries_are_fresh"],
        timetables=timetables_for(campaign.config, regions),
        zones=[ZoneInfo(zone) for zone in seen["zones"]],
        not_after=not_after,
        listed=seen["listed"],
        listed_until=seen["listed_until"],
        caps=caps_for(campaign.config, regions),
        recent_calls=seen["recent_calls"],
        attempts=seen["attempts"],
        max_attempts=seen["max_attempts"],
        number_busy=seen["number_busy"],
        live_calls=seen["live_calls"],
        max_live_calls=campaign.config.max_concurrent_calls,
        pace_is_current=seen["pace_is_current"],
        dialer_is_alive=seen["dialer_is_alive"],
    )


def _begun(campaign: Campaign, claim: TakenClaim, seen: DictRow, permit: Permit, now: datetime) -> Begun:
    key = CallKey(claim.campaign_id, claim.contact_id, seen["originates"] + 1)
    return Begun(
        call_id=str(key),
        key=key,
        phone=claim.phone,
        trunk=permit.trunk,
        caller_id=permit.caller_id,
        metadata=seen["metadata"],
        begun_at=now,
        campaign=campaign,
    )


def _record(begun: Begun, permit: Permit) -> dict[str, Any]:
    return {
        "call_id": begun.call_id,
        "attempt_no": begun.key.attempt_no,
        "dialer_id": permit.dialer_id,
        "trunk": permit.trunk,
        "caller_id": permit.caller_id,
        "now": begun.begun_at,
    }


async def _release(conn: Connection, claim: TakenClaim, refused: Refused) -> Released:
    if refused.reason is Refusal.LISTED and refused.due_at is None:
        await close_contact(conn, claim.contact_id, "blacklisted", None)
    elif refused.reason is Refusal.ATTEMPTS_EXHAUSTED:
        await close_contact(conn, claim.contact_id, "failed", refused.reason.value)
    elif refused.due_at is None:
        await make_ready(conn, claim)
    else:
        await make_wait(conn, claim, refused.due_at)
    return Released(refused.reason, refused.due_at)
