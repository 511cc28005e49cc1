"""How a text goes over the air: in which alphabet, in how many parts, and where it is split.

3GPP TS 23.038 §6.2.1 has the alphabet, TS 23.040 §9.2.3.24.1 the header that joins parts. National shift
tables (TS 23.038 annex A) are not used: neither AWS nor Vonage offers them, and telephones that lack one show
other letters in its place. Beyond the alphabet everything is UTF-16, which networks call UCS-2: Hebrew
and Arabic with all their marks, in the order in which they are read. The telephone does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from outdial.domain.errors import InvalidInput

_ESCAPE = 0x1B
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
"""The GSM 7-bit default alphabet; a character's place is its code."""

_EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
"""Reached by an escape, so that each counts twice."""

_SEPTETS = {character: bytes((code,)) for code, character in enumerate(_BASIC) if code != _ESCAPE} | {
    character: bytes((_ESCAPE, code)) for character, code in _EXTENSION.items()
}

_CHARACTERS = dict(enumerate(_BASIC))
_EXTENDED_CHARACTERS = {code: character for character, code in _EXTENSION.items()}

MOST_PARTS = 255
"""The header that joins parts counts them in one octet."""


class Encoding(StrEnum):
    """What a text is written in on the wire."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"

    @property
    def units_alone(self) -> int:
        """How much a text of one part holds: septets, or UTF-16 code units."""
        return 160 if self is Encoding.GSM_7 else 70

    @property
    def units_joined(self) -> int:
        """How much each part of a longer text holds, beside the six octets that join it to the others."""
        return 153 if self is Encoding.GSM_7 else 67


@dataclass(frozen=True, slots=True)
class SplitText:
    """A text as it is sent.

    `units` are septets or UTF-16 code units; `units_left` are those free in the last part.
    """

    encoding: Encoding
    parts: tuple[str, ...]
    units: int
    units_left: int

    def cost(self, price_per_part: Decimal) -> Decimal:
        """What sending it once costs, in the currency of the price."""
        return len(self.parts) * price_per_part


def is_gsm_7(text: str) -> bool:
    """Does the GSM 7-bit alphabet have every character?"""
    return all(character in _SEPTETS for character in text)


def split_text(text: str) -> SplitText:
    """The text in its parts, which joined give it back; no character is split between two. None for "".

    Raises InvalidInput for a text that no network can carry.
    """
    encoding = Encoding.GSM_7 if is_gsm_7(text) else Encoding.UCS_2
    units_of = _septets_of if encoding is Encoding.GSM_7 else _code_units_of
    units = sum(map(units_of, text))
    if units <= encoding.units_alone:
        return SplitText(encoding, (text,) if text else (), units, encoding.units_alone - units)
    parts = tuple(_joined_parts(text, units_of, encoding.units_joined))
    if len(parts) > MOST_PARTS:
        raise InvalidInput(f"makes {len(parts)} parts, and a text has at most {MOST_PARTS}; shorten it")
    return SplitText(encoding, parts, units, encoding.units_joined - sum(map(units_of, parts[-1])))


def octets_of(part: str, encoding: Encoding) -> bytes:
    """A part as SMPP carries it: UTF-16, or one septet in each octet, which the network packs."""
    if encoding is Encoding.UCS_2:
        return part.encode("utf-16-be")
    return b"".join(_SEPTETS[character] for character in part)


def text_of_septets(septets: bytes) -> str:
    """What one septet in each octet says; U+FFFD for those that are none.

    After an escape, a letter that is not in the extension is read as if there were no escape (§6.2.1.1).
    """
    characters, codes = list[str](), iter(septets)
    for code in codes:
        after_escape = next(codes, _ESCAPE) if code == _ESCAPE else None
        if after_escape is None:
            characters.append(_CHARACTERS.get(code, "\ufffd"))
        elif after_escape != _ESCAPE:
            plain = _CHARACTERS.get(after_escape, "\ufffd")
            characters.append(_EXTENDED_CHARACTERS.get(after_escape, plain))
    return "".join(characters)


def _joined_parts(text: str, units_of: Callable[[str], int], units_joined: int) -> Iterator[str]:
    start, units = 0, 0
    for index, character in enumerate(text):
        units += units_of(character)
        if units > units_joined:
            yield text[start:index]
            start, units = index, units_of(character)
    yield text[start:]


def _septets_of(character: str) -> int:
    return len(_SEPTETS[character])


def _code_units_of(character: str) -> int:
    if "\ud800" <= character <= "\udfff":
        raise InvalidInput(f"has half a character (U+{ord(character):04X}), as left by a cut; write it anew")
    return 1 if character <= "\uffff" else 2
