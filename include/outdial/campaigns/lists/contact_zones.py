"""In which zones somebody may be: what the list says, what the number says, and what to do where they differ.

People keep their numbers when they move, and lists grow old. By default a person is called only while both
the list's zone and the number's are open; `unknownZones` says what the campaign wants instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from outdial.campaigns.lists.zone_texts import share_a_clock

UnknownZones = Literal["strictest", "campaign", "skip"]

NO_ZONE = "zone unknown, the campaign's is used"
CONTRADICTS = "the list's zone is not one of the number's: called only while both are open"
LIST_IS_BELIEVED = "the list's zone is not one of the number's: the list's is used"


@dataclass(frozen=True)
class ZoneRules:
    """A campaign's own zone, what it says of unknown ones, and the year in which clocks are compared."""

    campaign_zone: str
    unknown_zones: UnknownZones
    year: int


@dataclass(frozen=True)
class Zones:
    """The zones somebody may be in, in a fixed order, and what is odd about them."""

    zones: tuple[str, ...]
    oddity: str | None = None


@dataclass(frozen=True)
class ZoneUnknown:
    """Why nobody can say when this person may be called, as a sentence part for a rejects file."""

    reason: str


@lru_cache(maxsize=16_384)
def choose_zones(written: str | None, possible: tuple[str, ...], rules: ZoneRules) -> Zones | ZoneUnknown:
    """`written` is the list's zone, `possible` are those the number may stand in."""
    if written is not None:
        return _of_list(written, possible, rules)
    if possible and all(share_a_clock(zone, possible[0], rules.year) for zone in possible):
        return Zones(possible)
    match rules.unknown_zones:
        case "strictest" if possible:
            return Zones(possible)
        case "skip":
            among = f": it is one of {', '.join(possible)[:80]}" if possible else ""
            return ZoneUnknown(f"the campaign skips numbers whose time zone is not known{among}")
        case _:
            return Zones((rules.campaign_zone,), NO_ZONE)


def _of_list(written: str, possible: tuple[str, ...], rules: ZoneRules) -> Zones:
    if not possible or any(share_a_clock(written, zone, rules.year) for zone in possible):
        return Zones((written,))
    if rules.unknown_zones == "strictest":
        return Zones(tuple(sorted({written, *possible})), CONTRADICTS)
    return Zones((written,), LIST_IS_BELIEVED)
