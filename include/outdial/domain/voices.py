"""Which voice says a text: its language, and whether that language is written in the text's letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

EngineName = Literal["local", "polly"]

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_REGION_CHARS = 2
_FORMERLY = {"iw": "he", "in": "id", "ji": "yi"}
"""Codes that were replaced in 1989 and are still written."""

_SCRIPTS: Mapping[str, frozenset[str]] = {
    "HEBREW": frozenset({"he", "yi"}),
    "ARABIC": frozenset({"ar", "arb", "fa", "ur", "sd", "ug", "ps", "ckb", "ku", "pa", "ks"}),
    "CYRILLIC": frozenset({"ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "tt", "ba", "cv", "mn", "tg"}),
    "GREEK": frozenset({"el", "grc"}),
    "ARMENIAN": frozenset({"hy", "hyw"}),
    "GEORGIAN": frozenset({"ka"}),
    "ETHIOPIC": frozenset({"am", "ti"}),
    "DEVANAGARI": frozenset({"hi", "mr", "ne", "kok", "bpy"}),
    "THAI": frozenset({"th"}),
    "HANGUL": frozenset({"ko"}),
    "HIRAGANA": frozenset({"ja"}),
    "KATAKANA": frozenset({"ja"}),
    "CJK": frozenset({"cmn", "zh", "yue", "hak", "ja", "ko"}),
}
"""Languages by the script of a letter's Unicode name. Latin letters stand in texts of every language."""


class Voice(BaseModel):
    """What a campaign, a flow or a node writes as `voice`; a bare text is its language.

    `name` is a voice's name with its engine, such as Amy with Polly; without it the engine's own for the
    language. `engine` None is the one the deployment has chosen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    language: str = Field(default="en-US", max_length=35)
    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9 _/+()-]{0,59}$")
    engine: EngineName | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_language(cls, written: object) -> object:
        return {"language": written} if isinstance(written, str) else written

    @field_validator("language")
    @classmethod
    def _as_a_tag(cls, language: str) -> str:
        if not _LANGUAGE.fullmatch(language):
            raise ValueError("write a language as en-US, fr or he")
        first, *rest = language.split("-")
        first = _FORMERLY.get(first.lower(), first.lower())
        return "-".join([first, *(part.upper() if len(part) == _REGION_CHARS else part for part in rest)])

    @property
    def base_language(self) -> str:
        """The language without its region."""
        return self.language.partition("-")[0]


def is_written_in(text: str, voice: Voice) -> bool:
    """Are all letters of the text such as the voice's language is written in?"""
    return foreign_letters(text, voice) is None


def foreign_letters(text: str, voice: Voice) -> str | None:
    """What is wrong with a text whose letters the voice's language has not: it would spell them out."""
    for letter in text:
        if letter.isascii() or not letter.isalpha():
            continue
        script = unicodedata.name(letter, "").partition(" ")[0]
        if script in _SCRIPTS and voice.base_language not in _SCRIPTS[script]:
            return (
                f"has {script.capitalize()} letters, and its voice speaks {voice.language}; "
                "give a voice that speaks the text's language"
            )
    return None
