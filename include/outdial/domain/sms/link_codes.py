"""The codes of short links: a link's id, hidden and signed, in a few characters that fit any text.

An id is sealed as in SIV mode (RFC 5297): a code starts from the id's MAC, cut to 32 bits, and that MAC also
hides the id. So nobody can tell how many links there are, or write down the code of the next.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from outdial.domain.errors import Broken, InvalidInput

ALPHABET = "23456789BCDFGHJKLMNPQRSTVWXYZbcdfghjkmnpqrstvwxyz"
"""Nothing that is read for something else (0 O o 1 I l i), and no vowels: no code is a word that offends."""

CODE_LENGTH = 12
SAMPLE_CODE = "x" * CODE_LENGTH
"""As long as every code, and none: it stands for a number beyond those of codes."""

LEAST_SECRET_BYTES = 16

_ID_BITS = 35
_TAG_BITS = 32
_TAG_BYTES = _TAG_BITS // 8
_TAG = (1 << _TAG_BITS) - 1
_VALUE_OF = {character: value for value, character in enumerate(ALPHABET)}


def code_of(link_id: int, secret: bytes) -> str:
    """The code of a link.

    Raises InvalidInput for a secret that can be guessed, Broken for an id over 34 milliards.
    """
    if not 0 < link_id < 1 << _ID_BITS:
        raise Broken(f"there is no code for link {link_id}")
    tag = _tag_of(link_id, secret)
    return "".join(_spelled((link_id ^ _mask_of(tag, secret)) << _TAG_BITS | tag))


def link_id_in(code: str, secret: bytes) -> int | None:
    """The id of the link a code is of; None for a code we did not make.

    Any other code is taken for one of ours once in 2^32 (4.3 milliards) tries, and then leads somewhere only
    where a link has that id. Raises InvalidInput for a secret that can be guessed.
    """
    value = _read(code)
    if value is None:
        return None
    tag = value & _TAG
    link_id = (value >> _TAG_BITS) ^ _mask_of(tag, secret)
    made_here = hmac.compare_digest(
        tag.to_bytes(_TAG_BYTES, "big"), _tag_of(link_id, secret).to_bytes(_TAG_BYTES, "big")
    )
    return link_id if made_here and link_id else None


def secret_problem(secret: bytes) -> str | None:
    """Why no codes can be made with it, in words that follow the setting's name; None where they can."""
    if len(secret) < LEAST_SECRET_BYTES:
        return f"has {len(secret)} bytes; take {LEAST_SECRET_BYTES} random ones or more"
    return None


def _tag_of(link_id: int, secret: bytes) -> int:
    return _mac(secret, b"tag", link_id) >> (256 - _TAG_BITS)


def _mask_of(tag: int, secret: bytes) -> int:
    return _mac(secret, b"mask", tag) >> (256 - _ID_BITS)


def _mac(secret: bytes, use: bytes, number: int) -> int:
    if problem := secret_problem(secret):
        raise InvalidInput(f"LINKS_SECRET {problem}")
    message = b"outdial short link %s %d" % (use, number)
    return int.from_bytes(hmac.digest(secret, message, "sha256"), "big")


def _spelled(value: int) -> Iterator[str]:
    for place in reversed(range(CODE_LENGTH)):
        yield ALPHABET[value // len(ALPHABET) ** place % len(ALPHABET)]


def _read(code: str) -> int | None:
    if len(code) != CODE_LENGTH:
        return None
    value = 0
    for character in code:
        if character not in _VALUE_OF:
            return None
        value = value * len(ALPHABET) + _VALUE_OF[character]
    return value if value >> (_ID_BITS + _TAG_BITS) == 0 else None
