"""Figures and our own words as people read them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from outdial.domain.dispositions import Disposition

OUTCOMES = {
    Disposition.ANSWERED: "Answered",
    Disposition.NO_ANSWER: "No answer",
    Disposition.BUSY: "Busy",
    Disposition.MACHINE: "Answering machine",
    Disposition.REJECTED: "Rejected",
    Disposition.INVALID_NUMBER: "Invalid number",
    Disposition.CONGESTION: "Network congested",
    Disposition.TRUNK_DOWN: "Trunk down",
    Disposition.CANCELLED: "Cancelled by us",
    Disposition.REFUSED: "Refused by the phone system",
    Disposition.UNKNOWN: "End not seen",
}

_REASONS = {
    "attempts_exhausted": "all attempts used",
    "no_caller_id": "no caller id is for their region",
    "never_connected": "never connected",
    "no_window_before_end": "no calling window was left before the end",
    "withdrawn": "no longer in the list's source",
    "dead_letter": "dial task set aside as a dead letter",
}

_NONE = "—"
_SECONDS_A_MINUTE = 60
_MINUTES_AN_HOUR = 60


def outcome_name(disposition: Disposition) -> str:
    """How a call ended, for a table."""
    return OUTCOMES[disposition]


def reason_name(reason: str) -> str:
    """Why a contact was given up, for a table."""
    if reason in _REASONS:
        return _REASONS[reason]
    return reason.replace("_", " ")


def count(number: int) -> str:
    """1234567 as 1,234,567."""
    return f"{number:,}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A count and what follows it: 1 contact, 1,234 contacts; `many` where it is not `one` and an s."""
    return f"{count(number)} {one if number == 1 else many or f'{one}s'}"


def compact(number: int) -> str:
    """A number for little room: 950, 1.2k, 38.4k, 2M."""
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + letter
    return str(number)


def percent(share: float | None) -> str:
    """A share as a percentage; a dash where there is none."""
    return _NONE if share is None else f"{share:.1%}"


def share_of(part: int, whole: int) -> str:
    """`part` of `whole` as a percentage."""
    return percent(part / whole if whole else None)


def duration(seconds: float) -> str:
    """Seconds as people say them: 4.2 s, 3 min 05 s, 2 h 10 min."""
    if round(seconds, 1) < _SECONDS_A_MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest_s = divmod(round(seconds), _SECONDS_A_MINUTE)
    if minutes < _MINUTES_AN_HOUR:
        return f"{minutes} min {rest_s:02} s"
    hours, rest_min = divmod(minutes, _MINUTES_AN_HOUR)
    return f"{hours:,} h {rest_min:02} min"


def moment(at: datetime | None, zone: str) -> str:
    """An instant on the wall clock of `zone`; a dash where there is none."""
    return _NONE if at is None else f"{at.astimezone(ZoneInfo(zone)):%-d %b %Y, %H:%M:%S}"
