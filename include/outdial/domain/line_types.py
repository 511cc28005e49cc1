"""What a list says of a line: mobile, landline or neither, in the words of people and of look-up services."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache

from outdial.domain.channels import LineType

_WORDS: Mapping[LineType, frozenset[str]] = {
    LineType.MOBILE: frozenset({
        "mobile", "mobil", "mobilephone", "cell", "cellular", "cellphone", "wireless", "smartphone", "gsm",
        "prepaid", "postpaid", "m", "handy", "movil", "celular", "telemovel", "portable", "cellulare",
        "mobiltelefon", "נייד", "סלולרי", "جوال", "موبايل", "محمول", "мобильный", "сотовый",
    }),
    LineType.LANDLINE: frozenset({
        "landline", "land", "fixed", "fixedline", "fixedphone", "wireline", "pstn", "l",
        "festnetz", "fijo", "fija", "fixe", "fixo", "fisso", "קווי", "נייח", "ثابت", "أرضي",
        "городской", "стационарный",
    }),
    LineType.UNKNOWN: frozenset({
        "voip", "fixedvoip", "nonfixedvoip", "fixedlineormobile", "mobileorlandline", "tollfree", "premium",
        "premiumrate", "sharedcost", "personal", "personalnumber", "uan", "pager", "voicemail", "virtual",
        "other",
    }),
}  # fmt: skip
"""UNKNOWN are lines that may take texts or not; nobody can say before one is sent."""

_NOTHING_SAID = frozenset({"", "unknown", "none", "null", "na", "undetermined", "0"})
_NO_LETTERS = re.compile(r"[\W_]+")


def read_line_type(written: str) -> LineType | None:
    """What a cell of a list says of the line; None where its word is not known here, and UNKNOWN for VoIP."""
    return _line_types().get(_letters(written))


def says_nothing(written: str) -> bool:
    """Does a cell say that nobody knows? Then the number tells, where it can."""
    return _letters(written) in _NOTHING_SAID


@cache
def _line_types() -> Mapping[str, LineType]:
    return {_letters(word): line for line, words in _WORDS.items() for word in words}


@lru_cache(maxsize=1024)
def _letters(written: str) -> str:
    plain = unicodedata.normalize("NFKD", written.casefold())
    return _NO_LETTERS.sub("", "".join(each for each in plain if not unicodedata.combining(each)))
