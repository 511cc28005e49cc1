"""Days on which nobody is called: dates somebody named, and the holidays of countries and their parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import holidays


@dataclass(frozen=True)
class ClosedDays:
    """`dates` as they are, and every public holiday of `calendars` (ISO 3166, as US or US-FL)."""

    dates: frozenset[date] = frozenset()
    calendars: tuple[str, ...] = ()

    def __contains__(self, day: date) -> bool:
        """Whether nobody is called on `day`."""
        return day in self.dates or any(day in _calendar(code) for code in self.calendars)

    def name_of(self, day: date) -> str | None:
        """Why nobody is called on `day`, as `Christmas Day (US)`; None where it is no closed day."""
        for code in self.calendars:
            if name := _calendar(code).get(day):
                return f"{name} ({code})"
        return f"blocked date {day.isoformat()}" if day in self.dates else None


NEVER_CLOSED = ClosedDays()


def is_known_calendar(code: str) -> bool:
    """Whether the holidays of a country or its part, as US or US-FL, are known."""
    country, dash, part = code.partition("-")
    parts = holidays.list_supported_countries(include_aliases=False).get(country)
    return parts is not None and (not dash or part in parts)


@cache
def _calendar(code: str) -> holidays.HolidayBase:
    country, _, part = code.partition("-")
    return holidays.country_holidays(country, subdiv=part or None, language="en_US")
