"""Keeps a stack running: starts its stages in order, restarts what dies, stops all in reverse.

Used by the detached supervisor, by `outdial standalone run` and by the demo.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from outdial.standalone.part import (
    Part,
    PartFailed,
    exit_reason,
    failure,
    spawn_part,
    stop_part,
    wait_until_ready,
)
from outdial.telemetry.logs import get_logger

_log = get_logger(__name__)
_BACKOFF_S = (1, 2, 4)
_SETTLED_S = 60


@dataclass(frozen=True)
class Kept:
    """A part and how often it may die before that is a failure of the stack."""

    part: Part
    restarts: int = 0


Stage = Callable[[], Awaitable[Sequence[Kept]]]
"""Prepares and names parts that may start together, once every stage before is ready."""

Watcher = Callable[[str, int | None], None]
"""Told a part's name and its process id when it is ready, None when it is not."""


@asynccontextmanager
async def running_stages(stages: Sequence[Stage], watch: Watcher) -> AsyncGenerator[None]:
    """The stages, all ready, for the length of a block.

    Raises PartFailed, cancelling the block, when a part cannot start or has died too often; whatever
    happens, every part has been stopped, the last started first, when this returns.
    """
    ready = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            stack = group.create_task(_run_stages(stages, watch, ready))
            await ready.wait()
            try:
                yield
            finally:
                stack.cancel()
    except BaseExceptionGroup as errors:
        raise _first_leaf(errors) from None


async def _run_stages(stages: Sequence[Stage], watch: Watcher, ready: asyncio.Event) -> None:
    if not stages:
        ready.set()
        await asyncio.Event().wait()
    parts = await stages[0]()
    # A task group cancels its tasks when its body has ended: hence, at the end, the reverse order.
    async with asyncio.TaskGroup() as group:
        are_ready = [asyncio.Event() for _ in parts]
        for kept, is_ready in zip(parts, are_ready, strict=True):
            group.create_task(_keep(kept, watch, is_ready), name=kept.part.name)
        for is_ready in are_ready:
            await is_ready.wait()
        await _run_stages(stages[1:], watch, ready)


async def _keep(kept: Kept, watch: Watcher, is_ready: asyncio.Event) -> None:
    part = kept.part
    deaths = 0
    while True:
        ran_s, reason = await _run_once(part, watch, is_ready)
        deaths = 1 if ran_s > _SETTLED_S else deaths + 1
        if deaths > kept.restarts:
            times = "" if deaths == 1 else f" {deaths} times"
            raise failure(part, f"stopped by itself{times} ({reason})")
        backoff_s = _BACKOFF_S[min(deaths, len(_BACKOFF_S)) - 1]
        _log.warning("part died; starting it again", part=part.name, reason=reason, backoff_s=backoff_s)
        await asyncio.sleep(backoff_s)


async def _run_once(part: Part, watch: Watcher, is_ready: asyncio.Event) -> tuple[float, str]:
    """Run a part until it ends by itself; returns how long it was ready and why it ended.

    Only the very first start may fail the stack; a later one is a death like another.
    """
    loop = asyncio.get_running_loop()
    running = await spawn_part(part)
    try:
        await wait_until_ready(running)
        since = loop.time()
        watch(part.name, running.process.pid)
        is_ready.set()
        returncode = await running.process.wait()
        return loop.time() - since, exit_reason(returncode)
    except PartFailed:
        if not is_ready.is_set():
            raise
        return 0, "it did not become ready again"
    finally:
        watch(part.name, None)
        await stop_part(running)


def _first_leaf(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
