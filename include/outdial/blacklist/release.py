"""Puts away the dial task of a contact that seems to be listed, where PostgreSQL says that it is."""

from __future__ import annotations

from datetime import datetime

from outdial.domain.dial_task import DialTask
from outdial.storage.blacklist import hold_list_still, read_listed_until
from outdial.storage.calls import close_contact, make_wait, take_claim
from outdial.storage.pool import Pool


async def release_listed(pool: Pool, task: DialTask, now: datetime) -> bool:
    """Mark the task's contact, or make it wait for its listing's end. False where it is not listed.

    True too where the claim does not stand any more: either way the message has served its purpose.
    """
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        listed, until = await read_listed_until(conn, task.phone_number, task.campaign_id, now)
        if not listed:
            return False
        claim = await take_claim(conn, task.contact_id, task.claim_id)
        if claim is not None and until is None:
            await close_contact(conn, claim.contact_id, "blacklisted", None)
        elif claim is not None and until is not None:
            await make_wait(conn, claim, until)
    return True
