"""Which of eSpeak NG's voices speaks a language, by the files that describe them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import espeakng_loader

from outdial.domain.errors import InvalidInput
from outdial.domain.voices import Voice

_NOT_UNDERSTOOD = {
    "he": "reads Hebrew without its vowels, which nobody understands; give recorded audio",
}
_USUAL_PRIORITY = 5


def voice_for(voice: Voice) -> str:
    """The identifier of the named voice, or of the one that speaks the language best.

    Raises InvalidInput where there is none, or none that people understand.
    """
    if voice.base_language in _NOT_UNDERSTOOD:
        raise InvalidInput(f"cannot be said: the local voice {_NOT_UNDERSTOOD[voice.base_language]}")
    voices = _known_voices()
    if voice.name is not None:
        if voice.name not in voices:
            raise InvalidInput(f"cannot be said: there is no local voice {voice.name}; leave out its name")
        return voice.name
    best = _best(voices, voice.language.lower()) or _best(voices, voice.base_language)
    if best is None:
        raise InvalidInput(f"cannot be said: no local voice speaks {voice.language}; give audio")
    return best


@cache
def _known_voices() -> Mapping[str, list[tuple[int, str]]]:
    """The languages of each voice, by its identifier; the lower the number, the better it speaks them."""
    folder = Path(espeakng_loader.get_data_path()) / "lang"
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): list(_languages(file.read_text("utf-8"))) for file in files}


def _languages(voice_file: str) -> Iterator[tuple[int, str]]:
    """`language en-us 2`: the number may be missing."""
    for line in voice_file.splitlines():
        match line.split():
            case ["language", name, priority, *_] if priority.isdecimal():
                yield int(priority), name.lower()
            case ["language", name, *_]:
                yield _USUAL_PRIORITY, name.lower()
            case _:
                pass


def _best(voices: Mapping[str, list[tuple[int, str]]], language: str) -> str | None:
    found = [
        (priority, identifier)
        for identifier, languages in voices.items()
        for priority, name in languages
        if name == language
    ]
    return min(found)[1] if found else None
