"""What follows a campaign's text that ended: done, sent again at a time, passed on to a call, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from outdial.domain.channels import Channel, PassedOn, Reach
from outdial.domain.retries import Completed, GivenUp, RetryAt
from outdial.domain.sms.delivery import TextFailure, TextState

FIRST_DELAY_S = 5.0
LONGEST_DELAY_S = 900.0
MOST_NOT_TAKEN = 10
"""After so many times that a carrier did not take a contact's text, something other than luck is wrong."""

_REASONS = {
    TextState.UNDELIVERED: "text_undelivered",
    TextState.REFUSED: "text_refused",
    TextState.UNKNOWN: "text_unknown",
}


@dataclass(frozen=True)
class TextEnd:
    """How a text ended. `not_taken` counts this contact's texts that no carrier took, this one included."""

    state: TextState
    failure: TextFailure | None
    ended_at: datetime
    not_taken: int = 0
    retry_after_s: float | None = None


def what_follows_text(end: TextEnd, reach: Reach) -> Completed | RetryAt | GivenUp | PassedOn:
    """Decide what follows. A text that may have arrived is never sent again."""
    if end.state is TextState.NOT_TAKEN:
        if end.not_taken >= MOST_NOT_TAKEN:
            return GivenUp("never_sent")
        return RetryAt(end.ended_at + backoff(end.not_taken, end.retry_after_s))
    if reach.call_follows(end.state, end.failure):
        return PassedOn(Channel.VOICE, end.ended_at + reach.delay)
    if end.state in {TextState.SENT, TextState.DELIVERED}:
        return Completed()
    return GivenUp(_reason(end))


def backoff(times_not_taken: int, retry_after_s: float | None) -> timedelta:
    """How long to wait after the carrier did not take a text for the nth time; at least as it asked."""
    delay_s = min(FIRST_DELAY_S * 2 ** max(times_not_taken - 1, 0), LONGEST_DELAY_S)
    return timedelta(seconds=max(delay_s, retry_after_s or 0))


def _reason(end: TextEnd) -> str:
    match end.failure:
        case TextFailure.LANDLINE:
            return "landline"
        case TextFailure.OPTED_OUT:
            return "opted_out_at_carrier"
        case TextFailure.INVALID_NUMBER:
            return "invalid_number"
        case _:
            return _REASONS[end.state]
