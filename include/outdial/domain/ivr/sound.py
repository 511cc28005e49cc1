"""Whether Asterisk can play a file, told by its first bytes: WAV is many formats, and it plays one."""

from __future__ import annotations

import struct

from outdial.domain.ivr.audio import extension

_PCM = 1
_EXTENSIBLE = 0xFFFE
_RATE, _BITS = 8000, 16
_HINT = "make it so with `ffmpeg -i IN -ar 8000 -ac 1 -c:a pcm_s16le OUT.wav`"
_STARTS = {b"ID3": "MP3", b"\xff\xfb": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC", b"<": "a web page, not audio"}
_SHORTEST_HEADER = 16


def sound_problem(name: str, content: bytes) -> str | None:
    """Why Asterisk cannot play this, in words that follow its name; None where nothing speaks against it."""
    if not content:
        return "is empty"
    if extension(name) == "wav":
        return _wav_problem(content)
    other = _other_format(content)
    return f"is {other}, whatever its name says; {_HINT}" if other else None


def _wav_problem(content: bytes) -> str | None:
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return f"is {_other_format(content) or 'no WAV'}, whatever its name says; {_HINT}"
    header = _chunk(content, b"fmt ")
    if header is None or len(header) < _SHORTEST_HEADER:
        return f"is a WAV without a format; {_HINT}"
    kind, channels, rate, _bytes_per_s, _block, bits = struct.unpack("<HHIIHH", header[:_SHORTEST_HEADER])
    if (kind, channels, rate, bits) != (_PCM, 1, _RATE, _BITS):
        shown = {_PCM: "PCM", _EXTENSIBLE: "extensible"}.get(kind, f"encoding {kind}")
        return (
            f"is WAV of {rate} Hz, {bits} bits, {channels} channels ({shown}); Asterisk plays "
            f"{_RATE} Hz, {_BITS} bits, 1 channel (PCM): {_HINT}"
        )
    return None if _chunk(content, b"data") else f"is a WAV without sound; {_HINT}"


def _chunk(content: bytes, name: bytes) -> bytes | None:
    at = 12
    while at + 8 <= len(content):
        (size,) = struct.unpack_from("<I", content, at + 4)
        if content[at : at + 4] == name:
            return content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return None


def _other_format(content: bytes) -> str | None:
    return next((name for start, name in _STARTS.items() if content.startswith(start)), None)
