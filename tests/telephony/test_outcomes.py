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
    together: dict[tuple[str, str | None], list[str]] = {}
    for case in cases:
        together.setdefault((case.trunk, case.caller_id), []).append(case.number)
    campaigns = [
        await a_campaign_over(stage, numbers, trunk, callerIds=[caller_id] if caller_id else [])
        for (trunk, caller_id), numbers in together.items()
    ]
    async with stage.dialer(phones):
        await stage.dispatch(*campaigns, horizon_s=20)
        await settled(stage, phones, len(cases))
        yield
    await stage.assert_sound(phones.witness)


async def test_every_call_comes_as_asterisk_was_recorded_and_is_written_down_as_what_it_is(
    stage: Stage, phones: Phones, recorded: Recorded
):
    async with called_once(stage, phones, CASES):
        rows = await stage.rows("select call_id, phone, trunk, disposition from call_records")
    calls = {(row["phone"], row["trunk"]): row for row in rows}
    wrong: list[str] = []
    for case in CASES:
        call = calls[case.number, case.trunk]
        heard = phones.witness.calls[call["call_id"]]
        wrong += recorded.disagreements(case.name, sequence_of(heard), {shape_of(event) for event in heard})
        if call["disposition"] != case.disposition:
            wrong.append(f"{case.name}: was taken for {call['disposition']}, not {case.disposition}")
    assert not wrong, "\n".join(wrong)
