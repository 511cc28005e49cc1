"""The message for an answering machine: at most one for each contact of a campaign, whatever crashes."""

from __future__ import annotations

from uuid import UUID

from outdial.storage.calls import begin_message, has_left_message
from outdial.storage.pool import Pool


async def may_leave_message(pool: Pool, contact_id: UUID) -> bool:
    """Has no machine of this contact heard the message yet, not even its beginning?"""
    async with pool.connection() as conn:
        return not await has_left_message(conn, contact_id)


async def note_message_begins(pool: Pool, call_id: str) -> bool:
    """Say that the message begins, before its first word; False where this call may not play it any more."""
    async with pool.connection() as conn, conn.transaction():
        return await begin_message(conn, call_id)
