"""What the carrier does by and by: timers and tasks, all of which end with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from outdial.telemetry.logs import get_logger

_STOP_TIMEOUT_S = 2.0

log = get_logger(__name__)


class Later:
    """Owns everything that is under way, so that nothing outlives the carrier."""

    def __init__(self) -> None:
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopped = False

    def __len__(self) -> int:
        """How much is under way."""
        return len(self._timers) + len(self._tasks)

    def call(self, delay_s: float, act: Callable[[], object]) -> asyncio.TimerHandle:
        """Act in `delay_s` seconds, unless the handle is cancelled before; never, once all has stopped."""

        def fire() -> None:
            self._timers.discard(handle)
            act()

        handle = asyncio.get_running_loop().call_later(delay_s, fire)
        if self._is_stopped:
            handle.cancel()
        else:
            self._timers.add(handle)
        return handle

    def cancel(self, handle: asyncio.TimerHandle) -> None:
        handle.cancel()
        self._timers.discard(handle)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("something of the simulated carrier broke", exc_info=failure)

    def forget_all(self) -> None:
        """Nothing that is under way happens."""
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()
        for task in self._tasks:
            task.cancel()

    async def stop(self) -> None:
        self._is_stopped = True
        self.forget_all()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=_STOP_TIMEOUT_S)
