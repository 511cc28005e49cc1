"""The rules that hold for a person: what the campaign asks for, narrowed by the law where they may be."""

from __future__ import annotations

from collections.abc import Iterable

from outdial.domain.calling_windows import Timetable
from outdial.domain.campaign import CampaignConfig
from outdial.domain.closed_days import ClosedDays, is_known_calendar
from outdial.domain.jurisdictions import Jurisdiction, jurisdictions_of, known_jurisdictions
from outdial.domain.number_caps import NumberCaps

CAMPAIGN = "the campaign"


def timetables_for(config: CampaignConfig, regions: Iterable[str]) -> tuple[Timetable, ...]:
    """The campaign's own timetable, then one for each jurisdiction that holds in `regions`.

    A call may begin only while all of them are open: a jurisdiction can narrow, never widen.
    """
    regions = tuple(regions)
    own = Timetable(CAMPAIGN, config.calling_windows, _closed_days(config, regions))
    return (own, *(_timetable(one) for one in _jurisdictions(config, regions)))


def caps_for(config: CampaignConfig, regions: Iterable[str]) -> NumberCaps:
    """The campaign's caps on calls to one number, narrowed by those of each jurisdiction."""
    written = config.number_caps
    caps = NumberCaps() if written == "none" else NumberCaps(written.per_24_hours, written.per_7_days)
    for one in _jurisdictions(config, tuple(regions)):
        caps = caps.narrowed(one.calls_per_24_hours)
    return caps


def _jurisdictions(config: CampaignConfig, regions: tuple[str, ...]) -> tuple[Jurisdiction, ...]:
    match config.jurisdictions:
        case "auto":
            return jurisdictions_of(regions)
        case "none":
            return ()
        case codes:
            return jurisdictions_of(codes)


def _closed_days(config: CampaignConfig, regions: tuple[str, ...]) -> ClosedDays:
    match config.holidays:
        case "auto":
            calendars = tuple(calendar for region in regions if (calendar := _calendar_of(region)))
        case "none":
            calendars = ()
        case codes:
            calendars = codes
    return ClosedDays(frozenset(config.blocked_dates), calendars)


def _timetable(jurisdiction: Jurisdiction) -> Timetable:
    calendar = _calendar_of(jurisdiction.code) if jurisdiction.closed_on_holidays else None
    closed_on = ClosedDays(calendars=(calendar,) if calendar else ())
    return Timetable(jurisdiction.name, jurisdiction.windows, closed_on, jurisdiction.source)


def _calendar_of(region: str) -> str | None:
    """The holiday calendar of a region, else of its country, where one is known."""
    candidates = (region, region.partition("-")[0])
    return next((code for code in candidates if is_known_calendar(code)), None)


def unknown_jurisdictions(config: CampaignConfig) -> list[str]:
    """Codes the campaign names of which no law is known here: it must not seem to be kept."""
    if isinstance(config.jurisdictions, str):
        return []
    return [code for code in config.jurisdictions if code not in known_jurisdictions()]
