"""A file Asterisk cannot play is told before anybody is called, with the command that makes it playable."""

from __future__ import annotations

import io
import struct
import wave

import pytest

from outdial.domain.ivr.sound import sound_problem


def wav(rate: int = 8000, channels: int = 1, width: int = 2, frames: int = 80) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(bytes(frames * channels * width))
    return file.getvalue()


ODD_CHUNK = b"LIST" + struct.pack("<I", 3) + b"abc\0"


def test_what_asterisk_plays_has_no_problem() -> None:
    assert sound_problem("a.wav", wav()) is None
    assert sound_problem("a.WAV", wav()) is None
    assert sound_problem("a.wav", wav()[:12] + ODD_CHUNK + wav()[12:]) is None
    assert sound_problem("a.ulaw", b"\xff" * 80) is None


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.wav", b"", "is empty"),
        ("a.wav", wav(44100), "is WAV of 44100 Hz, 16 bits, 1 channels (PCM); Asterisk plays 8000 Hz"),
        ("a.wav", wav(channels=2), "16 bits, 2 channels"),
        ("a.wav", wav(width=1), "8 bits, 1 channels"),
        ("a.wav", wav(frames=0), "is a WAV without sound"),
        ("a.wav", wav()[:12], "is a WAV without a format"),
        ("a.wav", b"ID3\x04rest", "is MP3, whatever its name says"),
        ("a.wav", b"nothing at all", "is no WAV"),
        ("a.wav", b"<!doctype html>", "is a web page"),
        ("a.ulaw", b"OggS", "is Ogg"),
    ],
)
def test_what_it_does_not_play_is_named(name: str, content: bytes, said: str) -> None:
    problem = sound_problem(name, content)
    assert problem is not None
    assert said in problem


def test_the_way_out_is_a_command() -> None:
    assert "ffmpeg -i IN -ar 8000 -ac 1 -c:a pcm_s16le OUT.wav" in (sound_problem("a.wav", wav(16000)) or "")
