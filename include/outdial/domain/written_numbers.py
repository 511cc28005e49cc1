"""A telephone number as a spreadsheet, a web page or a person left it in a cell, down to its digits.

`phone_numbers.read_number` decides what the digits mean.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote


@dataclass(frozen=True)
class NotANumber:
    """Why a text is no telephone number, as a sentence part for a rejects file."""

    reason: str


EMPTY = NotANumber("empty")
_AS_TEXT = "format the column as text and write the number anew"
_SHORTENED = NotANumber(f"was shortened by a spreadsheet, which lost its last digits; {_AS_TEXT}")
_PERCENTAGE = NotANumber(f"is a percentage; {_AS_TEXT}")
_DATE = NotANumber(f"is a date; {_AS_TEXT}")
_ERROR = NotANumber("is a spreadsheet's error message, not a value")
_FORMULA = NotANumber("is a formula, not a number")
_SIP = NotANumber("is a SIP address, not a telephone number")
_EXTENSION = NotANumber(
    "has an extension, which cannot be dialled; write the number alone if it reaches them"
)
_TWO_NUMBERS = NotANumber("holds more than one number; give each a row of its own")
_LETTERS = NotANumber("not a telephone number: it has letters in it")
_NO_DIGITS = NotANumber("not a telephone number")

FEWEST_DIGITS = 7
"""A part of a cell with so many digits could be a number of its own."""

_CLEAN = re.compile(r"\+?[0-9]{5,15}")
_FORMULA_TEXT = re.compile(r'=\s*(?:"([^"]*)"|(\+?[0-9]+))')
_URI = re.compile(r"(?:tel|callto|phone|whatsapp|sms):(?://)?", re.IGNORECASE)
_SPREADSHEET_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|NUM!|NULL!|DIV/0!|ERROR!|#+)", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"\+?([0-9]{1,3})(?:[.,]([0-9]*))?[eE]\+?([0-9]{1,2})")
_WHOLE = re.compile(r"(\+?[0-9]{7,})[.,]0{1,6}")
_THOUSANDS = re.compile(r"([0-9]{1,3}(?:([,.' ])[0-9]{3})(?:\2[0-9]{3})*)(?:[.,]0{1,2})?")
_YEAR, _DAY = r"(?:19|20)[0-9]{2}", r"[0-3]?[0-9]"
_DATED = re.compile(rf"(?:{_YEAR}([-/.]){_DAY}\1{_DAY}|{_DAY}([-/.]){_DAY}\2{_YEAR})(?:[ T][0-9:.]*)?")
_BETWEEN_NUMBERS = re.compile(
    r"[;,/|&\n]|(?<=[0-9])\s*(?=\+)|\s(?:or|and|und|oder|ou|et|y|o|e|или|и|או)\s", re.IGNORECASE
)
_EXTENDED = re.compile(
    r"[0-9)]\s*(?:;ext=|[#,;]+|(?:x|ext?n?|extension|extensión|доб|int|interno|anexo|poste|nst|durchwahl|שלוחה)\.?)"
    r"\s*:?\s*[0-9]{1,7}#?",
    re.IGNORECASE,
)
_WORDS = r"[^\W\d_]+\.?(?:\s+[^\W\d_]+\.?){0,3}"
_LABEL_BEFORE = re.compile(rf"{_WORDS}\s*[:.#]?\s*(?=[+(0-9])")
_LABEL_AFTER = re.compile(rf"(?<=[0-9])(?:\s*\({_WORDS}\)|\s+{_WORDS})$")

_SIGNS = {
    "\u2212": "-",  # minus
    "\u207a": "+",  # superscript
    "\ufe62": "+",  # small
    "\u066b": ".",  # Arabic decimal separator
    "\u066c": ",",  # Arabic thousands separator
    "\u2018": "'",
    "\u2019": "'",
}


def number_text(cell: str) -> str | NotANumber:
    """The cell's number in ASCII, with at most a leading + and what people write between digits."""
    if _CLEAN.fullmatch(cell):
        return cell
    text = _unwrapped(_in_ascii(cell))
    if isinstance(text, NotANumber):
        return text
    text = _undamaged(text)
    if isinstance(text, NotANumber):
        return text
    text = _without_labels(text)
    return _why_unreadable(text) or text


@lru_cache(maxsize=4096)
def _ascii_of(character: str) -> str:
    """What one character means in a number: digits of any script, full-width signs, no invisible marks."""
    if character == "\n":
        return character
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category in {"Zs", "Zl", "Zp"} or character in "\t\r":
        return " "
    if category in {"Cf", "Cc", "Co", "Cn", "Sc"}:
        return ""
    if category == "Pd":
        return "-"
    if "\uff01" <= character <= "\uff5e":
        return chr(ord(character) - 0xFEE0)
    return _SIGNS.get(character, character)


def _in_ascii(cell: str) -> str:
    return "".join(map(_ascii_of, cell)).strip()


def _unwrapped(text: str) -> str | NotANumber:
    """Without what spreadsheets put before or around a number to keep it as text, and without its scheme."""
    text = text.lstrip("'`").strip()
    formula = _FORMULA_TEXT.fullmatch(text)
    if formula:
        text = (formula[1] or formula[2] or "").strip().lstrip("'")
    text = text.strip('" ')
    if text.startswith(("=", "@")):
        return _FORMULA
    if text.casefold().startswith(("sip:", "sips:")):
        return _SIP
    uri = _URI.match(text)
    return _from_uri(text[uri.end() :]) if uri else text


def _from_uri(text: str) -> str:
    """RFC 3966: parameters follow a semicolon; `phone-context` is what a local number lacks in front."""
    number, *parameters = unquote(text).split(";")
    by_name = {name: value for name, _, value in (parameter.partition("=") for parameter in parameters)}
    context = by_name.get("phone-context", "")
    extension = by_name.get("ext", "")
    number = f"{context}{number}" if context.startswith("+") and not number.startswith("+") else number
    return f"{number};ext={extension}" if extension else number


def _undamaged(text: str) -> str | NotANumber:
    """Digits as they were before a spreadsheet took them for an amount, where none of them is lost."""
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific:
        return _from_scientific(scientific[1], scientific[2] or "", int(scientific[3]))
    if _SPREADSHEET_ERROR.match(text):
        return _ERROR
    if text.endswith("%"):
        return _PERCENTAGE
    if _DATED.fullmatch(text):
        return _DATE
    whole = _WHOLE.fullmatch(text)
    if whole:
        return whole[1]
    grouped = _THOUSANDS.fullmatch(text)
    return re.sub(r"[^0-9]", "", grouped[1]) if grouped else text


def _from_scientific(whole: str, fraction: str, exponent: int) -> str | NotANumber:
    """Exact where as many digits stand after the point as the exponent counts; else some are gone."""
    if len(fraction) < exponent or fraction[exponent:].strip("0"):
        return _SHORTENED
    return whole + fraction[:exponent]


def _why_unreadable(text: str) -> NotANumber | None:
    if not text:
        return EMPTY
    if sum(_digits(part) >= FEWEST_DIGITS for part in _BETWEEN_NUMBERS.split(text)) > 1:
        return _TWO_NUMBERS
    if sum(_digits(part) >= FEWEST_DIGITS for part in text.split()) > 1:
        return _TWO_NUMBERS
    extended = _EXTENDED.search(text)
    if extended and extended.end() == len(text) and _digits(text[: extended.start() + 1]) >= FEWEST_DIGITS:
        return _EXTENSION
    if not any(character.isdigit() for character in text):
        return _NO_DIGITS
    return _LETTERS if any(character.isalpha() for character in text) else None


def _without_labels(text: str) -> str:
    """Without words before or after the digits, as in `Tel. 202-555-0123 (home)`."""
    label = _LABEL_BEFORE.match(text)
    return _LABEL_AFTER.sub("", text[label.end() :] if label else text)


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)
