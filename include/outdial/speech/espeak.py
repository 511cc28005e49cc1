"""The local engine: eSpeak NG in a process of its own, started when something is to be said."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Any, Literal

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.voices import Voice
from outdial.speech.espeak_voices import voice_for
from outdial.speech.espeak_wire import LENGTHS, packed
from outdial.speech.wav import wav_of

SPEAK_TIMEOUT_S = 15.0
"""A text of the greatest length takes a second, and the process itself some to start on a busy machine."""

_PROGRAM = (sys.executable, "-m", "outdial.speech.espeak_process")


class LocalEngine:
    """Speaks one text after another."""

    name: Literal["local"] = "local"

    def __init__(self, program: tuple[str, ...] = _PROGRAM) -> None:
        """`program` speaks over its pipes, as `espeak_process` does."""
        self._program = program
        self._turn = asyncio.Lock()
        self._process: Process | None = None

    async def speak(self, text: str, voice: Voice) -> bytes:
        """As `Engine` says. Cancelled, it ends the process too, whose answer is half read."""
        asked = {"text": text, "voice": await asyncio.to_thread(voice_for, voice)}
        async with self._turn:
            try:
                async with asyncio.timeout(SPEAK_TIMEOUT_S):
                    process = await self._started()
                    head, samples = await _ask(process, asked)
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


async def _ask(process: Process, asked: dict[str, str]) -> tuple[dict[str, Any], bytes]:
    assert process.stdin  # noqa: S101 - opened with a pipe
    process.stdin.write(packed(asked))
    await process.stdin.drain()
    return await _read(process)


async def _read(process: Process) -> tuple[dict[str, Any], bytes]:
    assert process.stdout  # noqa: S101 - opened with a pipe
    head, samples = LENGTHS.unpack(await process.stdout.readexactly(LENGTHS.size))
    return json.loads(await process.stdout.readexactly(head)), await process.stdout.readexactly(samples)
