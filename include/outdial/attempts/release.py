"""What becomes of a claim that does not begin: put back uncounted, closed, or parked with its task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outdial.domain.dial_task import DialTask
from outdial.domain.permission import Refusal, Refused
from outdial.storage.blacklist import hold_list_still
from outdial.storage.calls import TakenClaim, close_contact, make_ready, make_wait, take_claim
from outdial.storage.pool import Connection, Pool


@dataclass(frozen=True)
class Stale:
    """The task's claim does not stand any more: another copy was handled, or it came too late."""


@dataclass(frozen=True)
class Released:
    """The contact was put back uncounted, or closed; `due_at` is when it may be claimed again."""

    reason: Refusal
    due_at: datetime | None


async def park_contact(pool: Pool, task: DialTask) -> bool:
    """Mark the contact of a dead-lettered task `failed` until the task is replayed.

    False where the claim does not stand any more: another copy of the task was handled.
    """
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        claim = await take_claim(conn, task.contact_id, task.claim_id)
        if claim is not None:
            await close_contact(conn, claim.contact_id, "failed", "dead_letter")
    return claim is not None


async def release_claim(conn: Connection, claim: TakenClaim, refused: Refused) -> Released:
    """Put a claim's contact back as the refusal has it, or close it where nothing can come of it."""
    if refused.reason is Refusal.LISTED and refused.due_at is None:
        await close_contact(conn, claim.contact_id, "blacklisted", None)
    elif refused.reason in {Refusal.ATTEMPTS_EXHAUSTED, Refusal.NO_CALLER_ID}:
        await close_contact(conn, claim.contact_id, "failed", refused.reason.value)
    elif refused.due_at is None:
        await make_ready(conn, claim)
    else:
        await make_wait(conn, claim, refused.due_at)
    return Released(refused.reason, refused.due_at)
