"""Begin attempt: the second asking of every rule, and the record that makes an originate the only one.

One transaction. After it commits the SQS message is deleted and the originate written at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from outdial.attempts.line import Line, find_line, take_caller_id, trunk_of
from outdial.attempts.person_facts import person_facts_of
from outdial.attempts.release import Released, Stale, release_claim
from outdial.domain.call_ids import CallKey
from outdial.domain.dial_task import DialTask
from outdial.domain.ivr.default import lacks_words
from outdial.domain.permission import NUMBER_BUSY_DELAY, AttemptFacts, Refusal, Refused, may_begin
from outdial.storage.blacklist import hold_list_still
from outdial.storage.calls import (
    TakenClaim,
    close_contact,
    insert_attempt,
    read_facts,
    take_claim_and_line,
)
from outdial.storage.campaigns import Campaign, lock_campaign
from outdial.storage.pool import Connection, Pool

DIALER_SILENT_AFTER = timedelta(seconds=10)
"""A dialer whose own heartbeat is older was frozen; its calls may be on their way to being taken over."""

CALLER_ID_TRIES = 5
CALLER_ID_RACE_DELAY = timedelta(seconds=1)
"""When other campaigns have taken each caller id chosen before it was written down."""


@dataclass(frozen=True)
class Permit:
    """What the dialer brings: who it is, its slot's trunk and epoch, when it used each caller id last."""

    dialer_id: UUID
    trunk: str
    pace_epoch: int
    caller_ids_used: Mapping[str, datetime] = field(default_factory=dict[str, datetime])


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


async def begin_attempt(
    pool: Pool, task: DialTask, permit: Permit, now: datetime
) -> Begun | Stale | Released:
    """Take the task's claim and either record the attempt or release the contact.

    Nobody is called to hear nothing: who lacks a field of the text that is said is closed.
    Whatever the answer, the message has served its purpose and is to be deleted.
    """
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        # The campaign's row serialises its begins: calls in progress are counted exactly.
        campaign = await lock_campaign(conn, task.campaign_id)
        trunk = trunk_of(campaign.config, permit.trunk)
        # Other campaigns may be about to call this number too, or over this trunk: calls are counted one
        # begin at a time.
        claim = await take_claim_and_line(
            conn, task.contact_id, task.claim_id, trunk.name, is_counted=trunk.channels is not None
        )
        if claim is None:
            return Stale()
        allowed = await _ask(conn, campaign, claim, permit, now)
        if isinstance(allowed, Refused):
            return await release_claim(conn, claim, allowed)
        if lacks_words(campaign.config, allowed.seen["metadata"]):
            await close_contact(conn, claim.contact_id, "failed", "template_field_missing")
            return Stale()
        begun = _begun(campaign, claim, allowed, permit, now)
        if await insert_attempt(conn, claim, _record(begun, permit)):
            return begun
        return await release_claim(conn, claim, Refused(Refusal.NUMBER_BUSY, now + NUMBER_BUSY_DELAY))


@dataclass(frozen=True)
class _Allowed:
    """What the transaction saw of the contact, and the caller id it took."""

    seen: DictRow
    caller_id: str | None


async def _ask(
    conn: Connection, campaign: Campaign, claim: TakenClaim, permit: Permit, now: datetime
) -> _Allowed | Refused:
    """Ask every rule, and take a caller id where all allow the call."""
    seen = await _see(conn, claim, permit, now)
    config, trunk = campaign.config, trunk_of(campaign.config, permit.trunk)
    for _ in range(CALLER_ID_TRIES):
        line = await find_line(conn, config, trunk, seen["regions"], permit.caller_ids_used, now)
        verdict = may_begin(facts_of(campaign, seen, line, claim.not_after, now), now)
        if isinstance(verdict, Refused):
            return verdict
        taken, caller_id = await take_caller_id(conn, line, now)
        if taken:
            return _Allowed(seen, caller_id)
    return Refused(Refusal.CALLER_ID_SPENT, now + CALLER_ID_RACE_DELAY)


async def _see(conn: Connection, claim: TakenClaim, permit: Permit, now: datetime) -> DictRow:
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


def facts_of(
    campaign: Campaign, seen: DictRow, line: Line, not_after: datetime | None, now: datetime
) -> AttemptFacts:
    """What the gate looks at, of a contact as `storage.calls.read_facts` saw it."""
    return AttemptFacts(
        **vars(person_facts_of(campaign, seen, not_after, now)),
        attempts=seen["attempts"],
        max_attempts=seen["max_attempts"],
        number_busy=seen["number_busy"],
        live_calls=seen["live_calls"],
        max_live_calls=campaign.config.max_concurrent_calls,
        trunk_calls=line.trunk_calls,
        trunk_channels=line.trunk.channels,
        caller_ids=line.caller_ids,
        pace_is_current=seen["pace_is_current"],
        dialer_is_alive=seen["dialer_is_alive"],
    )


def _begun(campaign: Campaign, claim: TakenClaim, allowed: _Allowed, permit: Permit, now: datetime) -> Begun:
    key = CallKey(claim.campaign_id, claim.contact_id, allowed.seen["originates"] + 1)
    return Begun(
        call_id=str(key),
        key=key,
        phone=claim.phone,
        trunk=permit.trunk,
        caller_id=allowed.caller_id,
        metadata=allowed.seen["metadata"],
        begun_at=now,
        campaign=campaign,
    )


def _record(begun: Begun, permit: Permit) -> dict[str, Any]:
    return {
        "call_id": begun.call_id,
        "attempt_no": begun.key.attempt_no,
        "dialer_id": permit.dialer_id,
        "trunk": permit.trunk,
        "caller_id": begun.caller_id,
        "now": begun.begun_at,
    }
