"""The local engine: eSpeak NG in a process of its own, started when something is to be said."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from typing import Any, Literal

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.voices import Voice
from outdial.speech.espeak_wire import LENGTHS, packed
from outdial.speech.wav import wav_of

START_TIMEOUT_S = 20.0
SPEAK_TIMEOUT_S = 10.0
"""A text of the greatest length takes a second."""

_NOT_UNDERSTOOD = {
    "he": "reads Hebrew without its vowels, which nobody understands; give recorded audio",
}
_PROGRAM = (sys.executable, "-m", "outdial.speech.espeak_process")


class LocalEngine:
    """Speaks one text after another."""

    name: Literal["local"] = "local"

    def __init__(self, program: tuple[str, ...] = _PROGRAM) -> None:
        """`program` speaks over its pipes, as `espeak_process` does."""
        self._program = program
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._voices: Mapping[str, list[tuple[int, str]]] = {}

    async def voice_id(self, voice: Voice) -> str:
        """The voice that speaks the language best; raises as `Engine` says."""
        if voice.base_language in _NOT_UNDERSTOOD:
            raise InvalidInput(f"cannot be said: the local voice {_NOT_UNDERSTOOD[voice.base_language]}")
        voices = await self._known_voices()
        if voice.name is not None:
            if voice.name not in voices:
                raise InvalidInput(
                    f"cannot be said: the local engine has no voice {voice.name}; leave out its name"
                )
            return voice.name
        best = _best(voices, voice.language.lower()) or _best(voices, voice.base_language)
        if best is None:
            raise InvalidInput(
                f"cannot be said: the local engine does not speak {voice.language}; give audio"
            )
        return best

    async def speak(self, text: str, voice_id: str) -> bytes:
        """As `Engine` says. Cancelled, it ends the process too, whose answer is half read."""
        async with self._turn:
            process = await self._started()
            try:
                async with asyncio.timeout(SPEAK_TIMEOUT_S):
                    head, samples = await _ask(process, {"text": text, "voice": voice_id})
            except BaseException as error:
                await self._end(process)
                if isinstance(error, (OSError, asyncio.IncompleteReadError, TimeoutError)):
                    raise Unavailable("the local speech engine fell silent; it is started anew") from error
                raise
        if "error" in head:
            raise InvalidInput(f"cannot be said: eSpeak NG {head['error']}")
        return await asyncio.to_thread(wav_of, samples)

    async def close(self) -> None:
        """End the process."""
        if self._process:
            await self._end(self._process)

    async def _known_voices(self) -> Mapping[str, list[tuple[int, str]]]:
        if not self._voices:
            async with self._turn:
                await self._started()
        return self._voices

    async def _started(self) -> Process:
        if self._process and self._process.returncode is None:
            return self._process
        process = await asyncio.create_subprocess_exec(
            *self._program, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                head, _ = await _read(process)
        except BaseException as error:
            await _stop(process)
            if isinstance(error, (OSError, asyncio.IncompleteReadError, TimeoutError)):
                raise Unavailable(
                    "the local speech engine does not start; `make setup` installs it, or set SPEECH_ENGINE"
                ) from error
            raise
        self._process, self._voices = process, head["voices"]
        return process

    async def _end(self, process: Process) -> None:
        self._process = None
        await _stop(process)


def _best(voices: Mapping[str, list[tuple[int, str]]], language: str) -> str | None:
    found = [
        (priority, identifier)
        for identifier, languages in voices.items()
        for priority, name in languages
        if name == language
    ]
    return min(found)[1] if found else None


async def _ask(process: Process, asked: dict[str, str]) -> tuple[dict[str, Any], bytes]:
    assert process.stdin  # noqa: S101 - opened with a pipe
    process.stdin.write(packed(asked))
    await process.stdin.drain()
    return await _read(process)


async def _read(process: Process) -> tuple[dict[str, Any], bytes]:
    assert process.stdout  # noqa: S101 - opened with a pipe
    head, samples = LENGTHS.unpack(await process.stdout.readexactly(LENGTHS.size))
    return json.loads(await process.stdout.readexactly(head)), await process.stdout.readexactly(samples)


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
