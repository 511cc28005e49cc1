"""Keeps the originates of this process within the pace as Asterisk sees them, whatever stalled us before.

Slots are already spaced. But those that fall due while the process stands still would all leave at its end.
"""

from __future__ import annotations

import asyncio
from collections import deque

MARGIN_S = 0.005
"""The wire and the peer's scheduler move arrivals by a few milliseconds."""


class SecondGuard:
    """Lets at most `max_cps` pass in any second, in the order they came."""

    def __init__(self, max_cps: float) -> None:
        """Below one a second, one passes in each 1/max_cps seconds."""
        most = max(1, int(max_cps))
        self._span_s = most / min(max_cps, most) + MARGIN_S if max_cps < 1 else 1 + MARGIN_S
        self._passed: deque[float] = deque(maxlen=most)
        self._turn = asyncio.Lock()

    async def wait_for_turn(self) -> None:
        """Return when one more originate fits into the second that ends now."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            if len(self._passed) == self._passed.maxlen:
                await asyncio.sleep(self._passed[0] + self._span_s - loop.time())
            self._passed.append(loop.time())
