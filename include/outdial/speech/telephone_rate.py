"""Brings sound to a telephone's 8 kHz, without what would sound false there; for the speaking process."""

from __future__ import annotations

from math import gcd

import numpy as np  # noqa: TID253 - the speaking process alone imports this file

from outdial.speech.wav import RATE

_TAPS = 64
_HIGHEST_HZ = 3700


def at_telephone_rate(samples: bytes, rate: int) -> bytes:
    """16-bit samples of a higher rate as 16-bit samples at 8 kHz, by a filter for each of their distances."""
    up, down = RATE // gcd(rate, RATE), rate // gcd(rate, RATE)
    heard = np.frombuffer(samples, "<i2").astype(np.float32)
    padded = np.pad(heard, (_TAPS // 2 - 1, _TAPS // 2 + down))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _TAPS)
    made = np.zeros(len(heard) * up // down, np.float32)
    for nth in range(up):
        first, phase = divmod(nth * down, up)
        places = made[nth::up]
        places[:] = windows[first::down][: len(places)] @ _filter(phase / up, _HIGHEST_HZ / rate)
    return made.clip(-32768, 32767).astype("<i2").tobytes()


def _filter(offset: float, cutoff: float) -> np.ndarray:
    """A windowed sinc around a place `offset` samples after the middle one; `cutoff` in cycles a sample."""
    at = np.arange(_TAPS) - (_TAPS // 2 - 1) - offset
    taps = np.sinc(2 * cutoff * at) * (0.54 + 0.46 * np.cos(2 * np.pi * at / _TAPS))
    return (taps / taps.sum()).astype(np.float32)
