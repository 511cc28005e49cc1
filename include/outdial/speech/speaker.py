"""Says texts: each once, whoever asks for it, and kept for the next time. One for each process."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from outdial.domain.errors import InvalidInput, OutdialError
from outdial.domain.ivr_speech import Speech
from outdial.domain.voices import EngineName, foreign_letters
from outdial.speech.config import SpeechConfig
from outdial.speech.engine import Engine
from outdial.speech.espeak import LocalEngine
from outdial.speech.polly import PollyEngine
from outdial.speech.store import read_speech, write_speech
from outdial.telemetry.logs import get_logger

LONGEST_TEXT = 3000
"""As Polly has it."""

MOST_BYTES = 128 << 20
STORAGE_TIMEOUT_S = 3.0
KEY_CHARS = 40

log = get_logger(__name__)


class Speaker:
    """Engines start when something is to be said; `close` ends them."""

    def __init__(self, config: SpeechConfig, engines: Mapping[EngineName, Engine] | None = None) -> None:
        """`engines` are those of the deployment, unless others are given."""
        self._config = config
        self._engines: Mapping[EngineName, Engine] = engines or {
            "local": LocalEngine(),
            "polly": PollyEngine(config.region, config.endpoint_url),
        }
        self._said: OrderedDict[str, bytes] = OrderedDict()
        self._said_bytes = 0
        self._saying: dict[str, asyncio.Task[bytes]] = {}

    async def say(self, speech: Speech) -> bytes:
        """The speech as WAV of 8 kHz, 16 bits, one channel.

        Whoever stops waiting does not stop the making. Raises InvalidInput where the text or the voice is
        wrong, Unavailable where the engine fails.
        """
        _check(speech)
        engine = self._engines[speech.voice.engine or self._config.engine]
        key = _key(engine.name, speech)
        if (wav := self._said.get(key)) is not None:
            self._said.move_to_end(key)
            return wav
        if key not in self._saying:
            task = self._saying[key] = asyncio.create_task(self._make(key, speech, engine))
            task.add_done_callback(lambda done: self._made(key, done))
        return await asyncio.shield(self._saying[key])

    async def close(self) -> None:
        """End what is being made, then the engines."""
        making = list(self._saying.values())
        for task in making:
            task.cancel()
        if making:
            await asyncio.wait(making)
        for engine in self._engines.values():
            await engine.close()

    async def _make(self, key: str, speech: Speech, engine: Engine) -> bytes:
        is_kept = bool(self._config.storage_url) and not speech.is_personal
        if is_kept and (wav := await self._kept(key)) is not None:
            return wav
        wav = await engine.speak(speech.text, speech.voice)
        if is_kept:
            await self._keep(key, wav)
        return wav

    def _made(self, key: str, task: asyncio.Task[bytes]) -> None:
        del self._saying[key]
        if task.cancelled() or task.exception() is not None:
            return
        self._said[key] = task.result()
        self._said_bytes += len(task.result())
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
