"""Who is spoken for next where more is asked for than an engine can say: people who wait on the line first.

Of them whoever came last, for they wait longest before they give up; first come, first served would make
everybody late.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Turns:
    """Lets `at_once` through at a time."""

    def __init__(self, at_once: int) -> None:
        """Nobody has a turn yet."""
        self._free = at_once
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def take(self, *, is_urgent: bool) -> AsyncGenerator[None]:
        """Wait for a turn, and have it for the length of a block."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(self._urgent if is_urgent else self._others)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, line: deque[asyncio.Future[None]]) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._urgent or self._others:
            following = self._urgent.pop() if self._urgent else self._others.popleft()
            if not following.done():
                following.set_result(None)
                return
        self._free += 1
