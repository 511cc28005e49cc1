"""Which characters keep a text out of GSM-7, and the plain ones that look like them.

Word processors put typographic marks where a key was plain, and one of them more than halves what a part
holds. Letters are never replaced: a name without its accents is another name. Whether marks may be is the
campaign's to say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from outdial.domain.sms.encoding import is_gsm_7, split_text

_LOOKALIKES = {
    "'": "\u2018\u2019\u201a\u201b\u02bc\u02b9\u2032\u2039\u203a\u00b4`",
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
    " ": "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f",
    "\n": "\u2028\u2029\u0085",
    "...": "\u2026",
    "/": "\u2044\u2215",
    "": "\u00ad\u200b\u2060\ufeff",
}
_PLAIN = {mark: plain for plain, marks in _LOOKALIKES.items() for mark in marks}
_WITH_ACCENTS = re.compile(r"[^\W\d_][\u0300-\u036f]+")
"""A letter and its accent as two characters, as files from a Mac have them; GSM-7 may have both in one."""


@dataclass(frozen=True, slots=True)
class ForcingCharacter:
    """A character that GSM-7 has not. `position` counts from 1; `plain` is what looks like it, if any."""

    position: int
    character: str
    plain: str | None

    @property
    def name(self) -> str:
        """Its Unicode name, for those who cannot see or type it."""
        return f"U+{ord(self.character):04X} {unicodedata.name(self.character, 'control character')}"


def forcing_characters(text: str) -> tuple[ForcingCharacter, ...]:
    """Every character for whose sake the text is sent in UCS-2, in its order."""
    return tuple(_forcing(text))


def parts_without(text: str) -> int:
    """How many parts the text had if GSM-7 had a character for each one that forces it out."""
    return len(split_text("".join(_stand_ins(text))).parts)


def in_plain_characters(text: str) -> str:
    """The text with plain characters for typographic ones; as it was where that makes no fewer parts."""
    plain = "".join(_PLAIN.get(character, character) for character in _WITH_ACCENTS.sub(_composed, text))
    return plain if len(split_text(plain).parts) < len(split_text(text).parts) else text


def _forcing(text: str) -> Iterator[ForcingCharacter]:
    for position, character in enumerate(text, 1):
        if not is_gsm_7(character):
            yield ForcingCharacter(position, character, _PLAIN.get(character))


def _stand_ins(text: str) -> Iterator[str]:
    for character in _WITH_ACCENTS.sub(_composed, text):
        yield character if is_gsm_7(character) else _PLAIN.get(character, "?")


def _composed(match: re.Match[str]) -> str:
    composed = unicodedata.normalize("NFC", match.group())
    return composed if is_gsm_7(composed) else match.group()
