"""Which encoding a text file is in: Unicode for certain, else a guess that says it is one, or a refusal."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from outdial.campaigns.legacy_encodings import Reading, readings
from outdial.domain.errors import InvalidInput

CHUNK_BYTES = 1 << 20
SAMPLE_BYTES = 1 << 16
SAMPLE_LINES = 400
LIKE_WORDS = 0.6
"""Below this a reading looks like no language."""
CLEAR_LEAD = 0.07
"""Two readings nearer to each other than this cannot be told apart."""
_BYTE_ORDER_MARKS = {  # the longer first: UTF-16's is the beginning of UTF-32's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True)
class TextEncoding:
    """`doubt` is a sentence where the encoding is a guess that somebody should look at."""

    name: str
    doubt: str | None = None


def find_encoding(path: Path) -> TextEncoding:
    """The encoding of a whole file, read in pieces.

    Raises InvalidInput where it is no text, or text that several encodings read as words.
    """
    with path.open("rb") as opened:
        head = opened.read(SAMPLE_BYTES)
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return TextEncoding(encoding)
    if b"\x00" in head:
        return TextEncoding(_without_mark(head, path))
    if _is_utf8(path):
        return TextEncoding("utf-8")
    return _guess(list(_strange_lines(path)), path)


def known_encoding(name: str) -> TextEncoding:
    """`name` itself. Raises InvalidInput where it names no encoding of text."""
    try:
        b"".decode(name)
        "".encode(name)
    except LookupError as error:
        raise InvalidInput(f"--encoding: {name!r} is no encoding; try utf-8 or cp1252") from error
    return TextEncoding(name)


def _without_mark(head: bytes, path: Path) -> str:
    """UTF-16 and UTF-32 without a mark have zeros where the high bytes of ASCII are."""
    head = head[: len(head) // 4 * 4]
    zeros = [head[place::4].count(0) * 4 / max(1, len(head)) for place in range(4)]
    by_encoding = {
        "utf-32-be": min(zeros[0], zeros[1]),
        "utf-32-le": min(zeros[2], zeros[3]),
        "utf-16-be": (zeros[0] + zeros[2]) / 2,
        "utf-16-le": (zeros[1] + zeros[3]) / 2,
    }
    for encoding, share in by_encoding.items():
        if share > (0.9 if "32" in encoding else 0.1) and _is_text(head, encoding):
            return encoding
    raise InvalidInput(f"{path} is no text: give a CSV or XLSX file")


def _is_text(head: bytes, encoding: str) -> bool:
    text = head.decode(encoding, errors="replace")
    bad = sum(not (character.isprintable() or character in "\t\r\n\ufeff") for character in text)
    return bad + text.count("\ufffd") <= len(text) * 0.02


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as opened:
        try:
            while chunk := opened.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _strange_lines(path: Path) -> Iterator[bytes]:
    """Lines with bytes beyond ASCII, from the whole file, at most so many."""
    left = SAMPLE_LINES
    with path.open("rb") as opened:
        while left and (piece := opened.readline(SAMPLE_BYTES)):
            for line in re.split(rb"[\r\n]+", piece):
                if not line.isascii() and left:
                    left -= 1
                    yield line


def _guess(lines: Sequence[bytes], path: Path) -> TextEncoding:
    in_utf8 = sum(_decodes(line, "utf-8") for line in lines)
    if in_utf8 * 2 > len(lines):
        odd = next(line for line in lines if not _decodes(line, "utf-8"))
        shown = odd.decode("ascii", errors="replace")[:60]
        raise InvalidInput(
            f"{path} is UTF-8 but for some lines, as {shown!r}: mend those, or name one --encoding for all"
        )
    found = readings(lines)
    if not found or found[0].likeness < LIKE_WORDS:
        raise InvalidInput(
            f"{path} is in an encoding that cannot be told{_shown(found[:3])}: name it with --encoding"
        )
    return _best_of(found, path)


def _best_of(found: Sequence[Reading], path: Path) -> TextEncoding:
    best = found[0]
    rivals = [
        reading
        for reading in found[1:]
        if reading.likeness > best.likeness - CLEAR_LEAD and reading.words != best.words
    ]
    if any(rival.script != best.script or rival.script in {"han", "kana"} for rival in rivals):
        raise InvalidInput(
            f"{path} may be in one of several encodings{_shown([best, *rivals])}: name the right one "
            f"with --encoding"
        )
    doubt = f"the text was read as {best.name_and_words}, which is a guess"
    if rivals:
        doubt += f" (it could be {', '.join(rival.name_and_words for rival in rivals[:2])})"
    return TextEncoding(best.encoding, f"{doubt}; if names look wrong, name the encoding with --encoding")


def _shown(found: Sequence[Reading]) -> str:
    return f" ({', '.join(reading.name_and_words for reading in found)})" if found else ""


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
