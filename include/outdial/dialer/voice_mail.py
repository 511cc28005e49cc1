"""The sound of one message as it is spoken: Asterisk sends it to us while it is recorded, frame by frame.

An AudioSocket frame is a kind, a length of two bytes and that many bytes. Sound is 16-bit linear, 8000 Hz.
"""

from __future__ import annotations

import array
import asyncio
import io
import sys
import wave
from dataclasses import dataclass, field

from outdial.domain.ivr.actions import Recording

HANGUP, ID, DTMF, SOUND = 0x00, 0x01, 0x03, 0x10
HANG_UP_FRAME = bytes([HANGUP, 0, 0])
ID_BYTES = 16
RATE = 8000
SAMPLE_BYTES = 2
LOUD = 256
"""Mean amplitude above which somebody speaks; what Asterisk's own silence detection takes."""

ENDING_KEYS = "#9"
SHORTEST_S = 0.5


@dataclass
class Message:
    """A message being taken; `key` is what ended it."""

    recording: Recording
    began_at: float
    loud_at: float
    sound: bytearray = field(default_factory=bytearray)
    key: str | None = None

    @property
    def seconds(self) -> float:
        """How long it is so far."""
        return len(self.sound) / (RATE * SAMPLE_BYTES)

    @property
    def ends_at(self) -> float:
        """When it is over unless somebody speaks on (loop time)."""
        latest = self.began_at + self.recording.max_seconds
        quiet_s = self.recording.silence_seconds
        return min(latest, self.loud_at + quiet_s) if quiet_s else latest

    def take_in(self, kind: int, body: bytes, now: float) -> bool:
        """Take one frame; False where the message is over."""
        if kind == SOUND:
            self.sound += body
            if is_loud(body):
                self.loud_at = now
        elif kind == DTMF and body.decode("ascii", "replace") in ENDING_KEYS:
            self.key = body.decode("ascii")
        return kind != HANGUP and self.key is None and now < self.ends_at


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The next frame's kind and body. Raises IncompleteReadError where the peer is gone."""
    head = await reader.readexactly(3)
    return head[0], await reader.readexactly(int.from_bytes(head[1:], "big"))


def is_loud(frame: bytes) -> bool:
    """Does somebody speak in it?"""
    samples = array.array("h", frame[: len(frame) // SAMPLE_BYTES * SAMPLE_BYTES])
    if sys.byteorder == "big":
        samples.byteswap()
    return bool(samples) and sum(map(abs, samples)) > LOUD * len(samples)


def as_wav(sound: bytes) -> bytes:
    """A WAV file that any player, and Asterisk, plays."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(SAMPLE_BYTES)
        out.setframerate(RATE)
        out.writeframes(sound)
    return file.getvalue()
