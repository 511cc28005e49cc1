"""Imports, listings, window changes, pauses, redeliveries and kills in any order keep every rule."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis.stateful import run_state_machine_as_test

from outdial.attempts.begin import begin_attempt
from outdial.attempts.settle import settle
from outdial.blacklist.listing import list_numbers, unlist_numbers
from outdial.domain.dispositions import Disposition
from outdial.storage.blacklist import EVERYWHERE, Listing, Unlisting
from outdial.storage.pool import Pool
from tests import given
from tests.attempts.steps import NOON, a_permit, claimed, contact_row, ended
from tests.rules.depth import TIMEOUT_S, tried
from tests.rules.life import CampaignLife
from tests.rules.life_stage import Stage, write_config

pytestmark = pytest.mark.timeout(TIMEOUT_S)


def test_whatever_happens_in_a_campaigns_life_every_rule_holds(rules_stage: Stage):
    run_state_machine_as_test(lambda: CampaignLife(rules_stage), settings=tried(50, steps=40))


async def test_who_is_taken_off_a_list_waits_out_the_delay_even_where_no_window_is_left(pool: Pool):
    campaign = await given.a_running_campaign(
        pool, NOON, given.phones(1), endTime=(NOON + timedelta(hours=12)).isoformat()
    )
    (task,) = await claimed(pool, campaign)
    begun = await begin_attempt(pool, task, await a_permit(pool), NOON)
    await settle(pool, [ended(begun, Disposition.REJECTED)])
    await list_numbers(pool, [Listing(begun.phone, "said no", "phone", "ops")], NOON)
    an_hour_at_noon = {"dayOfWeek": list(range(7)), "startHour": 12, "endHour": 13}
    async with pool.connection() as conn:
        await write_config(conn, campaign.id, campaign.written_config | {"callingWindows": [an_hour_at_noon]})

    await unlist_numbers(pool, [begun.phone], EVERYWHERE, Unlisting("ops"), NOON + timedelta(minutes=10))

    assert (await contact_row(pool, begun.key.contact_id))["due_at"] == NOON + timedelta(hours=4)
