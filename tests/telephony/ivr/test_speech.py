"""Texts are said on calls: what the called person hears is what the engine said, on a real Asterisk."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from outdial.dialer.ivr_services import IvrServicesConfig
from outdial.domain.clock import utc_now
from outdial.domain.ivr.speech import Speech
from outdial.domain.templates import fill
from outdial.domain.voices import Voice
from outdial.simulator.network import simulated_network
from outdial.simulator.scenario import parse_scenario
from outdial.speech.config import SpeechConfig
from outdial.speech.speaker import open_speaker
from tests import given
from tests.dialer.stage import NEVER_AGAIN, Stage, eventually
from tests.telephony.ivr.conftest import HandsetTrunk, People
from tests.telephony.ivr.handset import Call, a_handset
from tests.telephony.ivr.spoken import likeness, likeness_in_loudness, samples_of
from tests.telephony.ivr.tones import from_ulaw, tone_wav

pytestmark = pytest.mark.timeout(120)

FIRST_AUDIO_WITHIN_S = 2.0
MARK_HZ = 2550
"""Higher than what speech is loudest at."""

GREETING = "Hello {{firstName|dear friend}}, the spring appeal is calling."
WRONG = "That key does nothing here, please try another one."
THANKS = "شكرا جزيلا لك"
FLOW: dict[str, Any] = {
    "startNodeId": "hello",
    "invalidText": WRONG,
    "optOutText": "You are off our list.",
    "nodes": [
        {"id": "hello", "type": "play_audio", "text": GREETING, "nextNodeId": "choose"},
        {
            "id": "choose",
            "type": "menu",
            "audioUrl": "storage:mark.wav",
            "timeoutSeconds": 5,
            "actions": {"1": {"type": "trigger_donation", "parameters": {"nextNodeId": "thanks"}}},
        },
        {"id": "thanks", "type": "play_audio", "text": THANKS, "voice": "ar", "timeoutSeconds": 0.1},
    ],
}
DANA, NAMELESS = given.phones(2)
PATH = ["hello", "choose", "choose=8", "choose=1", "thanks"]


async def hears_a_wrong_key(call: Call) -> None:
    """Presses a key that does nothing, hears so, and gives."""
    await call.hears(0)
    await call.press("8", "rfc4733")
    await call.hears(1)
    await call.press("1", "rfc4733")


@asynccontextmanager
async def a_side(request: pytest.FixtureRequest, is_real: bool) -> AsyncIterator[People]:
    """People who behave so, on the telephony side that was asked for."""
    if is_real:
        trunk: HandsetTrunk = request.getfixturevalue("handset_trunk")
        persons = dict.fromkeys((DANA, NAMELESS), hears_a_wrong_key)
        async with a_handset(trunk.port, persons.get, frozenset({MARK_HZ})) as handset:
            yield People(trunk.asterisk.ami_port, handset)
        return
    scenario = parse_scenario({
        "ring_s": 0.05,
        "patience_s": 60,
        "prompt_s": 0.5,
        "key_delay_s": 0.1,
        "barge_in": 1,
        # The second prompt is the menu's; after the wrong key comes the excuse, then the menu again.
        "keys": ["", "8", "", "1", ""],
    })
    async with simulated_network(scenario) as network:
        yield People(network.ami_port, None)


async def called(stage: Stage, side: People, storage: Path) -> dict[str, list[str]]:
    """Call Dana, and somebody whose name is not known; the paths, by number."""
    campaign = await given.a_running_campaign(
        stage.pool, utc_now(), [DANA, NAMELESS], ivrFlow=FLOW, audioFileUrl=None, **NEVER_AGAIN
    )
    async with stage.pool.connection() as conn:
        name = json.dumps({"firstName": "Dana"})
        await conn.execute("update contacts set metadata = %s where phone = %s", [name, DANA])

    async def all_settled() -> bool:
        return await stage.number("select count(disposition) from call_records") == 2

    ivr = IvrServicesConfig(storage.as_uri(), speech=SpeechConfig(storage_url=storage.as_uri()))
    async with stage.dialer(side, ivr=ivr):
        await stage.dispatch(campaign, horizon_s=20)
        await eventually(all_settled, within_s=60, every_s=0.1)
    return {row["phone"]: row["ivr_path"] for row in await stage.rows("select * from call_records")}


async def test_people_hear_what_the_engine_said(
    request: pytest.FixtureRequest, stage: Stage, is_real: bool, storage: Path
) -> None:
    (storage / "audio" / "mark.wav").write_bytes(tone_wav(MARK_HZ, 1.5))
    async with a_side(request, is_real) as side:
        assert await called(stage, side, storage) == {DANA: PATH, NAMELESS: PATH}
    kept = [samples_of(file.read_bytes()) for file in sorted((storage / "speech").iterdir())]
    # The excuse, the thanks and the opt-out are the same for everybody; no greeting is kept.
    assert len(kept) == 3
    if side.handset is None:
        return
    heard = {number: from_ulaw(bytes(side.handset.of(number).heard)) for number in (DANA, NAMELESS)}
    for number in (DANA, NAMELESS):
        alike = sorted(round(likeness(samples, heard[number]), 2) for samples in kept)
        assert alike[0] < 0.3, f"nobody opted out, and {number} heard it: {alike}"
        assert alike[1] > 0.95, alike
    await _assert_greeted(heard)
    waits = [call.first_sound_at - call.answered_at for call in side.handset.calls.values()]
    assert 0 < max(waits) < FIRST_AUDIO_WITHIN_S


async def _assert_greeted(heard: dict[str, Any]) -> None:
    texts = {DANA: fill(GREETING, {"firstName": "Dana"}), NAMELESS: fill(GREETING, {})}
    async with open_speaker(SpeechConfig()) as speaker:
        said = {
            number: samples_of(await speaker.say(Speech(text, Voice()))) for number, text in texts.items()
        }
    for number, other in ((DANA, NAMELESS), (NAMELESS, DANA)):
        start = heard[number][: len(said[number]) + 4000]
        own = likeness_in_loudness(said[number], start)
        assert own > 0.9
        assert own > likeness_in_loudness(said[other], start) + 0.1
