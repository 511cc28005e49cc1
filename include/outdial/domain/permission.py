"""May this attempt begin, now? The last gate before a telephone rings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from outdial.domain.caller_ids import Candidate
from outdial.domain.calling_windows import Timetable, is_open, next_opening
from outdial.domain.number_caps import NumberCaps, capped_until

NUMBER_BUSY_DELAY = timedelta(minutes=2)
CAMPAIGN_FULL_DELAY = timedelta(seconds=10)
TRUNK_FULL_DELAY = timedelta(seconds=5)


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
    TRUNK_FULL = "trunk_full"
    NO_CALLER_ID = "no_caller_id"
    CALLER_ID_SPENT = "caller_id_spent"
    PACE_CHANGED = "pace_changed"
    DIALER_SILENT = "dialer_silent"


@dataclass(frozen=True)
class Allowed:
    """The attempt may begin at once."""


@dataclass(frozen=True)
class Refused:
    """The attempt may not begin. `due_at` is when to ask again; None is as soon as it can be.

    Of a listed number, a contact outside its windows or one whom no caller id fits, None means there is no
    such time.
    """

    reason: Refusal
    due_at: datetime | None = None


@dataclass(frozen=True)
class PersonFacts:
    """What the gate looks at before a call and a text alike, as one transaction saw it.

    `disturbances` are calls and texts of all campaigns to the number in the last 7 days; `listed_until` is
    when the last of only temporary listings ends.
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
    disturbances: Sequence[datetime]


@dataclass(frozen=True)
class AttemptFacts(PersonFacts):
    """Everything the gate looks at before a call.

    `trunk_calls` are in progress on the call's trunk, whoever placed them; `caller_ids` are those that fit
    the contact, None where the campaign names none.
    """

    attempts: int
    max_attempts: int
    number_busy: bool
    live_calls: int
    max_live_calls: int
    trunk_calls: int
    trunk_channels: int | None
    caller_ids: Sequence[Candidate] | None
    pace_is_current: bool
    dialer_is_alive: bool

    @property
    def has_room_on_trunk(self) -> bool:
        """Whether the call's trunk may carry one more."""
        return self.trunk_channels is None or self.trunk_calls < self.trunk_channels


def may_begin(facts: AttemptFacts, now: datetime) -> Allowed | Refused:
    """Ask every rule, the ones about the person first; the first that refuses decides."""
    return next((refused for _, refused in ask_every_rule(facts, now) if refused), Allowed())


def may_text(facts: PersonFacts, now: datetime) -> Allowed | Refused:
    """The same for a text: every rule about the person and the campaign, none about the line."""
    asked = (ask(facts, now) for ask in _RULES_OF_TEXTS)
    return next((refused for refused in asked if refused), Allowed())


def ask_every_rule(facts: AttemptFacts, now: datetime) -> Iterator[tuple[Refusal, Refused | None]]:
    """Every rule in the order in which the gate asks, with its refusal, or None where it allows the call."""
    for rule, ask in _RULES.items():
        yield rule, ask(facts, now)


def _is_listed(facts: PersonFacts, _now: datetime) -> Refused | None:
    return Refused(Refusal.LISTED, facts.listed_until) if facts.listed else None


def _are_attempts_used_up(facts: AttemptFacts, _now: datetime) -> Refused | None:
    return Refused(Refusal.ATTEMPTS_EXHAUSTED) if facts.attempts >= facts.max_attempts else None


def _is_inactive(facts: PersonFacts, _now: datetime) -> Refused | None:
    return None if facts.campaign_active else Refused(Refusal.CAMPAIGN_NOT_ACTIVE)


def _has_no_lease(facts: PersonFacts, _now: datetime) -> Refused | None:
    return None if facts.has_lease else Refused(Refusal.NO_LEASE)


def _is_outside_its_time(facts: PersonFacts, now: datetime) -> Refused | None:
    if is_campaign_time(facts.start_time, facts.end_time, now):
        return None
    return Refused(Refusal.OUTSIDE_CAMPAIGN_TIME, facts.start_time)


def _is_a_registry_stale(facts: PersonFacts, _now: datetime) -> Refused | None:
    return None if facts.registries_are_fresh else Refused(Refusal.REGISTRY_STALE)


def _is_closed(facts: PersonFacts, now: datetime) -> Refused | None:
    too_late = facts.not_after is not None and now >= facts.not_after
    if too_late or not is_open(facts.timetables, facts.zones, now):
        opens = next_opening(facts.timetables, facts.zones, now, facts.end_time)
        return Refused(Refusal.OUTSIDE_WINDOW, opens)
    return None


def _is_capped(facts: PersonFacts, now: datetime) -> Refused | None:
    free_at = capped_until(facts.disturbances, facts.caps, now)
    return None if free_at is None else Refused(Refusal.NUMBER_CAPPED, free_at)


def _is_number_busy(facts: AttemptFacts, now: datetime) -> Refused | None:
    return Refused(Refusal.NUMBER_BUSY, now + NUMBER_BUSY_DELAY) if facts.number_busy else None


def _is_campaign_full(facts: AttemptFacts, now: datetime) -> Refused | None:
    if facts.live_calls < facts.max_live_calls:
        return None
    return Refused(Refusal.CAMPAIGN_FULL, now + CAMPAIGN_FULL_DELAY)


def _is_trunk_full(facts: AttemptFacts, now: datetime) -> Refused | None:
    return None if facts.has_room_on_trunk else Refused(Refusal.TRUNK_FULL, now + TRUNK_FULL_DELAY)


def _has_no_caller_id(facts: AttemptFacts, _now: datetime) -> Refused | None:
    fits_nobody = facts.caller_ids is not None and not facts.caller_ids
    return Refused(Refusal.NO_CALLER_ID) if fits_nobody else None


def _are_caller_ids_spent(facts: AttemptFacts, _now: datetime) -> Refused | None:
    free_at = [candidate.spent_until for candidate in facts.caller_ids or ()]
    known = [at for at in free_at if at is not None]
    spent = bool(free_at) and len(known) == len(free_at)
    return Refused(Refusal.CALLER_ID_SPENT, min(known)) if spent else None


def _has_pace_changed(facts: AttemptFacts, _now: datetime) -> Refused | None:
    return None if facts.pace_is_current else Refused(Refusal.PACE_CHANGED)


def _is_dialer_silent(facts: AttemptFacts, _now: datetime) -> Refused | None:
    return None if facts.dialer_is_alive else Refused(Refusal.DIALER_SILENT)


_RULES: Mapping[Refusal, Callable[[AttemptFacts, datetime], Refused | None]] = {
    Refusal.LISTED: _is_listed,
    Refusal.ATTEMPTS_EXHAUSTED: _are_attempts_used_up,
    Refusal.CAMPAIGN_NOT_ACTIVE: _is_inactive,
    Refusal.NO_LEASE: _has_no_lease,
    Refusal.OUTSIDE_CAMPAIGN_TIME: _is_outside_its_time,
    Refusal.REGISTRY_STALE: _is_a_registry_stale,
    Refusal.OUTSIDE_WINDOW: _is_closed,
    Refusal.NUMBER_CAPPED: _is_capped,
    Refusal.NUMBER_BUSY: _is_number_busy,
    Refusal.CAMPAIGN_FULL: _is_campaign_full,
    Refusal.TRUNK_FULL: _is_trunk_full,
    Refusal.NO_CALLER_ID: _has_no_caller_id,
    Refusal.CALLER_ID_SPENT: _are_caller_ids_spent,
    Refusal.PACE_CHANGED: _has_pace_changed,
    Refusal.DIALER_SILENT: _is_dialer_silent,
}


_RULES_OF_TEXTS: Sequence[Callable[[PersonFacts, datetime], Refused | None]] = (
    _is_listed,
    _is_inactive,
    _has_no_lease,
    _is_outside_its_time,
    _is_a_registry_stale,
    _is_closed,
    _is_capped,
)


def is_campaign_time(start_time: datetime | None, end_time: datetime | None, now: datetime) -> bool:
    """Whether `now` lies between the campaign's start and end, where it has them."""
    return (start_time is None or now >= start_time) and (end_time is None or now < end_time)
