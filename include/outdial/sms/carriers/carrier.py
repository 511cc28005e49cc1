"""What a carrier of texts is to the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from outdial.domain.errors import OutdialError
from outdial.domain.sms.delivery import IncomingText, Receipt, TextFailure
from outdial.domain.sms.encoding import SplitText


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """One text to one person. `reference` is ours, 32 hexadecimal digits; `to` is E.164."""

    reference: str
    to: str
    sender: str
    split: SplitText
    validity_s: int = 24 * 3600

    @property
    def body(self) -> str:
        """The whole text, for carriers that split it themselves."""
        return "".join(self.split.parts)


class NotTaken(OutdialError):
    """The carrier certainly has no part of the text, and may take it later: throttled, out of reach, down."""

    def __init__(self, failure: TextFailure, said: str, retry_after_s: float | None = None) -> None:
        super().__init__(said)
        self.failure = failure
        self.retry_after_s = retry_after_s


class Declined(OutdialError):
    """The carrier certainly has no part of the text, and never will take it as it is."""

    def __init__(self, failure: TextFailure, said: str) -> None:
        super().__init__(said)
        self.failure = failure


class Unsure(OutdialError):
    """The carrier may have the text, or some of its parts: it was asked and has not answered.

    `message_ids` are those of the parts it did take.
    """

    def __init__(self, said: str, message_ids: Sequence[str] = ()) -> None:
        super().__init__(said)
        self.message_ids = tuple(message_ids)


class Inbox(Protocol):
    """Where a carrier leaves what it brings. On return it is durable: only then may it be acknowledged.

    Raises Unavailable where it cannot be kept: the carrier must then be told to bring it again.
    """

    async def take_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Keep receipts; the same one twice is no harm."""
        ...

    async def take_reply(self, reply: IncomingText) -> None:
        """Keep what somebody wrote, and act on it; the same one twice is no harm."""
        ...


class Carrier(Protocol):
    """Someone who carries texts. Opened for the length of a block by its own `open_…`."""

    @property
    def name(self) -> str:
        """As campaigns name it, and as it stands in records."""
        ...

    @property
    def parts_per_second(self) -> float:
        """How fast it may be given parts, by all gateways together."""
        ...

    @property
    def most_in_flight(self) -> int:
        """How many texts it may be asked to take at once."""
        ...

    @property
    def gives_receipts(self) -> bool:
        """Does it tell what becomes of texts?"""
        ...

    @property
    def confirms_stop(self) -> bool:
        """Does it answer STOP by itself? Then we do not."""
        ...

    @property
    def is_up(self) -> bool:
        """Can it be asked now? While not, nothing begins for it."""
        ...

    async def submit(self, text: OutgoingText) -> Sequence[str]:
        """Have the text carried; returns the carrier's ids of its parts, one where it splits by itself.

        Answers within 10 s. Raises NotTaken, Declined or Unsure.
        """
        ...

    async def run(self, inbox: Inbox) -> None:
        """Keep the link up and bring receipts and replies to `inbox`, until cancelled."""
        ...
