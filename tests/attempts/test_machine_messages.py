"""A machine hears a campaign's message once, whatever becomes of the calls and of the dialer."""

from __future__ import annotations

import pytest

from outdial.attempts.begin import Begun, begin_attempt
from outdial.attempts.machine_messages import may_leave_message, note_message_begins
from outdial.attempts.recover import settle_as_unknown
from outdial.attempts.settle import CallOutcome, settle
from outdial.domain.answering_machines import MachineMessage
from outdial.domain.dispositions import Disposition
from outdial.storage.pool import Pool
from tests import given
from tests.attempts.steps import NOON, a_permit, claimed


async def begun(pool: Pool) -> Begun:
    """A call that has begun."""
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1))
    (task,) = await claimed(pool, campaign)
    answer = await begin_attempt(pool, task, await a_permit(pool), NOON)
    assert isinstance(answer, Begun)
    return answer


def met_machine(call: Begun, message: MachineMessage | None) -> CallOutcome:
    return CallOutcome(
        call.call_id, Disposition.MACHINE, NOON, detected="MACHINE LONGGREETING", machine_message=message
    )


async def recorded(pool: Pool, call: Begun) -> tuple[str, str | None]:
    async with pool.connection() as conn:
        query = "select disposition, machine_message from call_records where call_id = %s"
        row = await (await conn.execute(query, [call.call_id])).fetchone()
    return row["disposition"], row["machine_message"]


@pytest.mark.parametrize(
    ("message", "may_be_left_again"),
    [
        (None, True),
        (MachineMessage.UNPLAYED, True),
        (MachineMessage.CUT, False),
        (MachineMessage.LEFT, False),
    ],
)
async def test_what_a_machine_has_heard_of_it_is_not_said_again(
    pool: Pool, message: MachineMessage | None, may_be_left_again: bool
):
    call = await begun(pool)
    assert await may_leave_message(pool, call.key.contact_id)
    await settle(pool, [met_machine(call, message)])
    assert await recorded(pool, call) == ("machine", message)
    assert await may_leave_message(pool, call.key.contact_id) is may_be_left_again


async def test_a_message_in_which_the_dialer_died_is_not_left_again(pool: Pool):
    call = await begun(pool)
    assert await note_message_begins(pool, call.call_id)
    await settle_as_unknown(pool, [call.call_id], NOON, "its dialer is gone")
    assert await recorded(pool, call) == ("unknown", "begun")
    assert not await may_leave_message(pool, call.key.contact_id)


async def test_a_message_begins_once_and_not_after_its_call(pool: Pool):
    call = await begun(pool)
    assert [await note_message_begins(pool, call.call_id) for _ in range(2)] == [True, False]
    await settle(pool, [met_machine(call, MachineMessage.LEFT)])
    assert not await note_message_begins(pool, call.call_id)
    assert await recorded(pool, call) == ("machine", "left")
