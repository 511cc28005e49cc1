"""What only a real Asterisk can show: that a fast typist loses no key, and who takes transferred calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from outdial.dialer import transfers
from outdial.dialer.ivr_services import IvrServicesConfig
from outdial.domain.clock import utc_now
from tests import given
from tests.dialer.stage import NEVER_AGAIN, Stage, eventually
from tests.telephony.ivr.conftest import HandsetTrunk, People
from tests.telephony.ivr.handset import Call, Dtmf, Person, a_handset
from tests.telephony.ivr.people import ABSENT_AGENT, AGENT, PROMPT_S, TONES

pytestmark = pytest.mark.timeout(120)

SECRET_CODE = "1234567890123456"
NAMES = {hz: name for name, hz in TONES.items()}


def capture(node_id: str, terminator: str, then: str) -> dict[str, Any]:
    return {
        "id": node_id,
        "type": "capture_input",
        "audioUrl": "storage:amount.wav",
        "timeoutSeconds": 1,
        "minDigits": 4,
        "maxDigits": 20,
        "tries": 1,
        "terminator": terminator,
        "nextNodeId": then,
    }


def goodbye() -> dict[str, Any]:
    return {"id": "goodbye", "type": "play_audio", "audioUrl": "storage:goodbye.wav", "timeoutSeconds": 0.1}


async def walked(
    stage: Stage,
    trunk: HandsetTrunk,
    storage: Path,
    flow: dict[str, Any],
    persons: Mapping[str, Person | None],
) -> dict[str, tuple[list[str], list[str]]]:
    """Call the numbers of `persons` that are no agent's; the path and the prompts heard by each."""
    numbers = [number for number in persons if number not in {AGENT, ABSENT_AGENT}]
    campaign = await given.a_running_campaign(
        stage.pool, utc_now(), numbers, ivrFlow=flow, audioFileUrl=None, **NEVER_AGAIN
    )

    async def all_settled() -> bool:
        return await stage.number("select count(disposition) from call_records") == len(numbers)

    async with a_handset(trunk.port, persons.get, frozenset(NAMES)) as handset:
        side = People(trunk.asterisk.ami_port, handset)
        async with stage.dialer(side, ivr=IvrServicesConfig(storage.as_uri())):
            await stage.dispatch(campaign, horizon_s=20)
            await eventually(all_settled, within_s=60, every_s=0.1)
        rows = await stage.rows("select phone, ivr_path from call_records")
        return {
            row["phone"]: (
                row["ivr_path"],
                [NAMES[prompt.hz] for prompt in handset.of(row["phone"]).prompts],
            )
            for row in rows
        }


def types_fast(dtmf: Dtmf) -> Person:
    """Types a long code twice as fast as a speed dialler does, while the prompt begins and after it."""

    async def person(call: Call) -> None:
        await call.hears(0)
        await call.press(f"{SECRET_CODE}#", dtmf, hold_s=0.04, gap_s=0.04)
        await call.hears(1)
        await asyncio.sleep(0.7)
        await call.press(f"{SECRET_CODE}*", dtmf, hold_s=0.04, gap_s=0.04)

    return person


async def test_a_fast_typist_loses_no_digit(stage: Stage, handset_trunk: HandsetTrunk, storage: Path) -> None:
    flow = {
        "startNodeId": "first",
        "nodes": [capture("first", "#", "second"), capture("second", "*", "goodbye"), goodbye()],
    }
    ways: tuple[Dtmf, ...] = ("rfc4733", "info")
    persons = {number: types_fast(ways[nth % 2]) for nth, number in enumerate(given.phones(10))}
    found = await walked(stage, handset_trunk, storage, flow, persons)
    right = ["first", f"first={SECRET_CODE}", "second", f"second={SECRET_CODE}", "goodbye"]
    assert {number: path for number, (path, _) in found.items()} == dict.fromkeys(persons, right)


async def talks(call: Call) -> None:
    await asyncio.sleep(1)
    await call.hang_up()


async def listens(_call: Call) -> None:
    """Presses nothing."""


@pytest.mark.parametrize(
    ("to", "answered"),
    [
        ({"destination": AGENT}, True),
        ({"destination": ABSENT_AGENT}, False),
        ({"destination": "PJSIP/desk"}, True),
        ({"destination": "PJSIP/nobody"}, False),
        ({"queue": "staffed"}, True),
        ({"queue": "deserted"}, False),
        ({"queue": "unknown"}, False),
    ],
)
async def test_a_caller_reaches_an_agent_or_the_flow_goes_on(
    stage: Stage,
    handset_trunk: HandsetTrunk,
    storage: Path,
    monkeypatch: pytest.MonkeyPatch,
    to: dict[str, str],
    answered: bool,
) -> None:
    monkeypatch.setattr(transfers, "AGENT_RING_S", 1)
    flow = {
        "startNodeId": "welcome",
        "nodes": [
            {"id": "welcome", "type": "play_audio", "audioUrl": "storage:welcome.wav", "nextNodeId": "agent"},
            {
                "id": "agent",
                "type": "action",
                "actions": {"do": {"type": "transfer_agent", "parameters": to}},
                "nextNodeId": "goodbye",
            },
            goodbye(),
        ],
    }
    (number,) = given.phones(1)
    persons: dict[str, Person | None] = {number: listens, AGENT: talks, ABSENT_AGENT: None}
    path, heard = (await walked(stage, handset_trunk, storage, flow, persons))[number]
    assert path == (["welcome", "agent"] if answered else ["welcome", "agent", "goodbye"])
    assert heard == (["welcome"] if answered else ["welcome", "goodbye"])


async def test_a_media_cache_that_its_operator_empties_is_filled_again(
    stage: Stage, handset_trunk: HandsetTrunk, storage: Path
) -> None:
    """So old audio, and texts once said to people, can be removed by age while calls go on."""
    cache = handset_trunk.asterisk.folder / "cache"
    removed: list[Path] = []

    async def empties_the_cache(call: Call) -> None:
        for nth in range(2):
            await call.hears(nth)
            await asyncio.sleep(PROMPT_S + 0.3)
            found = [file for file in cache.rglob("*") if file.is_file()]
            for file in found:
                file.unlink()
            removed.extend(found)

    menu = {
        "id": "choose",
        "type": "menu",
        "audioUrl": "storage:choose.wav",
        "timeoutSeconds": 1,
        "tries": 3,
        "actions": {"1": {"type": "end_call"}},
    }
    (number,) = given.phones(1)
    flow = {"startNodeId": "choose", "nodes": [menu]}
    heard = await walked(stage, handset_trunk, storage, flow, {number: empties_the_cache})
    assert heard[number] == (["choose", "choose=", "choose=", "choose="], ["choose"] * 3)
    assert len(removed) >= 2
