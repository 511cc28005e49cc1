"""What people type, down to its words: messages that differ in nothing a reader would mind are the same."""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]"
)
"""Accents, Hebrew points, Arabic vowels and the stroke that stretches a word, variants of emoji."""

_SAME = str.maketrans({"ى": "ي", "ة": "ه", "ı": "i"})  # noqa: RUF001 - letters that are written for each other
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc\u00b4`\u05f3]")
_WORD = re.compile("[^\\W_]+|[\U0001f300-\U0001faff]")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")


def normal_words(text: str) -> tuple[str, ...]:
    """The words of a message: no case, accents, points, punctuation or unseen marks; full width is as plain.

    `S T O P`, `stoooop` and `s.t.o.p` are all `stop`, and `don't` is `dont`.
    """
    seen = "".join(character for character in text if unicodedata.category(character) != "Cf")
    letters = _MARKS.sub("", unicodedata.normalize("NFKD", seen.casefold())).translate(_SAME)
    words = _WORD.findall(_DRAWN_OUT.sub(r"\1", _APOSTROPHES.sub("", letters)))
    if len(words) > 1 and all(len(word) == 1 and word.isalpha() for word in words):
        return ("".join(words),)
    return tuple(words)
