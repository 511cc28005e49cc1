"""One running stack: holds its home, tells others its state, leaves no process behind."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from outdial.domain.clock import Clock
from outdial.standalone.guard import guarded
from outdial.standalone.home import Home, StackState, held_home, make_home, write_state
from outdial.standalone.leftovers import end_stack_processes
from outdial.standalone.part import PartFailed
from outdial.standalone.stack import Stack, plan_stack, stages_of
from outdial.standalone.supervisor import running_stages
from outdial.telemetry.logs import get_logger

_log = get_logger(__name__)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Announce = Callable[[str], None]
"""Told the name of each part that has just become ready."""


class _Board:
    """The supervisor's state as others read it, written at every change."""

    def __init__(self, home: Home, announce: Announce) -> None:
        self._home = home
        self._announce = announce
        self._parts: dict[str, int] = {}
        self._phase = ""

    def enter(self, phase: str, problem: str = "", tail: str = "") -> None:
        self._phase = phase
        write_state(self._home, StackState(phase, os.getpid(), problem, tail, dict(self._parts)))

    def watch(self, part: str, pid: int | None) -> None:
        self._parts.pop(part, None)
        if pid is not None:
            self._parts[part] = pid
            self._announce(part)
        self.enter(self._phase)


@asynccontextmanager
async def running_stack(
    path: Path, inherited: Mapping[str, str], clock: Clock, announce: Announce
) -> AsyncGenerator[Stack]:
    """The whole stack in the home at `path`, ready, for the length of a block.

    Raises AlreadyRunning, or PartFailed when a part cannot start or dies too often.
    """
    home = make_home(path)
    with held_home(home) as held_files:
        _put_logs_aside(home)
        board = _Board(home, announce)
        async with guarded(home, inherited, held_files[0]), _told_to(board, home):
            stack = plan_stack(home, inherited)
            async with running_stages(stages_of(stack, clock, held_files), board.watch):
                board.enter("ready")
                try:
                    yield stack
                finally:
                    board.enter("stopping")


@asynccontextmanager
async def _told_to(board: _Board, home: Home) -> AsyncGenerator[None]:
    """Say on `board` how the block begins and ends, and leave no process of the stack behind it."""
    board.enter("starting")
    try:
        yield
    except PartFailed as error:
        board.enter("failed", str(error), error.tail)
        raise
    except BaseException:
        board.enter("stopped")
        raise
    else:
        board.enter("stopped")
    finally:
        for title in await end_stack_processes(home):
            _log.warning("killed a process that outlived its part", process=title)


def _put_logs_aside(home: Home) -> None:
    """Start logs afresh, so that a log's last lines are this start's; the last start's stay beside them."""
    for log in home.logs.glob("*.log"):
        if log.name != "supervisor.log":
            log.replace(log.with_suffix(".log.previous"))


def run_until_signal(main: Coroutine[Any, Any, int]) -> int:
    """Run `main`, cancelling it at the first SIGINT, SIGTERM or SIGHUP; what it returns.

    Raises KeyboardInterrupt when it was cancelled so. Later signals are ignored: stopping takes its time.
    """

    async def guarded() -> int:
        loop = asyncio.get_running_loop()
        task = loop.create_task(main)
        for number in _SIGNALS:
            loop.add_signal_handler(number, _cancel_once, task)
        return await task

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _cancel_once(task: asyncio.Task[int]) -> None:
    if task.cancelling() == 0:
        task.cancel()
