"""Starts a supervisor that outlives this command, asks how it is, and stops it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from outdial.domain.errors import Unavailable
from outdial.standalone.home import Home, StackState, home_at, is_held, make_home, read_state
from outdial.standalone.leftovers import end_stack_processes
from outdial.standalone.part import PartFailed, log_tail
from outdial.standalone.serve import Announce

_POLL_S = 0.1
_START_TIMEOUT_S = 300
_STOP_TIMEOUT_S = 90
_LEFTOVERS_TIMEOUT_S = 45


@dataclass(frozen=True)
class Started:
    """A stack that is ready, and whether it was so before it was asked for."""

    home: Home
    was_running: bool


async def start_stack(path: Path, inherited: Mapping[str, str], announce: Announce) -> Started:
    """Start a detached supervisor in the home at `path` and return when everything is ready.

    Where one is already there, wait for that instead. Raises PartFailed when it does not become ready,
    leaving nothing running.
    """
    home = make_home(path)
    if await _is_served(home):
        await _wait_until_ready(home, announce)
        return Started(home, was_running=True)
    supervisor = _spawn_supervisor(home, inherited)
    try:
        await _wait_until_ready(home, announce, supervisor)
    except BaseException:
        await supervisor.end()
        raise
    return Started(home, was_running=False)


async def stop_stack(path: Path) -> bool:
    """Stop the stack in the home at `path`; returns whether there was one to stop.

    Raises Unavailable when it does not end.
    """
    home = home_at(path)
    if not is_held(home):
        return False
    state = read_state(home)
    if state is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.supervisor, signal.SIGTERM)
    if not await _released(home, _STOP_TIMEOUT_S):
        if state is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.supervisor, signal.SIGKILL)
        killed = await end_stack_processes(home)
        raise Unavailable(f"The stack in {home.path} did not stop; killed {len(killed)} of its processes.")
    return True


def stack_state(path: Path) -> StackState | None:
    """What the stack in the home at `path` is doing; None where none runs."""
    home = home_at(path)
    return read_state(home) if is_held(home) else None


async def _is_served(home: Home) -> bool:
    """Whether a living supervisor holds the home; parts that outlived a dead one are waited for."""
    if not is_held(home):
        return False
    state = read_state(home)
    if state is not None and _is_alive(state.supervisor):
        return True
    if not await _released(home, _LEFTOVERS_TIMEOUT_S):
        await end_stack_processes(home)
    return False


@dataclass
class _Supervisor:
    """The process we started, which outlives us: no object of Python's may mind that it still runs."""

    pid: int
    has_ended: bool = False

    def is_alive(self) -> bool:
        if not self.has_ended:
            self.has_ended = os.waitpid(self.pid, os.WNOHANG)[0] == self.pid
        return not self.has_ended

    async def end(self) -> None:
        """Have it stop everything, and wait until it has."""
        if self.is_alive():
            os.kill(self.pid, signal.SIGTERM)
        while self.is_alive():  # noqa: ASYNC110 - the kernel wakes nobody here
            await asyncio.sleep(_POLL_S)


def _spawn_supervisor(home: Home, inherited: Mapping[str, str]) -> _Supervisor:
    log = str(home.log("supervisor"))
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "outdial.standalone", str(home.path)],
        inherited,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return _Supervisor(pid)


async def _wait_until_ready(home: Home, announce: Announce, supervisor: _Supervisor | None = None) -> None:
    """Announce parts as they become ready; with a `supervisor`, only its own word counts."""
    announced: set[str] = set()
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            while (state := _word_of(home, supervisor)) is None or state.phase == "starting":
                _announce_new(state, announced, announce)
                _check_alive(home, supervisor)
                await asyncio.sleep(_POLL_S)
            _announce_new(state, announced, announce)
    except TimeoutError:
        raise PartFailed(f"The stack was not ready after {_START_TIMEOUT_S} s; see {home.logs}.") from None
    if state.phase != "ready":
        raise PartFailed(
            state.problem or f"The stack in {home.path} is {state.phase}; try again.", state.tail
        )


def _announce_new(state: StackState | None, announced: set[str], announce: Announce) -> None:
    for part in state.parts if state else ():
        if part not in announced:
            announced.add(part)
            announce(part)


def _word_of(home: Home, supervisor: _Supervisor | None) -> StackState | None:
    state = read_state(home)
    if state is None or (supervisor is not None and state.supervisor != supervisor.pid):
        return None
    return state


def _check_alive(home: Home, supervisor: _Supervisor | None) -> None:
    if is_held(home) if supervisor is None else supervisor.is_alive():
        return
    state = _word_of(home, supervisor)
    if state is None or state.phase == "starting":
        log = home.log("supervisor")
        raise PartFailed(f"The supervisor died while starting; its log is {log}.", log_tail(log))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def _released(home: Home, timeout_s: float) -> bool:
    for _ in range(round(timeout_s / _POLL_S)):
        if not is_held(home):
            return True
        await asyncio.sleep(_POLL_S)
    return not is_held(home)
