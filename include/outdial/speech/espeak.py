"""The local engine: eSpeak NG in a process of its own, started when something is to be said."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import espeakng_loader

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.voices import Voice
from outdial.speech.espeak_wire import LENGTHS, packed
from outdial.speech.wav import wav_of

SPEAK_TIMEOUT_S = 15.0
"""A text of the greatest length takes a second, and the process itself some to start on a busy machine."""

_NOT_UNDERSTOOD = {
    "he": "reads Hebrew without its vowels, which nobody understands; give recorded audio",
}
_USUAL_PRIORITY = 5
_PROGRAM = (sys.executable, "-m", "outdial.speech.espeak_process")


class LocalEngine:
    """Speaks one text after another."""

    name: Literal["local"] = "local"

    def __init__(self, program: tuple[str, ...] = _PROGRAM) -> None:
        """`program` speaks over its pipes, as `espeak_process` does."""
        self._program = program
        self._turn = asyncio.Lock()
        self._process: Process | None = None

    async def voice_id(self, voice: Voice) -> str:
        """The voice that speaks the language best; raises as `Engine` says."""
        if voice.base_language in _NOT_UNDERSTOOD:
            raise InvalidInput(f"cannot be said: the local voice {_NOT_UNDERSTOOD[voice.base_language]}")
        voices = await asyncio.to_thread(known_voices)
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
            try:
                async with asyncio.timeout(SPEAK_TIMEOUT_S):
                    process = await self._started()
                    head, samples = await _ask(process, {"text": text, "voice": voice_id})
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                await self.close()
                raise Unavailable("the local speech engine does not answer; it is started anew") from error
            except BaseException:
                await self.close()
                raise
        if "error" in head:
            raise InvalidInput(f"cannot be said: eSpeak NG {head['error']}")
        return await asyncio.to_thread(wav_of, samples)

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _started(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._program, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
        return self._process


@cache
def known_voices() -> Mapping[str, list[tuple[int, str]]]:
    """The languages of each voice, by its identifier; the lower the number, the better it speaks them."""
    folder = Path(espeakng_loader.get_data_path()) / "lang"
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): list(_languages(file.read_text("utf-8"))) for file in files}


def _languages(voice_file: str) -> Iterator[tuple[int, str]]:
    """`language en-us 2`: the number may be missing."""
    for line in voice_file.splitlines():
        match line.split():
            case ["language", name, priority, *_] if priority.isdecimal():
                yield int(priority), name.lower()
            case ["language", name, *_]:
                yield _USUAL_PRIORITY, name.lower()
            case _:
                pass


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
