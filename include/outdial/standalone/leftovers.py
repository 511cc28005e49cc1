"""Finds the processes of a stack, whoever their parent now is, and ends those that should be gone."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from outdial.standalone.home import Home

_LOOKS = 100
_LOOK_S = 0.05

MARK = "OUTDIAL_STANDALONE_HOME"
"""A variable that every part inherits and hands down; its value is the home's path."""


def stack_processes(home: Home) -> list[int]:
    """Ids of all processes that belong to the stack in `home`, oldest first.

    Those of PostgreSQL write their titles over their environment, but stay in their data folder.
    """
    mark = f"{MARK}={home.path}".encode()
    ids = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in ids if _has_mark(pid, mark) or _is_postgres_in(pid, home.path)]


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


def _is_postgres_in(pid: int, folder: Path) -> bool:
    try:
        program = Path(f"/proc/{pid}/exe").readlink()
        return program.name == "postgres" and Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    except OSError:
        return False


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
