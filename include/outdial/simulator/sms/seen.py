"""Lines of the ledger about texts. `at` is epoch seconds, numbers are written with a +."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextSeen:
    """A whole text that the carrier took, as the telephone shows it where the outcome lets it through.

    `validity` is the sender's, as it was written: SMPP's validity_period, or HTTP's ttl in milliseconds.
    """

    at: float
    carrier: str
    account: str
    sender: str
    to: str
    text: str
    parts: int
    encoding: str
    message_ids: tuple[str, ...]
    outcome: str
    reference: str
    validity: str


@dataclass(frozen=True, slots=True)
class TextRefused:
    """A submit that was not taken, and why."""

    at: float
    carrier: str
    account: str
    sender: str
    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReceiptSeen:
    """A receipt that was given out to be brought; one brought twice on purpose has two lines."""

    at: float
    carrier: str
    account: str
    message_id: str
    to: str
    state: str


@dataclass(frozen=True, slots=True)
class ReplySeen:
    """What a person wrote: `sender` is theirs, `to` is ours."""

    at: float
    carrier: str
    account: str
    sender: str
    to: str
    text: str
    message_id: str


@dataclass(frozen=True, slots=True)
class LinkOpened:
    """`who` is person or previewer; `status` is HTTP's, 0 where nobody answered."""

    at: float
    to: str
    url: str
    who: str
    status: int


Seen = TextSeen | TextRefused | ReceiptSeen | ReplySeen | LinkOpened

EVENT_OF: dict[type[Seen], str] = {
    TextSeen: "text",
    TextRefused: "text_refused",
    ReceiptSeen: "receipt",
    ReplySeen: "reply",
    LinkOpened: "link",
}
