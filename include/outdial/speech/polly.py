"""Amazon Polly. It needs the rights polly:DescribeVoices and polly:SynthesizeSpeech, and costs by the letter.

Credentials come by AWS's standard chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
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
    languages: tuple[str, ...]
    engine: str

    @property
    def identifier(self) -> str:
        return f"{self.name}/{self.engine}"


class PollyEngine:
    """Asks Polly, over one client."""

    name: Literal["polly"] = "polly"

    def __init__(self, region: str, endpoint_url: str | None) -> None:
        """`endpoint_url` None is AWS itself. Nothing is asked yet."""
        self._region = region
        self._endpoint_url = endpoint_url
        self._opened = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._client: AwsClient = None
        self._voices: Sequence[_PollyVoice] = ()

    async def voice_id(self, voice: Voice) -> str:
        """The voice of that name, or the language's first by engine and name. Raises as `Engine` does."""
        found = _speaking(await self._all_voices(), voice.language)
        if not found:
            raise InvalidInput(f"cannot be said: Polly has no voice for {voice.language}; give audio")
        if voice.name is None:
            return found[0].identifier
        named = next((one for one in found if one.name == voice.name), None)
        if named is None:
            names = ", ".join(one.name for one in found)
            raise InvalidInput(
                f"cannot be said: Polly has no voice {voice.name} for {voice.language}; it has {names}"
            )
        return named.identifier

    async def speak(self, text: str, voice_id: str) -> bytes:
        """As `Engine` says."""
        name, _, engine = voice_id.partition("/")
        client = await self._opened_client()
        try:
            async with answered_in_time("Polly", TIMEOUT_S):
                answer = await client.synthesize_speech(
                    Engine=engine,
                    OutputFormat="pcm",
                    SampleRate=str(RATE),
                    Text=text,
                    TextType="text",
                    VoiceId=name,
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

    async def _opened_client(self) -> AwsClient:
        async with self._opening:
            if self._client is None:
                opening = open_client("polly", self._region, self._endpoint_url)
                self._client = await self._opened.enter_async_context(opening)
            return self._client

    async def _all_voices(self) -> Sequence[_PollyVoice]:
        if not self._voices:
            self._voices = sorted(
                [_read_voice(written) for written in await self._describe_voices()],
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


def _read_voice(written: dict[str, Any]) -> _PollyVoice:
    engine = next(engine for engine in _ENGINES if engine in written["SupportedEngines"])
    languages = (written["LanguageCode"], *written.get("AdditionalLanguageCodes", ()))
    return _PollyVoice(written["Id"], languages, engine)


def _speaking(voices: Sequence[_PollyVoice], language: str) -> list[_PollyVoice]:
    base = language.partition("-")[0]
    for wanted in dict.fromkeys((
        language,
        _HOME.get(language, language),
        _OTHER_CODES.get(language, language),
    )):
        if found := [one for one in voices if wanted in one.languages]:
            return found
    bases = {base, _OTHER_CODES.get(base, base)}
    return [one for one in voices if bases & {code.partition("-")[0] for code in one.languages}]
