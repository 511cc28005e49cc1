"""Where a number's owner may be, as ISO 3166 codes, so that the law and the holidays of that place apply.

A number's region is where its range was given out; a telephone that moved keeps it. A list that knows the
person's state better may say so, and `read_region` reads what it says.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType

import phonenumbers
from phonenumbers import phonenumberutil

_ISO_3166_2 = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_ISO_3166 = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_NOT_A_COUNTRY = "001"
"""What phonenumbers calls the place of satellite and other worldwide numbers."""
_AREA_CODE_LENGTH = len("+1305")
_PREFIX_LENGTH = len("+44748912")
"""No country that shares its code with another tells the two apart later than this."""
_REST = "234567890123"
_AMONG_BRITISH_NUMBERS = frozenset({"GG", "JE", "IM"})
"""Islands whose ranges lie within British ones: a mobile of theirs may as well be kept in Britain."""


def is_shaped_as_region(code: str) -> bool:
    """Whether `code` is written as that of a country or its part: US, US-FL."""
    return _ISO_3166.fullmatch(code) is not None


def regions_of_number(e164: str) -> tuple[str, ...]:
    """Where a number may be: `("US-FL",)`, `("GB",)`, `("US",)` for a toll-free one, `()` where unknown.

    An area code newer than our tables gives the country that its code belongs to first.
    """
    prefix_length = _AREA_CODE_LENGTH if e164.startswith("+1") else _PREFIX_LENGTH
    return _regions_of_prefix(e164[:prefix_length], len(e164))


@lru_cache(maxsize=65536)
def _regions_of_prefix(prefix: str, length: int) -> tuple[str, ...]:
    state = us_states_by_area_code().get(prefix[2:]) if prefix.startswith("+1") else None
    if state is not None:
        return (f"US-{state}",)
    try:
        number = phonenumbers.parse(prefix + _REST[: max(0, length - len(prefix))])
    except phonenumbers.NumberParseException:
        return ()
    country = phonenumbers.region_code_for_number(number)
    country = country or phonenumberutil.region_code_for_country_code(number.country_code or 0)
    if country in (_NOT_A_COUNTRY, phonenumberutil.UNKNOWN_REGION):
        return ()
    return ("GB", country) if country in _AMONG_BRITISH_NUMBERS else (country,)


def read_region(written: str, country: str | None) -> str | None:
    """What a list's state or region column means: `US-FL` for `Florida`, `fl` or `US-FL`; None if unknown.

    `country` (ISO 3166, e.g. `US`) is that of the contact's number; a region of another country is unknown.
    """
    text = " ".join(written.split()).upper()
    if country == "US":
        code = text.removeprefix("US-")
        state = code if code in us_state_names() else _us_codes_by_name().get(_letters(text))
        if state is not None:
            return f"US-{state}"
        return "US" if text == "US" else None
    if _ISO_3166_2.fullmatch(text) and country in (None, text[:2]):
        return read_region(text, "US") if text.startswith("US-") else text
    return text if text == country else None


@cache
def us_state_names() -> Mapping[str, str]:
    """The states, the District of Columbia and the territories of the US by their two letters."""
    return MappingProxyType({code: str(state["name"]) for code, state in _us_states().items()})


@cache
def us_states_by_area_code() -> Mapping[str, str]:
    """The two letters of the state to which each area code belongs."""
    states = _us_states().items()
    return MappingProxyType({str(area): code for code, state in states for area in state["area_codes"]})


@cache
def _us_codes_by_name() -> Mapping[str, str]:
    names = {_letters(name): code for code, name in us_state_names().items()}
    return names | {"WASHINGTONDC": "DC", "WASHINGTONSTATE": "WA", "VIRGINISLANDS": "VI"}


def _letters(text: str) -> str:
    return re.sub(r"[^A-Z]", "", text.upper())


def _us_states() -> dict[str, dict[str, str | list[int]]]:
    return tomllib.loads((resources.files("outdial.domain") / "us_states.toml").read_text("utf-8"))
