"""An inbox that writes down what it is given, and fails when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from outdial.domain.errors import Unavailable
from outdial.domain.sms.delivery import IncomingText, Receipt


@dataclass
class WrittenDown:
    """What was kept, in order. `failures` is how many times it will say that it cannot."""

    receipts: list[Receipt] = field(default_factory=list)
    replies: list[IncomingText] = field(default_factory=list)
    failures: int = 0
    takes_s: float = 0.0

    async def take_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Keep them."""
        await self._work()
        self.receipts += receipts

    async def take_reply(self, reply: IncomingText) -> None:
        """Keep it."""
        await self._work()
        self.replies.append(reply)

    async def _work(self) -> None:
        await asyncio.sleep(self.takes_s)
        if self.failures:
            self.failures -= 1
            raise Unavailable("the database does not answer.")
