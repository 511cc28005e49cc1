"""The order of a stack's life, shown with small processes that note what happens to them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from outdial.standalone.child_environment import child_environment
from outdial.standalone.part import Part, PartFailed
from outdial.standalone.supervisor import Kept, Stage, running_stages

NOTING = """
import signal, sys, time
name, diary = sys.argv[1:]
def note(what):
    with open(diary, "a") as file:
        file.write(f"{name} {what}\\n")
def stop(*_):
    note("stops")
    time.sleep(0.2)
    note("has stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
note("runs")
while True:
    signal.pause()
"""


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    """Where parts note what happens to them."""
    path = tmp_path / "diary"
    path.touch()
    return path


@pytest.fixture
def noting(tmp_path: Path, diary: Path) -> Callable[[str], Part]:
    """Makes parts that are ready once they have noted that they run."""

    def make(name: str) -> Part:
        async def is_ready() -> bool:
            return f"{name} runs" in notes(diary)

        command = [sys.executable, "-c", NOTING, name, str(diary)]
        environment = child_environment(os.environ)
        return Part(name, command, tmp_path / f"{name}.log", is_ready, environment=environment)

    return make


def notes(diary: Path) -> list[str]:
    return diary.read_text().splitlines()


def stage(*parts: Kept) -> Stage:
    async def prepared() -> Sequence[Kept]:
        return parts

    return prepared


def ignore(part: str, pid: int | None) -> None: ...


async def test_stages_start_in_order_and_stop_in_reverse(noting: Callable[[str], Part], diary: Path) -> None:
    stages = [stage(Kept(noting("floor"))), stage(Kept(noting("walls"))), stage(Kept(noting("roof")))]
    async with running_stages(stages, ignore):
        assert notes(diary) == ["floor runs", "walls runs", "roof runs"]
    assert notes(diary)[3:] == [
        "roof stops",
        "roof has stopped",
        "walls stops",
        "walls has stopped",
        "floor stops",
        "floor has stopped",
    ]


async def test_a_part_that_dies_is_started_again(noting: Callable[[str], Part], diary: Path) -> None:
    pids: list[int] = []
    again = asyncio.Event()

    def watch(part: str, pid: int | None) -> None:
        if pid is not None:
            pids.append(pid)
            if len(pids) == 2:
                again.set()

    async with running_stages([stage(Kept(noting("dialer"), restarts=1))], watch):
        os.kill(pids[0], signal.SIGKILL)
        async with asyncio.timeout(10):
            await again.wait()
        for _ in range(200):
            if notes(diary).count("dialer runs") == 2:
                break
            await asyncio.sleep(0.05)
    assert notes(diary).count("dialer runs") == 2
    assert pids[0] != pids[1]


async def test_a_part_that_dies_too_often_ends_the_stack_by_name(
    noting: Callable[[str], Part], diary: Path, tmp_path: Path
) -> None:
    pids: dict[str, int | None] = {}

    async def run_until_it_dies() -> None:
        stages = [stage(Kept(noting("database"))), stage(Kept(noting("dialer")))]
        async with running_stages(stages, pids.__setitem__):
            os.kill(pids["database"] or 0, signal.SIGKILL)
            await asyncio.sleep(30)

    with pytest.raises(PartFailed, match=r"database stopped by itself \(killed by SIGKILL\)") as raised:
        await run_until_it_dies()
    assert str(tmp_path / "database.log") in str(raised.value)
    assert "dialer has stopped" in notes(diary)


async def test_a_part_that_cannot_start_stops_those_already_running(
    noting: Callable[[str], Part], diary: Path, tmp_path: Path
) -> None:
    broken = Part("roof", [sys.executable, "-c", "raise SystemExit(7)"], tmp_path / "roof.log", never)
    with pytest.raises(PartFailed, match=r"roof stopped at once \(exit code 7\)"):
        async with running_stages([stage(Kept(noting("floor"))), stage(Kept(broken, restarts=3))], ignore):
            pytest.fail("a stack without its roof must not be ready")
    assert "floor has stopped" in notes(diary)


async def never() -> bool:
    return False
