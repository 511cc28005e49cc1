"""Give up a dial task without an attempt: one that cannot be handled at all."""

from __future__ import annotations

from outdial.domain.dial_task import DialTask
from outdial.storage.blacklist import hold_list_still
from outdial.storage.calls import close_contact, take_claim
from outdial.storage.pool import Pool


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
