"""Give a dial task back without an attempt: when a dialer drains, or a task cannot be handled at all."""

from __future__ import annotations

from outdial.domain.dial_task import DialTask
from outdial.storage.calls import close_contact, make_ready, take_claim
from outdial.storage.pool import Pool


async def release_claim(pool: Pool, task: DialTask) -> bool:
    """Make the task's contact ready again at once; False where the claim does not stand any more."""
    async with pool.connection() as conn, conn.transaction():
        claim = await take_claim(conn, task.contact_id, task.claim_id)
        if claim is not None:
            await make_ready(conn, claim)
    return claim is not None


async def park_contact(pool: Pool, task: DialTask) -> bool:
    """Mark the contact of a dead-lettered task `failed` until the task is replayed.

    False where the claim does not stand any more: another copy of the task was handled.
    """
    async with pool.connection() as conn, conn.transaction():
        claim = await take_claim(conn, task.contact_id, task.claim_id)
        if claim is not None:
            await close_contact(conn, claim.contact_id, "failed", "dead_letter")
    return claim is not None
