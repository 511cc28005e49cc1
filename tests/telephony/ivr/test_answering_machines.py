"""The same people and machines pick up on a real Asterisk and on the simulator, and are told apart alike."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from outdial.dialer.ivr_services import IvrServicesConfig
from outdial.domain.clock import utc_now
from outdial.simulator.network import simulated_network
from outdial.telemetry.logs import get_logger
from tests import given
from tests.dialer.stage import AT_ONCE, NEVER_AGAIN, Stage, eventually
from tests.telephony.ivr.conftest import HandsetTrunk, People
from tests.telephony.ivr.handset import Dtmf, a_handset
from tests.telephony.ivr.people import TONES
from tests.telephony.ivr.pickers_up import (
    FLOW,
    MESSAGE,
    WHERE_DOUBT_IS_A_MACHINE,
    WHERE_MACHINES_ARE_HUNG_UP_ON,
    WHERE_MESSAGES_ARE_LEFT,
    PicksUp,
    numbered,
    person_of,
    scenario_of,
)
from tests.telephony.recorded import Recorded
from tests.telephony.sequences import sequence_of, shape_of
from tests.telephony.witness import Witness, witness_of

pytestmark = pytest.mark.timeout(120)

FIRST_AUDIO_WITHIN_S = 2.0
log = get_logger(__name__)
NAMES = {hz: name for name, hz in TONES.items()}
LEAVE_MESSAGE = {
    "machine": "leave_message",
    "messageUrl": f"storage:{MESSAGE}.wav",
    "messageAfterSilenceMs": 1000,
}
HANG_UP_ON_IT = {"machine": "hang_up"}
DOUBT_IS_A_MACHINE = HANG_UP_ON_IT | {"notSure": "machine"}


@pytest.fixture
def picking_up(request: pytest.FixtureRequest, is_real: bool) -> Any:
    """Opens a side on which these pick up."""

    @asynccontextmanager
    async def open_side(cases: Mapping[str, PicksUp], dtmf: Dtmf) -> AsyncGenerator[People]:
        if is_real:
            trunk: HandsetTrunk = request.getfixturevalue("handset_trunk")
            async with a_handset(trunk.port, person_of(cases, dtmf), frozenset(NAMES)) as handset:
                yield People(trunk.asterisk.ami_port, handset)
        else:
            async with simulated_network(scenario_of(cases, dtmf)) as network:
                yield People(network.ami_port, None)

    return open_side


async def settled(stage: Stage, calls: int) -> None:
    """Wait, without keeping those busy who speak meanwhile, until so many calls are settled."""

    async def all_settled() -> bool:
        return await stage.number("select count(disposition) from call_records") == calls

    await eventually(all_settled, within_s=40, every_s=0.1)


async def called(stage: Stage, side: People, storage: Path, *whom: tuple[Any, Mapping[str, Any]]) -> None:
    """Call everybody once: numbers, and what their campaign wants done with machines."""
    now = utc_now()
    campaigns = [
        await given.a_running_campaign(
            stage.pool, now, list(numbers), ivrFlow=FLOW, audioFileUrl=None, amd=amd, name=f"Appeal {nth}",
            **NEVER_AGAIN,
        )
        for nth, (numbers, amd) in enumerate(whom)
    ]  # fmt: skip
    async with stage.dialer(side, ivr=IvrServicesConfig(storage.as_uri())):
        await stage.dispatch(*campaigns, horizon_s=20)
        await settled(stage, sum(len(numbers) for numbers, _ in whom))


async def assert_taken_for_what_they_are(
    stage: Stage, side: People, cases: Mapping[str, PicksUp]
) -> dict[str, Any]:
    rows = {row["phone"]: row for row in await stage.rows("select * from call_records")}
    found = {
        case.name: (
            row["disposition"], row["machine_message"], tuple(row["ivr_path"]), row["opted_out"],
            row["detected"].split("-")[0],
        )
        for number, case in cases.items() if (row := rows[number])
    }  # fmt: skip
    assert found == {
        case.name: (case.disposition, case.message, case.path, case.opted_out, case.detected)
        for case in cases.values()
    }
    if side.handset is not None:
        heard = {
            case.name: tuple(NAMES[prompt.hz] for prompt in side.handset.of(number).prompts)
            for number, case in cases.items()
        }
        assert heard == {case.name: case.hears for case in cases.values()}
    listed = {row["number"] for row in await stage.rows("select number from blacklist")}
    assert listed == {number for number, case in cases.items() if case.opted_out}
    return rows


def assert_persons_did_not_wait(side: People, cases: Mapping[str, PicksUp]) -> None:
    if side.handset is None:
        return
    calls = {case.name: side.handset.of(number) for number, case in cases.items()}
    waits = {
        name: call.prompts[0].at - call.answered_at
        for name, call in calls.items()
        if call.prompts and NAMES[call.prompts[0].hz] != MESSAGE
    }
    log.info("first audio", **{name: round(wait, 2) for name, wait in waits.items()})
    assert waits
    assert max(waits.values()) < FIRST_AUDIO_WITHIN_S


def disagreements(
    recorded: Recorded, witness: Witness, rows: dict[str, Any], cases: Mapping[str, PicksUp]
) -> list[str]:
    """Where calls on which nobody presses a key are not what Asterisk was recorded to send."""
    wrong: list[str] = []
    for number, case in cases.items():
        if case.at_once in {"", "hangup"} and case.later in {"", "hangup"}:
            heard = witness.calls[rows[number]["call_id"]]
            shapes = {shape_of(event) for event in heard}
            wrong += recorded.disagreements(f"picks up, {case.name}", sequence_of(heard), shapes)
    return wrong


async def test_people_are_walked_through_the_flow_and_machines_left_a_message(
    stage: Stage, picking_up: Any, storage: Path, recorded: Recorded
) -> None:
    cases = numbered(WHERE_MESSAGES_ARE_LEFT, 800)
    async with picking_up(cases, "rfc4733") as side, witness_of(side.ami_port) as witness:
        await called(stage, side, storage, (cases, LEAVE_MESSAGE))
        rows = await assert_taken_for_what_they_are(stage, side, cases)
        assert_persons_did_not_wait(side, cases)
        await eventually(lambda: not witness.live)
        wrong = disagreements(recorded, witness, rows, cases)
        assert not wrong, "\n".join(wrong)


async def test_machines_are_hung_up_on_and_doubt_is_what_the_campaign_says(
    stage: Stage, picking_up: Any, storage: Path
) -> None:
    hung_up_on = numbered(WHERE_MACHINES_ARE_HUNG_UP_ON, 820)
    doubtful = numbered(WHERE_DOUBT_IS_A_MACHINE, 830)
    async with picking_up(hung_up_on | doubtful, "info") as side:
        await called(stage, side, storage, (hung_up_on, HANG_UP_ON_IT), (doubtful, DOUBT_IS_A_MACHINE))
        await assert_taken_for_what_they_are(stage, side, hung_up_on | doubtful)


async def test_a_machine_hears_the_message_once_however_often_it_picks_up(
    stage: Stage, picking_up: Any, storage: Path
) -> None:
    cases = numbered([PicksUp("picks up again", 1.5, "MACHINE LONGGREETING", "machine", beeps=True)], 840)
    again = {"retry": {"machine": AT_ONCE | {"anotherPartOfDay": False}}, "maxAttemptsPerContact": 2}
    async with picking_up(cases, "rfc4733") as side:
        campaign = await given.a_running_campaign(
            stage.pool, utc_now(), list(cases), ivrFlow=FLOW, audioFileUrl=None, amd=LEAVE_MESSAGE, **again
        )
        async with stage.dialer(side, ivr=IvrServicesConfig(storage.as_uri())):
            for attempts in (1, 2):
                await stage.dispatch(campaign, horizon_s=20)
                await settled(stage, attempts)
        heard = None if side.handset is None else [len(one.prompts) for one in side.handset.calls.values()]
    rows = await stage.rows("select disposition, machine_message from call_records order by attempt_no")
    assert [(row["disposition"], row["machine_message"]) for row in rows] == [
        ("machine", "left"),
        ("machine", None),
    ]
    assert heard in (None, [1, 0])
