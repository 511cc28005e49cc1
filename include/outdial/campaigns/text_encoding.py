"""Which encoding a text file is in: UTF-8 or UTF-16 for certain, else the likeliest of those in use."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import charset_normalizer

from outdial.domain.errors import InvalidInput

CHUNK_BYTES = 1 << 20
SAMPLE_BYTES = 1 << 16
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_OTHER_SCRIPTS = ["cp1255", "cp1256", "cp1251", "cp1253"]


def find_encoding(path: Path) -> str:
    """The encoding of a whole file, read in pieces. Raises InvalidInput where it is no text."""
    with path.open("rb") as opened:
        head = opened.read(SAMPLE_BYTES)
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding
    if b"\x00" in head:
        return _without_mark(head, path)
    strange = _first_not_utf8(path)
    return "utf-8" if strange is None else _eight_bit(strange)


def known_encoding(name: str) -> str:
    """`name` itself. Raises InvalidInput where it names no encoding of text."""
    try:
        b"".decode(name)
        "".encode(name)
    except LookupError as error:
        raise InvalidInput(f"--encoding: {name!r} is no encoding; try utf-8 or cp1252") from error
    return name


def _without_mark(head: bytes, path: Path) -> str:
    """UTF-16 without its mark has a zero in every other byte of what is ASCII."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 5 < len(head):
        raise InvalidInput(f"{path} is no text: give a CSV or XLSX file")
    return "utf-16-be" if even > odd else "utf-16-le"


def _first_not_utf8(path: Path) -> bytes | None:
    """What stands around the first bytes that are no UTF-8; None where all are."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as opened:
        while True:
            chunk = opened.read(CHUNK_BYTES)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return (error.object[error.start :] + opened.read(SAMPLE_BYTES))[:SAMPLE_BYTES]
            if not chunk:
                return None


def _eight_bit(sample: bytes) -> str:
    """Western text has single accented letters between ASCII ones; other scripts have whole words of them."""
    runs = re.findall(rb"[\x80-\xff]+", sample)
    if sum(len(run) for run in runs) < 2 * len(runs):
        return "cp1252"
    match = charset_normalizer.from_bytes(sample, cp_isolation=_OTHER_SCRIPTS).best()
    return "cp1252" if match is None else match.encoding
