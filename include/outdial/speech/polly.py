"""Amazon Polly. It needs the rights polly:DescribeVoices and polly:SynthesizeSpeech, and costs by the letter.

Credentials come by AWS's standard chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Literal

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.voices import Voice
from outdial.messaging.aws_clients import AwsClient, Refused, answered_in_time, open_client
from outdial.speech.wav import RATE, wav_of

TIMEOUT_S = 10.0
MOST_PAGES = 20
_ENGINES = ("neural", "standard", "generative", "long-form")
"""The first that a voice has; all but standard sound like people, and the later ones cost more."""

_OTHER_CODES = {"ar": "arb", "zh": "cmn", "no": "nb"}
_HOME = {"en": "en-US", "es": "es-ES", "fr": "fr-FR", "pt": "pt-PT", "de": "de-DE", "nl": "nl-NL"}
"""Where a language without a region is taken to be spoken."""


@dataclass(frozen=True, slots=True)
class _PollyVoice:
    name: str
    engine: str
    language: str


class PollyEngine:
    """Asks Polly, over one client."""

    name: Literal["polly"] = "polly"

    def __init__(self, region: str, endpoint_url: str | None) -> None:
        """`endpoint_url` None is AWS itself. Nothing is asked yet."""
        self._region = region
        self._endpoint_url = endpoint_url
        self._opened = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._listing = asyncio.Lock()
        self._client: AwsClient = None
        self._voices: Sequence[_PollyVoice] = ()

    async def speak(self, text: str, voice: Voice) -> bytes:
        """As `Engine` says."""
        chosen = await self._choose(voice)
        client = await self._opened_client()
        try:
            async with answered_in_time("Polly", TIMEOUT_S):
                answer = await client.synthesize_speech(
                    Engine=chosen.engine,
                    LanguageCode=chosen.language,
                    OutputFormat="pcm",
                    SampleRate=str(RATE),
                    Text=text,
                    TextType="text",
                    VoiceId=chosen.name,
                )
                async with answer["AudioStream"] as stream:
                    samples = await stream.read()
        except Refused as error:
            raise InvalidInput(f"cannot be said: {error}") from error
        return wav_of(samples)

    async def close(self) -> None:
        """Close the client."""
        self._client, self._voices = None, ()
        await self._opened.aclose()

    async def _choose(self, voice: Voice) -> _PollyVoice:
        """The voice of that name, or the language's first by engine and name."""
        found = _speaking(await self._all_voices(), voice.language)
        if not found:
            raise InvalidInput(f"cannot be said: Polly has no voice for {voice.language}; give audio")
        if voice.name is None:
            return found[0]
        named = next((one for one in found if one.name == voice.name), None)
        if named is None:
            names = ", ".join(one.name for one in found)
            raise InvalidInput(
                f"cannot be said: Polly has no voice {voice.name} for {voice.language}; it has {names}"
            )
        return named

    async def _opened_client(self) -> AwsClient:
        async with self._opening:
            if self._client is None:
                opening = open_client("polly", self._region, self._endpoint_url)
                self._client = await self._opened.enter_async_context(opening)
            return self._client

    async def _all_voices(self) -> Sequence[_PollyVoice]:
        async with self._listing:
            if not self._voices:
                self._voices = sorted(
                    [voice for written in await self._describe_voices() for voice in _read_voices(written)],
                    key=lambda one: (_ENGINES.index(one.engine), one.name),
                )
            return self._voices

    async def _describe_voices(self) -> list[dict[str, Any]]:
        client, found, further = await self._opened_client(), list[dict[str, Any]](), dict[str, str]()
        for _ in range(MOST_PAGES):
            async with answered_in_time("Polly", TIMEOUT_S):
                answer = await client.describe_voices(**further)
            found += [one for one in answer["Voices"] if set(_ENGINES) & set(one["SupportedEngines"])]
            if not answer.get("NextToken"):
                return found
            further = {"NextToken": answer["NextToken"]}
        raise Unavailable("Polly goes on listing voices without end")


def _read_voices(written: dict[str, Any]) -> Iterator[_PollyVoice]:
    """A voice of two languages is told with each text which of them it is to speak."""
    engine = next(engine for engine in _ENGINES if engine in written["SupportedEngines"])
    for language in (written["LanguageCode"], *written.get("AdditionalLanguageCodes", ())):
        yield _PollyVoice(written["Id"], engine, language)


def _speaking(voices: Sequence[_PollyVoice], language: str) -> list[_PollyVoice]:
    """Those who speak it there, else those who speak it anywhere."""
    base = language.partition("-")[0]
    other = _OTHER_CODES.get(base, base)
    for wanted in (language, _HOME.get(language), other):
        if found := [one for one in voices if one.language == wanted]:
            return found
    return [one for one in voices if one.language.partition("-")[0] in {base, other}]
