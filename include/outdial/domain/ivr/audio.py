"""How a flow names its audio: an address on the web, a sound Asterisk has, or an object of our storage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from outdial.domain.ivr.flow import IvrFlow

SOUND_PREFIX = "sound:"
"""Audio that Asterisk has on its own disk, by its name without extension."""

STORED_PREFIX = "storage:"
"""Audio below `audio/` in our storage, which a dialer hands to Asterisk over HTTP."""

FORMATS = {
    "wav": "audio/wav",
    "ulaw": "audio/basic",
    "alaw": "audio/x-alaw-basic",
    "gsm": "audio/x-gsm",
    "sln": "application/octet-stream",
}
"""Content types by extension. Asterisk knows a format by its extension alone."""

AUDIO_FORM = (
    "must be an http(s) URL without spaces or quotes, sound:name (a sound Asterisk has), "
    f"or storage:name with an extension that Asterisk plays ({', '.join(FORMATS)})"
)

_URL = re.compile(r"https?://[^\s\"\\\x00-\x1f]+")
_SOUND = re.compile(SOUND_PREFIX + r"[A-Za-z0-9_][A-Za-z0-9_/-]*")
# A part of a stored name is what an object store and a folder both take, and never leads upwards.
_STORED_PART = re.compile(r"(?!\.)[^\x00-\x1f\x7f\\/:*?\"<>|#%]{1,200}")


@dataclass(frozen=True, slots=True)
class NamedAudio:
    """Audio as a flow writes it, and the field that names it."""

    place: str
    audio: str


def is_playable(audio: str) -> bool:
    """Is it written as audio can be?"""
    return is_on_the_web(audio) or bool(_SOUND.fullmatch(audio)) or stored_name(audio) is not None


def is_on_the_web(audio: str) -> bool:
    """Is it an address that Asterisk fetches by itself?"""
    return bool(_URL.fullmatch(audio))


def stored_name(audio: str) -> str | None:
    """The path below the storage's `audio/` where `audio` names an object there; None for anything else."""
    name = audio.removeprefix(STORED_PREFIX)
    parts = name.split("/")
    if name == audio or not all(_STORED_PART.fullmatch(part) for part in parts):
        return None
    return name if "." in parts[-1] and extension(name) in FORMATS else None


def extension(name: str) -> str:
    """What stands after the last dot, in lower case."""
    return name.rpartition(".")[2].lower()


def named_audio(flow: IvrFlow) -> Iterator[NamedAudio]:
    """Every audio of a flow; `place` names its field and its node."""
    for field, audio in (
        ("optOutAudioUrl", flow.opt_out_audio_url),
        ("invalidAudioUrl", flow.invalid_audio_url),
        ("timeoutAudioUrl", flow.timeout_audio_url),
    ):
        if audio is not None:
            yield NamedAudio(field, audio)
    for node in flow.nodes:
        for field, audio in (
            ("audioUrl", node.audio_url),
            ("invalidAudioUrl", node.invalid_audio_url),
            ("timeoutAudioUrl", node.timeout_audio_url),
        ):
            if audio is not None:
                yield NamedAudio(f'node "{node.id}": {field}', audio)
