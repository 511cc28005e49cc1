"""Which encoding older than UTF-8 a list of names is in, told by what its words look like when decoded.

Each encoding is tried on words with bytes beyond ASCII. Letters of one language, capitals only in front and
final letters only at the end are what names look like; a wrong encoding gives signs, scripts that are mixed
within a word, and capitals in its middle. `text_encoding` decides what to do with the answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

_IN_WORDS = r"[^\x00-\x26\x28-\x40\[-`{-\x7f\u00a0\u3000]"
_WORD = re.compile(rf"{_IN_WORDS}*[^\x00-\x7f\u00a0\u3000]{_IN_WORDS}*")

_WESTERN = (
    "áéíñóúü", "äöüß", "àâæçéèêëîïôœùûü", "áâãàçéêíóôõú", "àèéìòù", "åäöæøé", "ýþð", "ëïéèöü", "àçèéíïòóúü",
)  # fmt: skip
_CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţșț", "čćđšž", "äöüß")
_CYRILLIC = (
    "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "абвгдђежзијклљмнњопрстћуфхцчџш",
    "абвгдеёжзійклмнопрстуўфхцчшыьэюя", "абвгдѓежзѕијклљмнњопрстќуфхцчџш",
)  # fmt: skip
_GREEK = ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ",)
_HEBREW = ("אבגדהוזחטיךכלםמןנסעףפץצקרשת\u05f4\u05f3",)
_ARABIC = ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي", "اآبپتثجچحخدذرزژسشصضطظعغفقکكگلمنهوىيیئء")
_THAI = ("".join(map(chr, range(0xE01, 0xE3B))) + "".join(map(chr, range(0xE40, 0xE4F))),)
_VIETNAMESE = ("ăâđêôơưàáèéìíòóùúýãõ\u0300\u0301\u0303\u0309\u0323",)

_EXPECTED = (
    ("greek", re.compile("[άέήίόύώΆΈΉΊΌΎΏ]|^[\u0391-\u03a9]+$"), 0.7),
    ("cyrillic", re.compile("(?i)[аеёиіїєоуыэюя].{0,3}[аеёиіїєоуыэюя]|^.{0,2}[аеёиіїєоуыэюя].{0,2}$"), 0.8),
    ("thai", re.compile("^(?:[เแโใไ]?[ก-ฮ][ัิีึืฺุู็่้๊๋์]*[ะาำฯๆ]*)+$"), 0.2),
    ("thai", re.compile("[ะ-ฺเ-ไ]"), 0.4),
)
"""What a word of some length has in its script, and what it is worth without."""
_PUNCTUATION = frozenset("\u2018\u2019\u201c\u201d\u201e\u2013\u2014\u2026\u20ac©®™•°«»\u00b4")
_FINALS = {"hebrew": ("ךםןףץ", "כמנפצ"), "greek": ("ς", "\u03c3")}


@dataclass(frozen=True)
class Encoding:
    """An encoding lists come in: its script, how the languages written in it spell, how usual it is."""

    name: str
    script: str
    alphabets: tuple[str, ...]
    usual: float = 1.0


SINGLE_BYTE = (
    Encoding("cp1252", "latin", _WESTERN),
    Encoding("cp1250", "latin", _CENTRAL),
    Encoding("iso8859_2", "latin", _CENTRAL, 0.97),
    Encoding("cp1254", "latin", ("çğıİöşü",)),
    Encoding("cp1257", "latin", ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž")),
    Encoding("mac_roman", "latin", _WESTERN),
    Encoding("cp850", "latin", _WESTERN, 0.95),
    Encoding("cp1258", "latin", _VIETNAMESE),
    Encoding("cp1251", "cyrillic", _CYRILLIC),
    Encoding("koi8_r", "cyrillic", _CYRILLIC[:1], 0.85),
    Encoding("cp866", "cyrillic", _CYRILLIC[:1], 0.9),
    Encoding("iso8859_5", "cyrillic", _CYRILLIC, 0.88),
    Encoding("mac_cyrillic", "cyrillic", _CYRILLIC, 0.88),
    Encoding("cp1253", "greek", _GREEK),
    Encoding("cp1255", "hebrew", _HEBREW),
    Encoding("cp1256", "arabic", _ARABIC),
    Encoding("cp874", "thai", _THAI, 0.9),
)
"""In the order in which they are preferred where the words look equally good."""

_Range = tuple[int, int, float]


@dataclass(frozen=True)
class Wide:
    """An encoding of several bytes a character; `common`: how common each range of first bytes is."""

    name: str
    script: str
    common: tuple[_Range, ...]


MULTI_BYTE = (
    Wide("gb18030", "han", ((0xB0, 0xD7, 1.0), (0xD8, 0xF7, 0.4), (0xA4, 0xA5, 0.2))),
    Wide("big5", "han", ((0xA4, 0xC6, 1.0), (0xC9, 0xF9, 0.3))),
    Wide("cp949", "hangul", ((0xB0, 0xC8, 1.0), (0xCA, 0xFD, 0.15))),
    Wide("cp932", "kana", ((0x82, 0x83, 1.0), (0x88, 0x97, 0.97), (0x98, 0x9F, 0.4), (0xE0, 0xEA, 0.4))),
    Wide("euc_jp", "kana", ((0xA4, 0xA5, 1.0), (0xB0, 0xCF, 0.97), (0xD0, 0xF4, 0.3))),
)


@dataclass(frozen=True)
class Reading:
    """What the sample's words are in one encoding, and how much like words they look, 0 to 1."""

    encoding: str
    script: str
    words: tuple[str, ...]
    likeness: float

    @property
    def name_and_words(self) -> str:
        """As a person can judge it: `cp1255: 'נועה'`."""
        return f"{self.encoding}: {' '.join(dict.fromkeys(self.words))[:40]!r}"


def readings(lines: Sequence[bytes]) -> list[Reading]:
    """The sample in every encoding that can decode it, the likeliest first."""
    tried: list[tuple[Encoding | Wide, Callable[[Sequence[str]], float]]] = [
        *((encoding, _likeness_in(encoding)) for encoding in SINGLE_BYTE),
        *((encoding, _commonness_in(encoding)) for encoding in MULTI_BYTE),
    ]
    found: list[Reading] = []
    for encoding, likeness in tried:
        try:
            text = "\n".join(line.decode(encoding.name) for line in lines)
        except UnicodeDecodeError:
            continue
        words = tuple(word for word in _WORD.findall(text) if len(word) > 1)
        # Without a word in it, as where only prices have a sign, every reading is as good.
        found.append(Reading(encoding.name, encoding.script, words, likeness(words) if words else 0.8))
    return sorted(found, key=lambda reading: -reading.likeness)


def _likeness_in(encoding: Encoding) -> Callable[[Sequence[str]], float]:
    letters = frozenset("".join(encoding.alphabets))

    def likeness(words: Sequence[str]) -> float:
        one_language = max(_covered(words, frozenset(alphabet), encoding) for alphabet in encoding.alphabets)
        return encoding.usual * max(one_language, 0.93 * _covered(words, letters, encoding))

    return likeness


def _covered(words: Sequence[str], letters: frozenset[str], encoding: Encoding) -> float:
    """The share of letters beyond ASCII that belong to the alphabet, less where the word is oddly shaped."""
    total = good = 0.0
    for word in words:
        strange = [character for character in word if character > "\x7f"]
        total += len(strange)
        known = sum(
            character in _PUNCTUATION or character in letters or character.lower() in letters
            for character in strange
        )
        good += known * _shape(word, encoding.script)
    return good / total if total else 0.0


@cache
def _shape(word: str, script: str) -> float:
    """How much a word looks like one of a name, by its capitals, its scripts and its last letter."""
    worth = 1.0
    if script != "latin" and re.search("[A-Za-z]", word):
        worth *= 0.1
    if any(_is_lower(a) and b.isupper() and max(a, b) > "\x7f" for a, b in pairwise(word)):
        worth *= 0.2
    if any(a.isupper() and b > "\x7f" and _is_lower(b) for a, b in pairwise(word[1:])):
        worth *= 0.4
    if script in {"cyrillic", "greek"} and _is_lower(word[0]):
        worth *= 0.9
    if script == "latin" and len(word) > 2 and len(re.findall("[A-Za-z]", word)) * 3 < len(word):  # noqa: PLR2004
        worth *= 0.2
    return worth * _spelling(word, script)


def _spelling(word: str, script: str) -> float:
    """What each script has of its own: final letters, accents, vowels."""
    at_end, elsewhere = _FINALS.get(script, ("", ""))
    worth = 0.6 if any(character in at_end for character in word[:-1]) else 1.0
    if len(word) > 1 and word[-1] in elsewhere:
        worth *= 0.7
    for written_in, expected, otherwise in _EXPECTED:
        if script == written_in and len(word) > 3 and not expected.search(word):  # noqa: PLR2004
            worth *= otherwise
    return worth


def _is_lower(character: str) -> bool:
    return unicodedata.category(character) == "Ll"


def _commonness_in(encoding: Wide) -> Callable[[Sequence[str]], float]:
    def commonness(words: Sequence[str]) -> float:
        worths = [worth for word in words for worth in _worths(word, encoding)]
        leads = {
            _lead(character, encoding.name) for word in words for character in word if character > "\x7f"
        }
        # Chinese and Japanese names use all of the common rows, Korean syllables only the first half of them.
        narrow = encoding.name in {"gb18030", "euc_jp"} and len(worths) >= 8 and max(leads) <= 0xC8  # noqa: PLR2004
        return (0.8 if narrow else 1.0) * sum(worths) / len(worths)

    return commonness


def _worths(word: str, encoding: Wide) -> list[float]:
    mixed = 0.1 if re.search("[A-Za-z]", word) else 1.0
    return [mixed * _common(character, encoding) for character in word if character > "\x7f"]


@cache
def _common(character: str, encoding: Wide) -> float:
    lead = _lead(character, encoding.name)
    # In GBK's own rows, which hold the rare characters, the second byte is below 0xA1.
    second = character.encode(encoding.name)[1:2]
    if encoding.name in {"gb18030", "cp949"} and second < b"\xa1":
        return 0.05
    return next((worth for first, last, worth in encoding.common if first <= lead <= last), 0.05)


def _lead(character: str, encoding: str) -> int:
    return character.encode(encoding)[0]
