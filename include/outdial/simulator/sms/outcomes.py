"""What can become of a text, and how carriers say so: over SMPP in GSM's codes, over HTTP in Vonage's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Refusal(StrEnum):
    """Why a carrier does not take a text at all."""

    BAD_NUMBER = "bad_number"
    BAD_SENDER = "bad_sender"
    BARRED = "barred"
    NO_CREDIT = "no_credit"
    TOO_LONG = "too_long"
    THROTTLED = "throttled"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Told:
    """A receipt's words: SMPP's `stat` and `err`, its message_state; Vonage's `status` and `err-code`."""

    stat: str
    err: int
    state: int
    status: str
    err_code: int


@dataclass(frozen=True, slots=True)
class TextOutcome:
    """One row of the table. `reached`: the person can read it. Without `told` no receipt ever comes."""

    name: str
    reached: bool = False
    told: Told | None = None
    refused: Refusal | None = None


ON_ITS_WAY = Told("ENROUTE", 0, 1, "buffered", 0)

# `err` are GSM's MAP errors, which most carriers pass on: 1 unknown subscriber, 11 no such service on the
# line, 27 absent subscriber, 13 barred. Of Vonage's, 14 is a line whose contract has no texts.
_NAMED = (
    TextOutcome("delivered", reached=True, told=Told("DELIVRD", 0, 2, "delivered", 0)),
    TextOutcome("no_receipt", reached=True),
    TextOutcome("lost"),
    TextOutcome("landline", told=Told("UNDELIV", 11, 5, "failed", 14)),
    TextOutcome("invalid_number", told=Told("UNDELIV", 1, 5, "failed", 3)),
    TextOutcome("unreachable", told=Told("EXPIRED", 27, 3, "expired", 2)),
    TextOutcome("filtered", told=Told("REJECTD", 0, 8, "rejected", 6)),
    TextOutcome("opted_out", told=Told("REJECTD", 13, 8, "rejected", 9)),
    TextOutcome("unknown_end", told=Told("UNKNOWN", 0, 7, "unknown", 1)),
    TextOutcome("refused_number", refused=Refusal.BAD_NUMBER),
    TextOutcome("refused_sender", refused=Refusal.BAD_SENDER),
    TextOutcome("barred", refused=Refusal.BARRED),
    TextOutcome("no_credit", refused=Refusal.NO_CREDIT),
)

TEXT_OUTCOMES = {outcome.name: outcome for outcome in _NAMED}
