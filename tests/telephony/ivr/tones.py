"""Prompts that a machine can tell apart: each is one tone, made as WAV and found in what a call carries."""

from __future__ import annotations

import io
import wave

import numpy as np

RATE = 8000
FRAME_SAMPLES = 160
STEP_HZ = 50
LOUD = 500
FADE_S = 0.005
LEAD_S = 0.08


def tone_wav(hz: int, seconds: float) -> bytes:
    """A tone as Asterisk plays it, after a moment of silence that tells it from one before."""
    at = np.arange(int(RATE * seconds)) / RATE
    fade = np.minimum(1, np.minimum(at, seconds - at) / FADE_S)
    samples = (8000 * fade * np.sin(2 * np.pi * hz * at)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(bytes(2 * int(RATE * LEAD_S)) + samples.tobytes())
    return file.getvalue()


def _decoded() -> np.ndarray:
    codes = ~np.arange(256, dtype=np.uint8)
    magnitude = (((codes & 15).astype(np.int32) << 3) + 132 << ((codes >> 4) & 7)) - 132
    return np.where(codes & 128, -magnitude, magnitude)


_LINEAR = _decoded()
_CODE_OF = np.argsort(_LINEAR, kind="stable")


def to_ulaw(samples: np.ndarray) -> bytes:
    """µ-law of 16-bit samples, each the nearest below."""  # noqa: RUF002 - the codec's own name
    sorted_values = _LINEAR[_CODE_OF]
    return _CODE_OF[np.clip(np.searchsorted(sorted_values, samples), 0, 255)].astype(np.uint8).tobytes()


SILENCE = to_ulaw(np.zeros(FRAME_SAMPLES))
VOICE = to_ulaw(6000 * np.sin(2 * np.pi * 400 * np.arange(FRAME_SAMPLES) / RATE))


def from_ulaw(ulaw: bytes) -> np.ndarray:
    """The 16-bit samples that µ-law stands for."""  # noqa: RUF002 - likewise
    return _LINEAR[np.frombuffer(ulaw, np.uint8)]


def tone_of(ulaw: bytes) -> int:
    """The frequency that sounds in 20 ms of µ-law, to 50 Hz; 0 for silence."""  # noqa: RUF002 - likewise
    samples = from_ulaw(ulaw)
    if np.abs(samples).max() < LOUD:
        return 0
    return int(np.abs(np.fft.rfft(samples)).argmax()) * STEP_HZ
