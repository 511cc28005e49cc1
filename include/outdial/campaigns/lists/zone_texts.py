"""Time zones as lists write them: IANA names and those of Windows; what may mean several is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

_ABBREVIATION = re.compile(r"[A-Z]{2,5}", re.IGNORECASE)
_OFFSET = re.compile(
    r"(?:UTC|GMT|Etc/GMT)?\s*[+-]\s*[0-9]{1,2}(?::?[0-9]{2})?|[+-]?[0-9]{1,2}(?::[0-9]{2})?", re.IGNORECASE
)
_AMBIGUOUS = frozenset({"est", "mst"})
"""IANA has these two, as offsets of North America; Australia and Malaysia mean others by them."""
_WRITE = "write one like America/New_York"


@dataclass(frozen=True)
class NotAZone:
    """Why a text names no time zone, as a sentence part for a rejects file."""

    reason: str


@lru_cache(maxsize=4096)
def read_zone(written: str) -> str | NotAZone:
    """The IANA zone that a text names.

    EST or IST mean another zone in each country that uses them, and an offset says nothing about summer.
    """
    text = " ".join(written.split())
    folded = text.casefold()
    known = zones_by_folded_name().get(folded.replace(" ", "_"))
    if known is not None and folded not in _AMBIGUOUS and not _OFFSET.fullmatch(text):
        return known
    windows = _zones_by_windows_name().get(folded)
    if windows is not None:
        return windows
    if _ABBREVIATION.fullmatch(text):
        return NotAZone(f"{text!r} is an abbreviation that may mean several time zones; {_WRITE}")
    if _OFFSET.fullmatch(text):
        return NotAZone(f"{text!r} is an offset, which says nothing about summer time; {_WRITE}")
    return NotAZone(f"{text!r} is no time zone; {_WRITE}, or nothing")


@cache
def zones_by_folded_name() -> Mapping[str, str]:
    """IANA zones as people may write them, in any case."""
    return {name.casefold(): name for name in available_timezones()}


@cache
def _zones_by_windows_name() -> Mapping[str, str]:
    return {
        name.casefold(): zones_by_folded_name()[zone.casefold()]
        for name, zone in get_global("windows_zone_mapping").items()
        if zone.casefold() in zones_by_folded_name()
    }


def share_a_clock(one: str, other: str, year: int) -> bool:
    """Whether two zones show the same time on every day of `year`, as America/Detroit and New_York do."""
    return one == other or _offsets(one, year) == _offsets(other, year)


@lru_cache(maxsize=2048)
def _offsets(zone: str, year: int) -> tuple[timedelta | None, ...]:
    first, info = datetime(year, 1, 1, 12, tzinfo=UTC), ZoneInfo(zone)
    return tuple((first + timedelta(days=day)).astimezone(info).utcoffset() for day in range(365))
