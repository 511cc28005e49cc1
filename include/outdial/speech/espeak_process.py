"""The process that speaks with eSpeak NG: a library that cannot do two things at once, and under the GPL.

Started by `espeak` as `python -m outdial.speech.espeak_process`; it ends when its input does.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import BinaryIO

import espeakng_loader

from outdial.speech.espeak_wire import LENGTHS, packed
from outdial.speech.telephone_rate import at_telephone_rate

# From espeak-ng/speak_lib.h.
_SYNCHRONOUS, _NEVER_EXIT = 2, 0x8000
_UTF8 = 1
_OF_CHARACTERS = 1


_OnSamples = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """The library, opened once in a process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _NEVER_EXIT)
        self._said = bytearray()
        # ctypes frees a callback that nothing holds.
        self._on_samples = _OnSamples(self._take)
        self._library.espeak_SetSynthCallback(self._on_samples)

    def speak(self, text: str, voice: str) -> bytes:
        """Samples at 8 kHz. Raises RuntimeError where the library refuses."""
        self._said.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise RuntimeError(f"has no voice {voice}")
        written = text.encode()
        size = ctypes.c_size_t(len(written) + 1)
        flags = ctypes.c_uint(_UTF8)
        if self._library.espeak_Synth(written, size, 0, _OF_CHARACTERS, 0, flags, None, None) != 0:
            raise RuntimeError("cannot say it")
        return at_telephone_rate(bytes(self._said), self._rate)

    def _take(self, samples: object, count: int, _events: object) -> int:
        if count > 0:
            self._said += ctypes.string_at(samples, 2 * count)  # pyright: ignore[reportArgumentType]
        return 0


def main() -> None:
    """Say whatever is asked for, until nobody asks any more."""
    espeak = Espeak()
    asking, answers = sys.stdin.buffer, sys.stdout.buffer
    while lengths := asking.read(LENGTHS.size):
        asked = json.loads(asking.read(LENGTHS.unpack(lengths)[0]))
        try:
            _send(answers, packed({}, espeak.speak(asked["text"], asked["voice"])))
        except RuntimeError as error:
            _send(answers, packed({"error": str(error)}))


def _send(answers: BinaryIO, message: bytes) -> None:
    answers.write(message)
    answers.flush()


if __name__ == "__main__":
    main()
