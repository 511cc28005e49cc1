"""Engines in a test's hands: one that counts what it says, and processes that speak wrongly or not at all."""

from __future__ import annotations

import asyncio
import sys
from typing import Literal

import numpy as np

from outdial.domain.errors import OutdialError
from outdial.domain.voices import Voice
from outdial.speech.wav import wav_of


def a_sound(text: str) -> bytes:
    """A WAV of its own for each text."""
    hz = 300 + sum(text.encode()) % 900
    samples = 8000 * np.sin(2 * np.pi * hz * np.arange(4000) / 8000)
    return wav_of(samples.astype("<i2").tobytes())


class Gramophone:
    """Says what it is asked to after `delay_s`, or fails with `error`."""

    name: Literal["local"] = "local"

    def __init__(self, delay_s: float = 0, error: OutdialError | None = None) -> None:
        self.delay_s = delay_s
        self.error = error
        self.said: list[str] = []
        self.is_closed = False

    async def speak(self, text: str, voice: Voice) -> bytes:
        self.said.append(text)
        await asyncio.sleep(self.delay_s)
        if self.error:
            raise self.error
        return a_sound(text + voice.language)

    async def close(self) -> None:
        self.is_closed = True


def program(code: str) -> tuple[str, ...]:
    """A process that does so instead of speaking."""
    return (sys.executable, "-c", code)
