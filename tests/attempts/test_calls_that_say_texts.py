"""A call that says a text says all of it, or is not made."""

from __future__ import annotations

from outdial.attempts.begin import Begun, begin_attempt
from outdial.attempts.release import Stale
from outdial.domain.channels import LineType
from outdial.storage.contacts import NewContact, insert_contacts
from outdial.storage.pool import Pool
from tests import given
from tests.attempts.steps import NOON, a_permit, claimed, contact_row
from tests.invariants import assert_invariants


async def test_nobody_is_called_for_a_text_of_which_they_lack_a_field(pool: Pool, database_dsn: str) -> None:
    campaign = await given.a_running_campaign(
        pool, NOON, [], type="sms", fallback="landline", smsTemplate="Hi {{name}}", audioFileUrl=None
    )
    named, nameless = given.phones(2)
    people = [
        NewContact(phone, ("America/New_York",), metadata, line_type=LineType.LANDLINE)
        for phone, metadata in ((named, {"name": "Dana"}), (nameless, {}))
    ]
    async with pool.connection() as conn:
        await insert_contacts(conn, campaign, people, NOON)
    permit = await a_permit(pool)
    for task in await claimed(pool, campaign):
        answer = await begin_attempt(pool, task, permit, NOON)
        row = await contact_row(pool, task.contact_id)
        if task.phone_number == named:
            assert isinstance(answer, Begun)
        else:
            assert answer == Stale()
            assert (row["status"], row["failure_reason"]) == ("failed", "template_field_missing")
    await assert_invariants(database_dsn)
