"""Every outcome of a call, on whichever telephony side: what the dialer writes down and what it was told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.dialer.stage import Stage
from tests.telephony.calling import a_campaign_over, settled
from tests.telephony.cases import CASES, Case
from tests.telephony.recorded import Recorded
from tests.telephony.sequences import sequence_of, shape_of
from tests.telephony.sides import Phones

pytestmark = pytest.mark.timeout(120)


@asynccontextmanager
async def called_once(stage: Stage, phones: Phones, cases: Sequence[Case]) -> AsyncIterator[None]:
    """Everybody has been called, once, and every call has ended."""
    trunks = dict.fromkeys(case.trunk for case in cases)
    campaigns = [
        await a_campaign_over(stage, [case.number for case in cases if case.trunk == trunk], trunk)
        for trunk in trunks
    ]
    async with stage.dialer(phones):
        await stage.dispatch(*campaigns, horizon_s=20)
        await settled(stage, phones, len(cases))
        yield
    await stage.assert_sound(phones.witness)


async def test_every_outcome_of_a_call_is_written_down_as_what_it_is(stage: Stage, phones: Phones):
    async with called_once(stage, phones, CASES):
        rows = await stage.rows("select phone, trunk, disposition from call_records")
    found = {(row["phone"], row["trunk"]): row["disposition"] for row in rows}
    wrong = {
        case.name: (found.get((case.number, case.trunk)), "instead of", case.disposition)
        for case in CASES
        if found.get((case.number, case.trunk)) != case.disposition
    }
    assert wrong == {}


async def test_asterisk_and_the_simulator_send_the_same_events(
    stage: Stage, phones: Phones, recorded: Recorded
):
    async with called_once(stage, phones, CASES):
        rows = await stage.rows("select call_id, phone, trunk from call_records")
    call_ids = {(row["phone"], row["trunk"]): row["call_id"] for row in rows}
    wrong: list[str] = []
    for case in CASES:
        heard = phones.witness.calls[call_ids[case.number, case.trunk]]
        wrong += recorded.disagreements(case.name, sequence_of(heard), {shape_of(event) for event in heard})
    assert not wrong, "\n".join(["not as Asterisk 22 was recorded:", *wrong])
