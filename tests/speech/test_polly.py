"""Amazon Polly is asked as it is documented: the real client, against a server that says what it was asked.

No AWS can be reached from a test. moto's own Polly checks requests too, and answers with eight zero bytes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ivr.sound import sound_problem
from outdial.domain.voices import Voice
from outdial.speech import polly as polly_room
from outdial.speech.polly import PollyEngine
from outdial.speech.wav import seconds_of
from outdial.standalone.aws import CREDENTIALS, REGION

PCM = (9000 * np.sin(np.arange(8000) / 4)).astype("<i2").tobytes()
VOICES = [
    {"Id": "Joanna", "LanguageCode": "en-US", "SupportedEngines": ["neural", "standard"]},
    {"Id": "Ivy", "LanguageCode": "en-US", "SupportedEngines": ["standard"]},
    {"Id": "Amy", "LanguageCode": "en-GB", "SupportedEngines": ["generative", "standard"]},
    {"Id": "Zeina", "LanguageCode": "arb", "SupportedEngines": ["standard"]},
    {
        "Id": "Aditi",
        "LanguageCode": "en-IN",
        "AdditionalLanguageCodes": ["hi-IN"],
        "SupportedEngines": ["standard"],
    },
    {"Id": "Future", "LanguageCode": "he-IL", "SupportedEngines": ["telepathic"]},
]


@dataclass
class Polly:
    """Answers as Polly's documentation says, two voices a page."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    lists: int = 0
    refusal: tuple[int, str, str] | None = None

    async def voices(self, request: web.Request) -> web.Response:
        self.lists += 1
        start = int(request.query.get("NextToken", "0"))
        further = {"NextToken": str(start + 2)} if start + 2 < len(VOICES) else {}
        return web.json_response({"Voices": VOICES[start : start + 2], **further})

    async def speech(self, request: web.Request) -> web.Response:
        assert "/polly/aws4_request" in request.headers["Authorization"]
        self.asked.append(json.loads(await request.read()))
        if self.refusal:
            status, code, message = self.refusal
            headers = {"x-amzn-ErrorType": code}
            return web.json_response({"message": message}, status=status, headers=headers)
        return web.Response(body=PCM, content_type="audio/pcm")


@pytest.fixture
async def polly(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Polly]:
    """A Polly on this machine."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    served = Polly()
    app = web.Application()
    app.router.add_get("/v1/voices", served.voices)
    app.router.add_post("/v1/speech", served.speech)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


@pytest.fixture
async def engine(polly: Polly) -> AsyncIterator[PollyEngine]:
    """The engine, asking it."""
    engine = PollyEngine(REGION, polly.url)
    yield engine
    await engine.close()


async def test_a_text_is_asked_for_as_a_telephone_plays_it(polly: Polly, engine: PollyEngine) -> None:
    wav = await engine.speak("Hello & <goodbye>", Voice())
    assert sound_problem("speech.wav", wav) is None
    assert seconds_of(wav) == 1
    assert polly.asked == [
        {
            "Engine": "neural",
            "LanguageCode": "en-US",
            "OutputFormat": "pcm",
            "SampleRate": "8000",
            "Text": "Hello & <goodbye>",
            "TextType": "text",
            "VoiceId": "Joanna",
        }
    ]


@pytest.mark.parametrize(
    ("voice", "identifier"),
    [
        (Voice(language="en-US"), "Joanna/neural/en-US"),
        (Voice(language="en"), "Joanna/neural/en-US"),
        (Voice(language="en-AU"), "Joanna/neural/en-US"),
        (Voice(language="en-GB"), "Amy/standard/en-GB"),
        (Voice(language="en-US", name="Ivy"), "Ivy/standard/en-US"),
        (Voice(language="ar"), "Zeina/standard/arb"),
        (Voice(language="ar-EG"), "Zeina/standard/arb"),
        (Voice(language="hi"), "Aditi/standard/hi-IN"),
    ],
)
async def test_each_language_has_its_voice(
    polly: Polly, engine: PollyEngine, voice: Voice, identifier: str
) -> None:
    await engine.speak("Hello", voice)
    (asked,) = polly.asked
    assert f"{asked['VoiceId']}/{asked['Engine']}/{asked['LanguageCode']}" == identifier


async def test_all_pages_of_voices_are_read_and_asked_for_once(polly: Polly, engine: PollyEngine) -> None:
    async with asyncio.TaskGroup() as group:
        for language in ("en-US", "ar", "hi"):
            group.create_task(engine.speak("Hello", Voice(language=language)))
    assert len(polly.asked) == 3
    assert polly.lists == 3


@pytest.mark.parametrize(
    ("voice", "reason"),
    [
        (Voice(language="he"), "Polly has no voice for he"),
        (Voice(language="en-US", name="Zeina"), "no voice Zeina for en-US; it has Joanna, Ivy"),
    ],
)
async def test_a_voice_that_polly_has_not_is_refused(engine: PollyEngine, voice: Voice, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        await engine.speak("Hello", voice)


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ((400, "InvalidParameterValue", "no such voice"), InvalidInput),
        ((403, "AccessDeniedException", "not allowed"), Unavailable),
        ((500, "ServiceFailureException", "later"), Unavailable),
    ],
)
async def test_what_polly_refuses_is_told_by_who_can_mend_it(
    polly: Polly, engine: PollyEngine, refusal: tuple[int, str, str], kind: type[Exception]
) -> None:
    polly.refusal = refusal
    with pytest.raises(kind, match=refusal[1]):
        await engine.speak("Hello", Voice())


async def test_a_polly_that_is_away_is_unavailable_in_time(
    monkeypatch: pytest.MonkeyPatch, polly: Polly
) -> None:
    monkeypatch.setattr(polly_room, "TIMEOUT_S", 0.5)
    engine = PollyEngine(REGION, "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="Polly"):
        await engine.speak("Hello", Voice())
    await engine.close()


async def test_the_engine_can_be_used_again_after_its_end(polly: Polly, engine: PollyEngine) -> None:
    await engine.speak("Hello", Voice())
    await engine.close()
    assert await engine.speak("Hello", Voice())


async def test_motos_polly_takes_our_requests_and_its_zero_bytes_are_no_speech(aws_endpoint: str) -> None:
    engine = PollyEngine(REGION, aws_endpoint)
    try:
        with pytest.raises(InvalidInput, match="no voice for he"):
            await engine.speak("שלום", Voice(language="he"))
        for language in ("ar", "en-GB", "fr-CA"):
            with pytest.raises(InvalidInput, match="gives no sound"):
                await engine.speak("Hello", Voice(language=language))
    finally:
        await engine.close()
