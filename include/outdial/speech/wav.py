"""What a telephone hears: 8 kHz, 16 bits, one channel, as a WAV that Asterisk plays."""

from __future__ import annotations

import io
import wave
from array import array

from outdial.domain.errors import InvalidInput

RATE = 8000
SHORTEST_S, QUIETEST = 0.1, 300
"""Shorter or quieter than any word."""


def wav_of(pcm: bytes) -> bytes:
    """A WAV of little-endian 16-bit samples at 8 kHz. Raises InvalidInput where there is nothing to hear."""
    samples = array("h", pcm[: len(pcm) // 2 * 2])
    if len(samples) < SHORTEST_S * RATE or max(map(abs, samples)) < QUIETEST:
        raise InvalidInput("gives no sound: the voice has nothing to say for it; write it in words")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm[: 2 * len(samples)])
    return file.getvalue()


def seconds_of(wav: bytes) -> float:
    """How long such a WAV sounds."""
    with wave.open(io.BytesIO(wav)) as sound:
        return sound.getnframes() / RATE
