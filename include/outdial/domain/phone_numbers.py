"""Numbers as people and spreadsheets write them, made E.164; and the zones a number may stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberType,
    ValidationResult,
    timezone as number_zones,
)

from outdial.domain.channels import LineType
from outdial.domain.country_codes import country_code, national_prefix
from outdial.domain.written_numbers import NotANumber, number_text

__all__ = ["LOST_PLUS", "NotANumber", "Number", "line_type_of", "possible_zones", "read_number"]

LOST_PLUS = "read as international: its + was lost"

FEWEST_DIGITS, MOST_DIGITS = 7, 15
"""Of an E.164 number, its country code among them. What is shorter is a service, not a person."""

_UNKNOWN_ZONE = "Etc/Unknown"
_SURELY_INTERNATIONAL_DIGITS = 12
"""One digit too many in a North American number makes eleven, so eleven must also be assigned abroad."""
_PERHAPS_INTERNATIONAL_DIGITS = 11


@dataclass(frozen=True)
class Number:
    """An E.164 number; `assigned` is False where its length is possible but no range is known to hold it.

    `oddity` is what the reader should know about how it was read, as a part of a sentence.
    """

    e164: str
    assigned: bool
    oddity: str | None = None


_TOO_SHORT, _TOO_LONG = ValidationResult.TOO_SHORT, ValidationResult.TOO_LONG
_WHY_IMPOSSIBLE = {
    _TOO_SHORT: "too short for a telephone number",
    _TOO_LONG: "too long for a telephone number",
    ValidationResult.INVALID_COUNTRY_CODE: "has a country code that does not exist",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code",
    ValidationResult.INVALID_LENGTH: "has a length no number of its country has",
}
_NO_REGION = NotANumber("has no country code, and the campaign names no default region")
_ONE_TOO_MANY = NotANumber("has a digit too many, or lost the + of another country: write it with its +")
_PUNCTUATION = str.maketrans("", "", " ().-")
_LINE_TYPES = {
    PhoneNumberType.FIXED_LINE: LineType.LANDLINE,
    PhoneNumberType.MOBILE: LineType.MOBILE,
}
_DIGITS = re.compile(r"\+?[0-9]+")
_ZEROS = re.compile(r"[\s(]*(?:\+\s*)?00[\s)-]*(?=[1-9])")


def read_number(text: str, default_region: str | None) -> Number | NotANumber:
    """Make `text` E.164. `default_region` (ISO 3166, e.g. "US") is for numbers without a country code.

    A number that lost its + is read as international only where the region's own reading fails.
    """
    written = number_text(text)
    if isinstance(written, NotANumber):
        return written
    squeezed = written.translate(_PUNCTUATION)
    written = squeezed if _DIGITS.fullmatch(squeezed) else written
    if _ZEROS.match(written):
        number = _read(_ZEROS.sub("+", written, count=1), None)
        if isinstance(number, Number) or "+" in written:
            return number
    if "+" in written:
        return _read(written, None)
    national = _read(written, default_region)
    if isinstance(national, Number) and national.assigned:
        return national
    return _without_plus(written, national, default_region) or national


def possible_zones(e164: str) -> tuple[str, ...]:
    """IANA zones in which a number may stand, by its prefix; empty where nothing is known.

    Of a number that is assigned to nobody as far as we know, the zones of its prefix.
    """
    number, kind = _kind(e164)
    if kind == PhoneNumberType.UNKNOWN or phonenumbers.is_number_type_geographical(
        kind, number.country_code or 0
    ):
        zones = number_zones.time_zones_for_geographical_number(number)
    else:
        zones = _zones_of_country(number.country_code or 0)
    return tuple(zone for zone in zones if zone != _UNKNOWN_ZONE)


def line_type_of(e164: str) -> LineType:
    """What the numbering plan says of the line. It tells nothing of numbers in North America."""
    return _LINE_TYPES.get(_kind(e164)[1], LineType.UNKNOWN)


def _without_plus(
    written: str, national: Number | NotANumber, region: str | None
) -> Number | NotANumber | None:
    """The number abroad that a bare text is once its + is put back; None where it need not be one."""
    digits = re.sub(r"[^0-9]", "", written)
    if digits.startswith("0") or len(digits) < _PERHAPS_INTERNATIONAL_DIGITS:
        return None
    number = _read(f"+{digits}", None)
    if isinstance(number, NotANumber):
        return None
    is_sure = len(digits) >= _SURELY_INTERNATIONAL_DIGITS and isinstance(national, NotANumber)
    if not (number.assigned or is_sure):
        return None
    shorter = _read(digits[:-1], region)
    if isinstance(national, NotANumber) and isinstance(shorter, Number) and shorter.assigned:
        return _ONE_TOO_MANY
    return Number(number.e164, number.assigned, LOST_PLUS)


def _read(text: str, region: str | None) -> Number | NotANumber:
    parsed = _parse_digits(text, region) or _parse(text, region)
    if isinstance(parsed, NotANumber):
        return parsed
    why = _WHY_IMPOSSIBLE.get(phonenumbers.is_possible_number_with_reason(parsed))
    if why is not None:
        return NotANumber(why)
    e164 = _e164(parsed)
    if len(e164) <= FEWEST_DIGITS or len(e164) > MOST_DIGITS + 1:
        return NotANumber(_WHY_IMPOSSIBLE[_TOO_SHORT if len(e164) <= FEWEST_DIGITS else _TOO_LONG])
    again, kind = _kind(e164)
    assigned = kind != PhoneNumberType.UNKNOWN
    if parsed.italian_leading_zero and (
        _e164(again) != e164 or not (assigned or _may_start_with_zero(parsed.country_code or 0))
    ):
        return NotANumber(
            "starts with 0, as no number of its country does; is it a number of another country?"
        )
    return Number(e164, assigned)


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parse(text: str, region: str | None) -> PhoneNumber | NotANumber:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        match error.error_type:
            case phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
                return NotANumber("has a country code that does not exist") if "+" in text else _NO_REGION
            case phonenumbers.NumberParseException.TOO_SHORT_NSN:
                return NotANumber(_WHY_IMPOSSIBLE[_TOO_SHORT])
            case phonenumbers.NumberParseException.TOO_LONG:
                return NotANumber(_WHY_IMPOSSIBLE[_TOO_LONG])
            case _:
                return NotANumber("not a telephone number")


def _parse_digits(text: str, region: str | None) -> PhoneNumber | None:
    """What `phonenumbers.parse` makes of bare digits, in a seventh of its time; None where it must be asked.

    Asked it must be where a prefix may have to come off: a trunk zero, an exit code, the country's own code.
    """
    if text.startswith("+"):
        code = country_code(text[1:])
        national = text[1 + len(code or "") :]
    else:
        code, exit_code = _dialled_from(region)
        national = text
        if code is None or national.startswith(code) or exit_code.match(national):
            return None
    if code is None or not (national.isascii() and national.isdecimal()) or national.startswith("0"):
        return None
    prefix = national_prefix(code, None if text.startswith("+") else region)
    if not 4 <= len(national) <= 14 or (prefix and prefix.match(national)):  # noqa: PLR2004 - nobody's are others
        return None
    return PhoneNumber(country_code=int(code), national_number=int(national))


@cache
def _dialled_from(region: str | None) -> tuple[str | None, re.Pattern[str]]:
    """A region's country code, and what is dialled there before a foreign one."""
    metadata = PhoneMetadata.metadata_for_region(region, None) if region else None
    if metadata is None:
        return None, re.compile("")
    return str(metadata.country_code), re.compile(metadata.international_prefix or "(?!)")


@cache
def _may_start_with_zero(country_code: int) -> bool:
    region = COUNTRY_CODE_TO_REGION_CODE[country_code][0]
    kinds = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE)
    examples = [phonenumbers.example_number_for_type(region, kind) for kind in kinds]
    return any(example is not None and example.italian_leading_zero for example in examples)


@lru_cache(maxsize=4096)
def _kind(e164: str) -> tuple[PhoneNumber, int]:
    """The number and its kind: fixed line, mobile, … or unknown where it is assigned to nobody."""
    number = _parse_digits(e164, None) or phonenumbers.parse(e164)
    return number, phonenumbers.number_type(number)


@cache
def _zones_of_country(country_code: int) -> tuple[str, ...]:
    # No national number begins so, hence what is found is said of the country code alone.
    return number_zones.time_zones_for_geographical_number(
        PhoneNumber(country_code=country_code, national_number=0)
    )
