"""How much processor time the processes of a benchmark use, their children's included."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

OUTDIAL = str(Path(sys.executable).with_name("outdial"))


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Processor time used so far, by name; a process that is gone has no entry."""
    used: dict[str, float] = {}
    for name, pid in pids.items():
        try:
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            used[name] = sum(_own_seconds(one) for one in family)
        except psutil.NoSuchProcess:
            continue
    return used


def _own_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    # Children that were waited for are counted in their parent from then on.
    return times.user + times.system + times.children_user + times.children_system


def machine_busy_seconds() -> float:
    """Processor time that this machine has spent on anything, all cores together."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0)
