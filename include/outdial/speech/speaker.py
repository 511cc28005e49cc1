"""Says texts: each once, whoever asks for it, and kept for the next time. One for each process."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from outdial.domain.errors import InvalidInput, OutdialError
from outdial.domain.ivr.speech import Speech
from outdial.domain.voices import EngineName, foreign_letters
from outdial.speech.config import SpeechConfig
from outdial.speech.engine import Engine
from outdial.speech.espeak import LocalEngine
from outdial.speech.polly import PollyEngine
from outdial.speech.store import read_speech, write_speech
from outdial.speech.turns import Turns
from outdial.telemetry.logs import get_logger

LONGEST_TEXT = 3000
"""As Polly has it."""

MOST_BYTES = 128 << 20
STORAGE_TIMEOUT_S = 3.0
KEY_CHARS = 40
_AT_ONCE: Mapping[EngineName, int] = {"local": 1, "polly": 8}
"""Polly refuses more than eight requests a second of the better voices."""

log = get_logger(__name__)


@dataclass
class _Making:
    """One text being made; who gives up on one that has not begun takes it out of the line."""

    task: asyncio.Task[bytes] | None = None
    waiting: int = 0
    has_begun: bool = False


class Speaker:
    """Engines start when something is to be said; `close` ends them."""

    def __init__(self, config: SpeechConfig, engines: Mapping[EngineName, Engine] | None = None) -> None:
        """`engines` are those of the deployment, unless others are given."""
        self._config = config
        self._engines: Mapping[EngineName, Engine] = engines or {
            "local": LocalEngine(),
            "polly": PollyEngine(config.region, config.endpoint_url),
        }
        self._turns = {name: Turns(_AT_ONCE[name]) for name in self._engines}
        self._said: OrderedDict[str, bytes] = OrderedDict()
        self._said_bytes = 0
        self._making: dict[tuple[str, bool], _Making] = {}

    async def say(self, speech: Speech, *, is_urgent: bool = True) -> bytes:
        """The speech as WAV of 8 kHz, 16 bits, one channel. It is urgent where somebody waits on the line.

        Raises InvalidInput where the text or the voice is wrong, Unavailable where the engine fails.
        """
        _check(speech)
        engine = self._engines[speech.voice.engine or self._config.engine]
        key = _key(engine.name, speech)
        if (wav := self._said.get(key)) is not None:
            self._said.move_to_end(key)
            return wav
        making = self._making.get((key, is_urgent)) or self._begin(key, speech, engine, is_urgent=is_urgent)
        assert making.task  # noqa: S101 - begun just now
        making.waiting += 1
        try:
            return await asyncio.shield(making.task)
        finally:
            making.waiting -= 1
            if not making.waiting and not making.has_begun:
                # Whoever asks from now on begins anew.
                self._forget(key, making, is_urgent=is_urgent)
                making.task.cancel()

    async def close(self) -> None:
        """End what is being made, then the engines."""
        tasks = [making.task for making in self._making.values() if making.task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for engine in self._engines.values():
            await engine.close()

    def _begin(self, key: str, speech: Speech, engine: Engine, *, is_urgent: bool) -> _Making:
        making = self._making[key, is_urgent] = _Making()

        async def make() -> bytes:
            is_kept = bool(self._config.storage_url) and not speech.is_personal
            wav = await self._kept(key) if is_kept else None
            if wav is None:
                wav = await self._made(key, speech, engine, making, is_urgent=is_urgent)
                if is_kept:
                    await self._keep(key, wav)
            self._remember(key, wav)
            return wav

        making.task = asyncio.create_task(make())
        making.task.add_done_callback(lambda _: self._forget(key, making, is_urgent=is_urgent))
        return making

    def _forget(self, key: str, making: _Making, *, is_urgent: bool) -> None:
        if self._making.get((key, is_urgent)) is making:
            del self._making[key, is_urgent]

    async def _made(
        self, key: str, speech: Speech, engine: Engine, making: _Making, *, is_urgent: bool
    ) -> bytes:
        async with self._turns[engine.name].take(is_urgent=is_urgent):
            making.has_begun = True
            # It may have been made meanwhile for somebody on the line.
            return self._said.get(key) or await engine.speak(speech.text, speech.voice)

    def _remember(self, key: str, wav: bytes) -> None:
        if key not in self._said:
            self._said[key] = wav
            self._said_bytes += len(wav)
        while len(self._said) > 1 and self._said_bytes > MOST_BYTES:
            self._said_bytes -= len(self._said.popitem(last=False)[1])

    async def _kept(self, key: str) -> bytes | None:
        try:
            async with asyncio.timeout(STORAGE_TIMEOUT_S):
                return await asyncio.to_thread(read_speech, self._config.storage_url, key)
        except (OutdialError, TimeoutError) as error:
            log.warning("kept speech cannot be read", reason=str(error) or "timeout")
            return None

    async def _keep(self, key: str, wav: bytes) -> None:
        try:
            async with asyncio.timeout(STORAGE_TIMEOUT_S):
                await asyncio.to_thread(write_speech, self._config.storage_url, key, wav)
        except (OutdialError, TimeoutError) as error:
            log.warning("speech cannot be kept", reason=str(error) or "timeout")


@asynccontextmanager
async def open_speaker(config: SpeechConfig) -> AsyncGenerator[Speaker]:
    """A speaker for the length of a block."""
    speaker = Speaker(config)
    try:
        yield speaker
    finally:
        await speaker.close()


def _check(speech: Speech) -> None:
    if len(speech.text) > LONGEST_TEXT:
        raise InvalidInput(f"has {len(speech.text)} letters, and {LONGEST_TEXT} is the most; shorten it")
    if problem := foreign_letters(speech.text, speech.voice):
        raise InvalidInput(problem)


def _key(engine: EngineName, speech: Speech) -> str:
    """By what was asked, not by the voice it got: what was said is found also while the engine is away."""
    written = json.dumps([1, engine, speech.voice.language, speech.voice.name, speech.text])
    return hashlib.sha256(written.encode()).hexdigest()[:KEY_CHARS]
