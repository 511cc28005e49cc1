"""What becomes of a text: the states it passes, why it fails, and what carriers tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class TextState(StrEnum):
    """How a text stands. All but `queued`, `submitting` and `sent` are ends."""

    QUEUED = "queued"
    """Asked for by a key or a reply; waits for a gateway."""
    SUBMITTING = "submitting"
    """Written down; the carrier is being asked."""
    NOT_TAKEN = "not_taken"
    """The carrier certainly did not take it: it says nothing about the person, and is tried again."""
    SENT = "sent"
    """The carrier took it."""
    DELIVERED = "delivered"
    """A receipt says that the telephone has it."""
    UNDELIVERED = "undelivered"
    """A receipt says that the telephone will not have it."""
    REFUSED = "refused"
    """The carrier will never take it."""
    UNKNOWN = "unknown"
    """Nobody knows whether the carrier took it; it is not repeated."""


class TextFailure(StrEnum):
    """Why a text failed, in words that are the same for all carriers."""

    LANDLINE = "landline"
    """The line takes no texts."""
    INVALID_NUMBER = "invalid_number"
    UNREACHABLE = "unreachable"
    """The telephone was off or away until the text expired."""
    OPTED_OUT = "opted_out"
    """The carrier keeps a list of its own, and the number is on it."""
    FILTERED = "filtered"
    """Taken for spam, by the carrier or a network on the way."""
    BAD_SENDER = "bad_sender"
    """The sender may not be used, or not for this country."""
    BAD_CONTENT = "bad_content"
    NO_CREDIT = "no_credit"
    """The account is empty, or over its spending limit."""
    THROTTLED = "throttled"
    CARRIER_DOWN = "carrier_down"
    LISTED = "listed"
    """Listed here, since the text was asked for."""
    TOO_LATE = "too_late"
    """Asked for by a key or a reply, and not sent while it was of use."""
    OTHER = "other"


class ReceiptState(StrEnum):
    """What a receipt says, the lightest first: they come twice and in any order, and the heaviest holds."""

    ENROUTE = "enroute"
    FAILED = "failed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a carrier tells of one part of a text, or of the whole where it splits texts itself.

    `message_id` is the carrier's, in the form its answer to the text had; `reference` is ours
    (`OutgoingText.reference`) where the carrier gives it back. `said` are its own code and words.
    """

    carrier: str
    message_id: str
    state: ReceiptState
    failure: TextFailure | None = None
    said: str = ""
    reported_at: datetime | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class EndedText:
    """A text of which receipts have said how it ended: `delivered` or `undelivered`."""

    record_id: UUID
    state: TextState
    failure: TextFailure | None
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class IncomingText:
    """What somebody wrote to one of our numbers. `message_id` is the carrier's, empty where it gives none.

    `phone` is E.164; `sent_to` is our number or short code, as the carrier writes it.
    """

    carrier: str
    message_id: str
    phone: str
    sent_to: str
    body: str
    received_at: datetime
