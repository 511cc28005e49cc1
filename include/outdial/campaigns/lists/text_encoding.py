"""Which encoding a text file is in: Unicode for certain, else a guess that says it is one, or a refusal."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import charset_normalizer

from outdial.domain.errors import InvalidInput

CHUNK_BYTES = 1 << 20
SAMPLE_BYTES = 1 << 16
SAMPLE_LINES = 400
MESS_APART, LANGUAGE_APART = 0.02, 0.1
"""Two readings nearer to each other than this, by charset-normalizer's measures, cannot be told apart."""
_IN_USE = (
    "cp1252", "cp1251", "cp1255", "cp1256", "cp1253", "cp1250", "cp1254", "cp1257", "cp1258", "cp874",
    "cp932", "gb18030", "big5", "cp949", "euc_jp", "koi8_r", "mac_roman", "cp862", "cp866",
)  # fmt: skip
"""What spreadsheets and older systems write, the more usual first."""
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
    matches = charset_normalizer.from_bytes(b"\n".join(lines), cp_isolation=list(_IN_USE))
    found = [match for match in matches if not _mixes_scripts(str(match))]
    if not found:
        raise InvalidInput(f"{path} is in an encoding that cannot be told: name it with --encoding")
    # Many encodings read Western text equally well: of those the usual one is meant.
    best = min((match for match in found if _marks(match) == _marks(found[0])), key=_usualness)
    rivals = [match for match in found if str(match) != str(best) and _is_as_likely(match, best)]
    # A Western name read in a neighbouring code page is still that name; elsewhere nothing is left of it.
    if rivals and any(_script(match) != "LATIN" for match in (best, *rivals)):
        raise InvalidInput(
            f"{path} may be in one of several encodings ({_shown(best, *rivals)}): name the right one with "
            "--encoding"
        )
    doubt = f"the text was read as {_shown(best)}, which is a guess"
    if rivals:
        doubt += f" (as {_shown(best, *rivals)})"
    return TextEncoding(_usual_name(best), f"{doubt}; if names look wrong, name the encoding with --encoding")


def _marks(match: charset_normalizer.CharsetMatch) -> tuple[float, float]:
    return match.chaos, match.coherence


def _usualness(match: charset_normalizer.CharsetMatch) -> int:
    return _IN_USE.index(_usual_name(match))


def _usual_name(match: charset_normalizer.CharsetMatch) -> str:
    """Of the encodings that read the sample as this one does, the most usual."""
    return min(match.could_be_from_charset, key=_IN_USE.index)


def _mixes_scripts(text: str) -> bool:
    """Whether some word has both Latin letters and others: accents read in a wrong encoding look so."""
    words = re.findall(r"[^\W\d_]+", text)
    return any(
        {"LATIN"} < {unicodedata.name(letter, "").partition(" ")[0] for letter in word} for word in words
    )


def _is_as_likely(match: charset_normalizer.CharsetMatch, best: charset_normalizer.CharsetMatch) -> bool:
    return match.chaos <= best.chaos + MESS_APART and match.coherence >= best.coherence - LANGUAGE_APART


def _script(match: charset_normalizer.CharsetMatch) -> str:
    """LATIN, CYRILLIC, HEBREW …, of the first letter beyond ASCII."""
    strange = (character for character in str(match) if character.isalpha() and not character.isascii())
    return unicodedata.name(next(strange, "a"), "").partition(" ")[0]


def _shown(*matches: charset_normalizer.CharsetMatch) -> str:
    """The same word in each reading, as a person can judge it: `cp1255: 'נועה', cp1251: 'ретд'`."""
    texts = [re.findall(r"[^\s,;|\"]+", str(match)) for match in matches[:3]]
    words = [word for word in zip(*texts, strict=False) if not all(text.isascii() for text in word)]
    telling = next((word for word in words if len(set(word)) > 1), words[0])
    shown = zip(matches, telling, strict=False)
    return ", ".join(f"{_usual_name(match)}: {text[:40]!r}" for match, text in shown)


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
