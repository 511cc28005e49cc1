"""May this attempt begin, now? The last gate before a telephone rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from outdial.domain.calling_windows import Timetable, is_open, next_opening
from outdial.domain.number_caps import NumberCaps, capped_until

NUMBER_BUSY_DELAY = timedelta(minutes=2)
CAMPAIGN_FULL_DELAY = timedelta(seconds=10)


class Refusal(StrEnum):
    """Why an attempt may not begin."""

    LISTED = "listed"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    CAMPAIGN_NOT_ACTIVE = "campaign_not_active"
    NO_LEASE = "no_lease"
    OUTSIDE_CAMPAIGN_TIME = "outside_campaign_time"
    REGISTRY_STALE = "registry_stale"
    OUTSIDE_WINDOW = "outside_window"
    NUMBER_CAPPED = "number_capped"
    NUMBER_BUSY = "number_busy"
    CAMPAIGN_FULL = "campaign_full"
    PACE_CHANGED = "pace_changed"
    DIALER_SILENT = "dialer_silent"


@dataclass(frozen=True)
class Allowed:
    """The attempt may begin at once."""


@dataclass(frozen=True)
class Refused:
    """The attempt may not begin. `due_at` is when to ask again; None is as soon as it can be.

    Of a listed number, or a contact outside its windows, None means there is no such time.
    """

    reason: Refusal
    due_at: datetime | None = None


@dataclass(frozen=True)
class AttemptFacts:
    """Everything the gate looks at, as one transaction saw it.

    `recent_calls` are calls of all campaigns to the number in the last 7 days; `listed_until` is when the
    last of only temporary listings ends.
    """

    campaign_active: bool
    has_lease: bool
    start_time: datetime | None
    end_time: datetime | None
    registries_are_fresh: bool
    timetables: Sequence[Timetable]
    zones: Sequence[ZoneInfo]
    not_after: datetime | None
    listed: bool
    listed_until: datetime | None
    caps: NumberCaps
    recent_calls: Sequence[datetime]
    attempts: int
    max_attempts: int
    number_busy: bool
    live_calls: int
    max_live_calls: int
    pace_is_current: bool
    dialer_is_alive: bool


def may_begin(facts: AttemptFacts, now: datetime) -> Allowed | Refused:
    """Ask every rule, the ones about the person first."""
    if facts.listed:
        return Refused(Refusal.LISTED, facts.listed_until)
    if facts.attempts >= facts.max_attempts:
        return Refused(Refusal.ATTEMPTS_EXHAUSTED)
    return (
        _may_campaign_call(facts, now) or _may_call_at(facts, now) or _is_there_room(facts, now) or Allowed()
    )


def _may_campaign_call(facts: AttemptFacts, now: datetime) -> Refused | None:
    if not facts.campaign_active:
        return Refused(Refusal.CAMPAIGN_NOT_ACTIVE)
    if not facts.has_lease:
        return Refused(Refusal.NO_LEASE)
    if not is_campaign_time(facts.start_time, facts.end_time, now):
        return Refused(Refusal.OUTSIDE_CAMPAIGN_TIME, facts.start_time)
    if not facts.registries_are_fresh:
        return Refused(Refusal.REGISTRY_STALE)
    return None


def _may_call_at(facts: AttemptFacts, now: datetime) -> Refused | None:
    too_late = facts.not_after is not None and now >= facts.not_after
    if too_late or not is_open(facts.timetables, facts.zones, now):
        opens = next_opening(facts.timetables, facts.zones, now, facts.end_time)
        return Refused(Refusal.OUTSIDE_WINDOW, opens)
    free_at = capped_until(facts.recent_calls, facts.caps, now)
    if free_at is not None:
        return Refused(Refusal.NUMBER_CAPPED, free_at)
    return None


def _is_there_room(facts: AttemptFacts, now: datetime) -> Refused | None:
    if facts.number_busy:
        return Refused(Refusal.NUMBER_BUSY, now + NUMBER_BUSY_DELAY)
    if facts.live_calls >= facts.max_live_calls:
        return Refused(Refusal.CAMPAIGN_FULL, now + CAMPAIGN_FULL_DELAY)
    if not facts.pace_is_current:
        return Refused(Refusal.PACE_CHANGED)
    if not facts.dialer_is_alive:
        return Refused(Refusal.DIALER_SILENT)
    return None


def is_campaign_time(start_time: datetime | None, end_time: datetime | None, now: datetime) -> bool:
    """Whether `now` lies between the campaign's start and end, where it has them."""
    return (start_time is None or now >= start_time) and (end_time is None or now < end_time)
