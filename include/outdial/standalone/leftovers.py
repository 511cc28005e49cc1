"""Finds the processes of a stack, whoever their parent now is, and ends those that should be gone."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from outdial.standalone.home import Home, read_state

_LOOKS = 100
_LOOK_S = 0.05

MARK = "OUTDIAL_STANDALONE_HOME"
"""A variable that every part inherits and hands down; its value is the home's path."""


def stack_processes(home: Home) -> list[int]:
    """Ids of all processes of the stack in `home` but its supervisor, oldest first.

    PostgreSQL's and Airflow's write their titles over their environment, but keep the files they inherit;
    programs that close those keep their environment.
    """
    mark = f"{MARK}={home.path}".encode()
    ids = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    members = str(home.members.resolve())
    supervisor = {os.getpid()} | _supervisor_of(home)
    return [pid for pid in ids if pid not in supervisor and (_has_mark(pid, mark) or _has_open(pid, members))]


def _supervisor_of(home: Home) -> set[int]:
    """The id of the process that last supervised `home`, if any did."""
    state = read_state(home)
    return {state.supervisor} if state else set()


def process_title(pid: int) -> str:
    """A process's command line, to show to a person."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


async def end_stack_processes(home: Home) -> list[str]:
    """Kill what is left of a stack that has stopped; returns the titles of what had to be killed."""
    found = stack_processes(home)
    titles = [process_title(pid) for pid in found]
    for pid in found:
        _kill(pid)
    for _ in range(_LOOKS):
        if not stack_processes(home):
            break
        await asyncio.sleep(_LOOK_S)
    return titles


def _has_mark(pid: int, mark: bytes) -> bool:
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _has_open(pid: int, file: str) -> bool:
    try:
        return any(_target(link) == file for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
