"""When, if ever, a contact can be called or texted next, and what decides it.

`storage/preview.sql` is the same rule for a whole campaign at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from outdial.domain.calling_windows import is_open, next_opening
from outdial.domain.channels import Channel
from outdial.domain.permission import NUMBER_BUSY_DELAY
from outdial.domain.retries import CallingTime

Group = Literal["now", "later", "never"]


class Reason(StrEnum):
    """What decides when a contact can be called or texted."""

    CAN_BE_CALLED = "can_be_called"
    CAN_BE_TEXTED = "can_be_texted"
    DISPATCHED = "dispatched"
    ON_CALL = "on_call"
    TEXT_UNDER_WAY = "text_under_way"

    CLOSED = "closed"
    RETRY = "retry"
    CAPPED = "capped"
    LISTED_FOR_A_TIME = "listed_for_a_time"
    NUMBER_BUSY = "number_busy"
    NOT_STARTED = "not_started"
    HELD_BACK = "held_back"
    """Put back by a dialer or a gateway, until a time."""

    COMPLETED = "completed"
    LISTED = "listed"
    ERASED = "erased"
    GIVEN_UP = "given_up"
    CAMPAIGN_OVER = "campaign_over"
    NEVER_OPEN = "never_open"
    NO_WINDOW_BEFORE_END = "no_window_before_end"


NOW = frozenset({
    Reason.CAN_BE_CALLED,
    Reason.CAN_BE_TEXTED,
    Reason.DISPATCHED,
    Reason.ON_CALL,
    Reason.TEXT_UNDER_WAY,
})
NEVER = frozenset({
    Reason.COMPLETED,
    Reason.LISTED,
    Reason.ERASED,
    Reason.GIVEN_UP,
    Reason.CAMPAIGN_OVER,
    Reason.NEVER_OPEN,
    Reason.NO_WINDOW_BEFORE_END,
})


def group_of(reason: Reason) -> Group:
    """Whether a contact of whom this is decisive is reached out to now, later or never."""
    return "now" if reason in NOW else "never" if reason in NEVER else "later"


@dataclass(frozen=True)
class Standing:
    """A contact as it stands; `channel` is how it is reached next.

    `tried` is whether it was called or texted before, `due_at` is set where it waits, `listed_until` where it
    is listed for a time, and `number_busy` means that another campaign is on a call to the number. Attempts
    and busy numbers keep nobody from being texted.
    """

    status: Literal["pending", "completed", "failed", "blacklisted"]
    failure_reason: str | None = None
    place: Literal["ready", "waiting", "dispatched", "live", "texting", "nowhere"] = "ready"
    channel: Channel = Channel.VOICE
    due_at: datetime | None = None
    tried: bool = False
    has_attempts_left: bool = True
    erased: bool = False
    listed_for_good: bool = False
    listed_until: datetime | None = None
    capped_until: datetime | None = None
    number_busy: bool = False


@dataclass(frozen=True)
class Season:
    """When a campaign may call somebody: its dates, and the hours that hold for them."""

    start_time: datetime | None
    hours: CallingTime
    over: bool = False


@dataclass(frozen=True)
class Outlook:
    """`at` is when the contact can be called next; None where that is never, or a call is going on."""

    reason: Reason
    at: datetime | None = None

    @property
    def group(self) -> Group:
        """Now, later or never."""
        return group_of(self.reason)


def outlook(standing: Standing, season: Season, now: datetime) -> Outlook:
    """When the contact can be called next, as far as it depends on the contact and the campaign's dates.

    What stops a whole campaign, as a pause, is not asked here.
    """
    finished = _finished(standing, season)
    if finished is not None:
        return Outlook(finished)
    earliest, cause = _earliest(standing, season, now)
    hours = season.hours
    at = next_opening(hours.timetables, hours.zones, earliest, hours.end_time)
    if at is None:
        ever = next_opening(hours.timetables, hours.zones, now)
        return Outlook(Reason.NO_WINDOW_BEFORE_END if ever else Reason.NEVER_OPEN)
    if at > now:
        return Outlook(_cause_of_waiting(cause, hours, now), at)
    if standing.place == "dispatched":
        return Outlook(Reason.DISPATCHED, at)
    return Outlook(can_be_reached(standing.channel), at)


def can_be_reached(channel: Channel) -> Reason:
    """What is said of somebody whom nothing keeps from being reached so."""
    return Reason.CAN_BE_TEXTED if channel is Channel.SMS else Reason.CAN_BE_CALLED


def _cause_of_waiting(cause: Reason | None, hours: CallingTime, now: datetime) -> Reason:
    """What a contact waits for; one that a dialer put back while its area was closed waits for that."""
    if cause is None or (cause is Reason.HELD_BACK and not is_open(hours.timetables, hours.zones, now)):
        return Reason.CLOSED
    return cause


def _finished(standing: Standing, season: Season) -> Reason | None:
    """Why nothing more is to be decided about the contact, if so."""
    used_up = standing.channel is Channel.VOICE and not standing.has_attempts_left
    reasons = (
        (standing.erased, Reason.ERASED),
        (standing.status == "completed", Reason.COMPLETED),
        (standing.status == "blacklisted", Reason.LISTED),
        (standing.status == "failed" and standing.failure_reason is not None, Reason.GIVEN_UP),
        (standing.place == "live", Reason.ON_CALL),
        (standing.place == "texting", Reason.TEXT_UNDER_WAY),
        (standing.listed_for_good, Reason.LISTED),
        (used_up, Reason.GIVEN_UP),
        (season.over, Reason.CAMPAIGN_OVER),
    )
    return next((reason for holds, reason in reasons if holds), None)


def _earliest(standing: Standing, season: Season, now: datetime) -> tuple[datetime, Reason | None]:
    """The latest of everything that must pass first, and which it is; None where nothing must."""
    busy = standing.number_busy and standing.channel is Channel.VOICE
    waits = (
        (standing.listed_until, Reason.LISTED_FOR_A_TIME),
        (standing.capped_until, Reason.CAPPED),
        (standing.due_at, Reason.RETRY if standing.tried else Reason.HELD_BACK),
        (now + NUMBER_BUSY_DELAY if busy else None, Reason.NUMBER_BUSY),
        (season.start_time, Reason.NOT_STARTED),
    )
    ahead = [(until, reason) for until, reason in waits if until is not None and until > now]
    return max(ahead, key=lambda wait: wait[0], default=(now, None))
