"""Finds speech in what a call carried: sample by sample where it is the same sound, else by its loudness."""

from __future__ import annotations

import io
import wave

import numpy as np
from scipy.signal import correlate

FRAME_SAMPLES = 160


def samples_of(wav: bytes) -> np.ndarray:
    """The samples of a WAV."""
    with wave.open(io.BytesIO(wav)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2")


def likeness(said: np.ndarray, heard: np.ndarray) -> float:
    """How much of what was heard, at the best place, was said: 1 for the same sound, near 0 for another."""
    said = said.astype(float)
    # Whoever is hung up on misses the last moment.
    heard = np.concatenate([heard.astype(float), np.zeros(len(said))])
    matches = correlate(heard, said, mode="valid", method="fft")
    total = np.concatenate([[0], np.cumsum(heard**2)])
    energy = total[len(said) :] - total[: -len(said)]
    return float(np.max(matches / np.sqrt(np.maximum(energy, 1) * np.sum(said**2))))


def likeness_in_loudness(said: np.ndarray, heard: np.ndarray) -> float:
    """The same for the rise and fall of loudness, in which two utterances of one text agree."""
    return likeness(_loudness(said), _loudness(heard))


def _loudness(samples: np.ndarray) -> np.ndarray:
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES).astype(float)
    loudness = np.sqrt(np.mean(frames**2, axis=1))
    return loudness - loudness.mean()
