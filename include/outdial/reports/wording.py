"""Figures and our own words as people read them."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from outdial.domain.dispositions import Disposition
from outdial.domain.sms.delivery import TextFailure, TextState

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

TEXT_STATES = {
    TextState.QUEUED: "Waiting for a gateway",
    TextState.SUBMITTING: "Being given to the carrier",
    TextState.NOT_TAKEN: "Not taken by the carrier",
    TextState.SENT: "Sent, no receipt so far",
    TextState.DELIVERED: "Delivered",
    TextState.UNDELIVERED: "Undelivered",
    TextState.REFUSED: "Refused by the carrier",
    TextState.UNKNOWN: "Not known whether sent",
}

TEXT_FAILURES = {
    TextFailure.LANDLINE: "a landline, which takes no texts",
    TextFailure.INVALID_NUMBER: "invalid number",
    TextFailure.UNREACHABLE: "telephone off or away until the text expired",
    TextFailure.OPTED_OUT: "on the carrier's own list of those who want none",
    TextFailure.FILTERED: "taken for spam",
    TextFailure.BAD_SENDER: "sender may not be used",
    TextFailure.BAD_CONTENT: "text not accepted",
    TextFailure.NO_CREDIT: "no credit at the carrier",
    TextFailure.THROTTLED: "carrier had no room",
    TextFailure.CARRIER_DOWN: "carrier was down",
    TextFailure.LISTED: "listed before it was sent",
    TextFailure.TOO_LATE: "asked for too long ago",
    TextFailure.OTHER: "no reason was given",
}

_REASONS = {
    "attempts_exhausted": "all attempts used",
    "no_caller_id": "no caller id is for their region",
    "never_connected": "never connected",
    "no_window_before_end": "no calling window was left before the end",
    "withdrawn": "no longer in the list's source",
    "landline": "landline, which takes no texts",
    "opted_out_at_carrier": "opted out at the carrier",
    "text_undelivered": "text undelivered",
    "text_refused": "text refused",
    "text_unknown": "not known whether the text was sent",
    "never_sent": "text never taken by the carrier",
    "template_field_missing": "a field of the text is missing",
    "dead_letter": "dial task set aside as a dead letter",
}

_NONE = "—"
_SECONDS_A_MINUTE = 60
_MINUTES_AN_HOUR = 60


def outcome_name(disposition: Disposition) -> str:
    """How a call ended, for a table."""
    return OUTCOMES[disposition]


def state_name(state: TextState) -> str:
    """How a text stands, for a table."""
    return TEXT_STATES[state]


def ending_name(ending: str) -> str:
    """How a call or a text ended: a contact's `last_disposition`, of which both have an `unknown`."""
    if ending in list(Disposition):
        return OUTCOMES[Disposition(ending)]
    return TEXT_STATES[TextState(ending)] if ending in list(TextState) else ending.replace("_", " ")


def failure_name(failure: str) -> str:
    """Why a text failed, for a table; a reason of later versions as it is written."""
    if failure in list(TextFailure):
        return TEXT_FAILURES[TextFailure(failure)]
    return failure.replace("_", " ")


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


def money(amount: Decimal | None, currency: str | None) -> str:
    """An amount to the cent, or as exactly as a price per part is; a dash where there is none."""
    if amount is None:
        return _NONE
    places = max(2, -int(amount.normalize().as_tuple().exponent)) if amount < 1 else 2
    amount = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{amount:,}{f' {currency}' if currency else ''}"


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
