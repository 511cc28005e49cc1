"""What `outdial windows` is asked about: the rules of a file, and whose clock and law count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from outdial.domain.calling_rules import unknown_jurisdictions
from outdial.domain.campaign import CampaignConfig
from outdial.domain.closed_days import is_known_calendar
from outdial.domain.errors import InvalidInput
from outdial.domain.phone_numbers import NotANumber, possible_zones, read_number
from outdial.domain.regions import read_region, regions_of_number
from outdial.domain.written import field_problems

_CONFIG_KEYS = (
    "callingWindows",
    "jurisdictions",
    "holidays",
    "blockedDates",
    "unknownZones",
    "defaultRegion",
)
_TIME = TypeAdapter(AwareDatetime | None)


@dataclass(frozen=True)
class HoursFile:
    """What a file says about hours; it may be a campaign's, its config's, or a list of windows."""

    config: CampaignConfig
    timezone: str | None
    start_time: datetime | None
    end_time: datetime | None


def read_hours_file(written: object) -> HoursFile:
    """Take out what bears on hours, and nothing else. Raises InvalidInput with each wrong field."""
    campaign = _mapping(written)
    config = _mapping(campaign.get("config", campaign)) if campaign else {"callingWindows": written}
    if not isinstance(config.get("callingWindows"), list) or not config["callingWindows"]:
        raise InvalidInput("callingWindows: missing; give a list of windows, or a campaign file that has one")
    try:
        read = CampaignConfig.model_validate({key: config[key] for key in _CONFIG_KEYS if key in config})
    except ValidationError as error:
        raise InvalidInput(*field_problems(error)) from error
    if unknown := unknown_jurisdictions(read):
        raise InvalidInput(f"jurisdictions: no hours are known here of {', '.join(unknown)}")
    start_time, end_time = (_time(campaign, key) for key in ("startTime", "endTime"))
    timezone = campaign.get("timezone")
    return HoursFile(read, None if timezone is None else str(timezone), start_time, end_time)


def zones_asked(written: HoursFile, timezone: str | None, number: str | None) -> tuple[ZoneInfo, ...]:
    """The zone asked for, else those of the number as `unknownZones` says, else the campaign's."""
    of_number = () if number is None or timezone is not None else possible_zones(_e164(written, number))
    if len(of_number) > 1 and written.config.unknown_zones == "campaign":
        of_number = ()
    return tuple(ZoneInfo(zone) for zone in of_number) or (_one_zone(written, timezone),)


def clock_asked(written: HoursFile, zones: Sequence[ZoneInfo]) -> ZoneInfo:
    """The clock on which a time without an offset is read, and answers are shown."""
    return zones[0] if len(zones) == 1 or written.timezone is None else _one_zone(written, None)


def _one_zone(written: HoursFile, timezone: str | None) -> ZoneInfo:
    label, name = ("timezone", written.timezone) if timezone is None else ("--timezone", timezone)
    if name is None:
        raise InvalidInput("--timezone is missing and the file names none: give one like America/New_York")
    if name not in available_timezones():
        raise InvalidInput(f"{label}: {name!r} is no IANA time zone; write one like America/New_York")
    return ZoneInfo(name)


def why_skipped(written: HoursFile, number: str | None) -> str | None:
    """Why the campaign never calls a number whose zone is not known for sure, where it is so."""
    if number is None or written.config.unknown_zones != "skip":
        return None
    zones = possible_zones(_e164(written, number))
    places = f"any of {len(zones)} zones" if zones else "a zone that is not known"
    return None if len(zones) == 1 else f"unknownZones is skip, and the number may stand in {places}"


def regions_asked(written: HoursFile, regions: Sequence[str], number: str | None) -> tuple[str, ...]:
    """The regions asked for, and that of the number: the law of each of them counts."""
    of_number = () if number is None else regions_of_number(_e164(written, number))
    return tuple(dict.fromkeys([*(_region(region) for region in regions), *of_number]))


def _region(written: str) -> str:
    code = written.strip().upper()
    region = code if len(code) == len("US") else read_region(code, None)
    if region is None or not is_known_calendar(region.partition("-")[0]):
        raise InvalidInput(f"--region {written!r} is no ISO 3166 code; write one like US-FL or GB")
    return region


def _e164(written: HoursFile, number: str) -> str:
    read = read_number(number, written.config.default_region)
    if isinstance(read, NotANumber):
        raise InvalidInput(f"--number {number!r} {read.reason}; write one like +13055550123")
    return read.e164


def _time(campaign: Mapping[str, object], key: str) -> datetime | None:
    try:
        return _TIME.validate_python(campaign.get(key))
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise InvalidInput(f"{key}: {problem}; write one like 2026-03-29T09:30:00Z") from error


def _mapping(written: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", written) if isinstance(written, Mapping) else {}
