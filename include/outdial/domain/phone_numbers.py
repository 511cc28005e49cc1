"""Numbers as people write them, made E.164; and the zones a number may stand in."""

from __future__ import annotations

from dataclasses import dataclass

import phonenumbers
from phonenumbers import timezone as number_zones

_UNKNOWN_ZONE = "Etc/Unknown"


@dataclass(frozen=True)
class Number:
    """An E.164 number; `assigned` is False where its length is possible but no range is known to hold it."""

    e164: str
    assigned: bool


@dataclass(frozen=True)
class NotANumber:
    """Why a text is no telephone number, as a sentence part for a rejects file."""

    reason: str


_WHY_IMPOSSIBLE = {
    phonenumbers.ValidationResult.TOO_SHORT: "too short for a telephone number",
    phonenumbers.ValidationResult.TOO_LONG: "too long for a telephone number",
    phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "has a country code that does not exist",
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code",
    phonenumbers.ValidationResult.INVALID_LENGTH: "has a length no number of its country has",
}


def read_number(text: str, default_region: str | None) -> Number | NotANumber:
    """Make `text` E.164. `default_region` (ISO 3166, e.g. "US") is for numbers without a country code."""
    try:
        parsed = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            if "+" in text:
                return NotANumber("has a country code that does not exist")
            return NotANumber("has no country code, and the campaign names no default region")
        return NotANumber("not a telephone number")
    why = _WHY_IMPOSSIBLE.get(phonenumbers.is_possible_number_with_reason(parsed))
    if why is not None:
        return NotANumber(why)
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return Number(e164, assigned=phonenumbers.is_valid_number(parsed))


def possible_zones(e164: str) -> tuple[str, ...]:
    """IANA zones in which a number may stand, by its prefix; empty where nothing is known."""
    zones = number_zones.time_zones_for_number(phonenumbers.parse(e164))
    return tuple(zone for zone in zones if zone != _UNKNOWN_ZONE)
