"""What passes between the carrier and its doors, SMPP and HTTP: texts in, receipts and replies out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from outdial.simulator.sms.alphabet import Encoding
from outdial.simulator.sms.outcomes import Told
from outdial.simulator.sms.pdu import Place


class Wanted(StrEnum):
    """Which receipts the sender asked for."""

    ALL = "all"
    FAILURES = "failures"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Submitted:
    """One submit as it came through a door: one part of a text at `place`, or all of its parts without.

    `to` is + and digits; `reference` and `callback` are the sender's own, where its protocol has them.
    """

    carrier: str
    account: str
    sender: str
    to: str
    bodies: tuple[str, ...]
    encoding: Encoding
    place: Place | None = None
    wanted: Wanted = Wanted.ALL
    validity: str = ""
    reference: str = ""
    callback: str = ""
    parts_per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What the door answers: the parts' ids after `answer_delay_s`, or nothing at all where it is `lost`."""

    message_ids: tuple[str, ...]
    answer_delay_s: float
    lost: bool


@dataclass(frozen=True, slots=True)
class ReceiptDue:
    """What is told of one part of a text."""

    message_id: str
    of: Submitted
    told: Told
    submitted_at: datetime
    done_at: datetime


@dataclass(frozen=True, slots=True)
class ReplyDue:
    """What a person writes to the number that wrote to them; `phone` is + and digits."""

    message_id: str
    account: str
    phone: str
    sent_to: str
    text: str
    at: datetime


class Door(Protocol):
    """Where texts come in and receipts and replies go out."""

    def bring_receipt(self, receipt: ReceiptDue) -> None: ...

    def bring_reply(self, reply: ReplyDue) -> None: ...

    def reset(self) -> None:
        """Forget what is still to be brought."""
        ...
