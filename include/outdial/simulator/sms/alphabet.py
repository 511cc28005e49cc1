"""Texts as telephones have them: the GSM alphabet, UCS-2, and how many parts a text takes. 3GPP TS 23.038."""

from __future__ import annotations

from enum import StrEnum

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\",
    0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip
_ESCAPE = 0x1B
_TO_GSM = {letter: bytes([code]) for code, letter in enumerate(_BASIC) if code != _ESCAPE} | {
    letter: bytes([_ESCAPE, code]) for code, letter in _ESCAPED.items()
}

OCTETS_OF_A_PART = 140
SEPTETS_OF_A_PART = 160
_GSM_SINGLE, _GSM_JOINED = 160, 153
_UCS2_SINGLE, _UCS2_JOINED = 70, 67


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


def encoding_of(text: str) -> Encoding:
    """GSM-7 where it has every letter of the text."""
    return Encoding.GSM7 if all(letter in _TO_GSM for letter in text) else Encoding.UCS2


def encode(text: str, encoding: Encoding) -> bytes:
    """One octet for each septet, as SMPP has them; letters that GSM-7 has not become question marks."""
    if encoding is Encoding.UCS2:
        return text.encode("utf-16-be", "surrogatepass")
    return b"".join(_TO_GSM.get(letter, b"?") for letter in text)


def decode(octets: bytes, encoding: Encoding) -> str:
    """What the telephone shows. What it cannot read is U+FFFD: half a character, an octet above 0x7F."""
    if encoding is Encoding.UCS2:
        return octets.decode("utf-16-be", "replace")
    shown: list[str] = []
    escaped = False
    for octet in octets:
        if octet == _ESCAPE and not escaped:
            escaped = True
            continue
        shown.append(_letter(octet, escaped=escaped))
        escaped = False
    return "".join(shown) + ("\ufffd" if escaped else "")


def _letter(octet: int, *, escaped: bool) -> str:
    if octet >= len(_BASIC):
        return "\ufffd"
    # A telephone that does not know an escaped letter shows the plain one in its place.
    return _ESCAPED.get(octet, _BASIC[octet]) if escaped else _BASIC[octet]


def split(text: str, encoding: Encoding) -> list[str]:
    """The parts of a text that the carrier splits itself; no letter is torn."""
    single, joined = (_GSM_SINGLE, _GSM_JOINED) if encoding is Encoding.GSM7 else (_UCS2_SINGLE, _UCS2_JOINED)
    if _units(text, encoding) <= single:
        return [text]
    parts, room = [""], joined
    for letter in text:
        cost = _units(letter, encoding)
        if cost > room:
            parts.append("")
            room = joined
        parts[-1] += letter
        room -= cost
    return parts


def _units(text: str, encoding: Encoding) -> int:
    octets = len(encode(text, encoding))
    return octets if encoding is Encoding.GSM7 else octets // 2
