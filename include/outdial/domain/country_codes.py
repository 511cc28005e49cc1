"""Country codes, and the prefixes that people dial inside a country: for whatever reads numbers."""

from __future__ import annotations

import re
from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata


def country_code(digits: str) -> str | None:
    """The country code that `digits` begin with, if any. No country code begins another."""
    return next((digits[:n] for n in (1, 2, 3) if digits[:n] in _country_codes()), None)


@cache
def national_prefix(code: str, region: str | None = None) -> re.Pattern[str] | None:
    """What may have to come off a national number, as a trunk zero; None where nothing ever has.

    By the rules of the region, or of the country where several regions share its code.
    """
    region = region or COUNTRY_CODE_TO_REGION_CODE[int(code)][0]
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    pattern = metadata.national_prefix_for_parsing if metadata else None
    return re.compile(pattern) if pattern else None


@cache
def _country_codes() -> frozenset[str]:
    return frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)
