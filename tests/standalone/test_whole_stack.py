"""The stack as a person meets it: by command, in a home of its own, beside another one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from outdial.settings import read_settings
from outdial.standalone.child_environment import child_environment
from outdial.standalone.control import stack_state, stop_stack
from outdial.standalone.home import Home, home_at, is_held
from outdial.standalone.leftovers import process_title, stack_processes

OUTDIAL = str(Path(sys.executable).with_name("outdial"))
LAUNCHER = Path(__file__).parents[2] / "include/outdial/standalone/launch.py"
# Root without a mapping in a user namespace is no longer root: what a normal user may do, and no more.
AS_NORMAL_USER = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), "9", "namespace", "--"]


async def outdial(home: Path, *words: str, launcher: list[str] | None = None) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(launcher or []),
        OUTDIAL,
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=child_environment(os.environ, OUTDIAL_HOME=str(home)),
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """A home of the test's own; whatever still runs in it at the end is stopped."""
    own = home_at(tmp_path / "home")
    yield own
    await stop_stack(own.path)


async def released(home: Home, timeout_s: float) -> bool:
    for _ in range(round(timeout_s / 0.2)):
        if not is_held(home):
            return True
        await asyncio.sleep(0.2)
    return False


async def remembered(home: Home) -> list[tuple[str]]:
    dsn = read_settings(home.environment).database_dsn
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        await conn.execute("create table if not exists remembered (word text)")
        found = await (await conn.execute("select word from remembered")).fetchall()
        await conn.execute("insert into remembered values ('before the stop')")
        return found


@pytest.mark.timeout(600)
async def test_a_stack_beside_another_keeps_its_data_and_a_killed_supervisor_leaves_nothing(
    home: Home, airflow_stack: Home
) -> None:
    code, out, err = await outdial(home.path, "standalone", "start")
    assert (code, err) == (0, "")
    assert "Everything is running." in out
    assert await remembered(home) == []

    code, out, err = await outdial(home.path, "standalone", "start", "--json")
    assert (code, json.loads(out)["already_running"]) == (0, True), err
    code, out, err = await outdial(home.path, "doctor", "--json")
    assert (code, json.loads(out)["well"]) == (0, True), out + err
    found = {check["name"]: check["found"] for check in json.loads(out)["checks"]}
    assert found["SMS gateway"] == "linked to smpp and http"
    assert found["short links"].startswith("the gateway answers at http://127.0.0.1:")

    code, out, err = await outdial(home.path, "standalone", "stop")
    assert (code, out) == (0, "Everything is stopped; the data stays.\n"), err
    assert [process_title(pid) for pid in stack_processes(home)] == []
    assert await outdial(home.path, "standalone", "stop") == (0, "Nothing was running.\n", "")

    code, _, err = await outdial(home.path, "standalone", "start")
    assert code == 0, err
    assert await remembered(home) == [("before the stop",)]
    state = stack_state(home.path)
    assert state is not None
    os.kill(state.supervisor, signal.SIGKILL)
    assert await released(home, timeout_s=60)
    assert [process_title(pid) for pid in stack_processes(home)] == []
    neighbour = stack_state(airflow_stack.path)
    assert neighbour is not None
    assert neighbour.phase == "ready"
    assert len(neighbour.parts) == 10


async def test_a_part_that_cannot_start_is_named_with_its_log_and_nothing_stays(home: Home) -> None:
    (home.path / "postgres").mkdir(parents=True)
    (home.path / "postgres" / "PG_VERSION").write_text("not a version")
    code, _, err = await outdial(home.path, "standalone", "start")
    assert code == 1
    problem = err.strip().splitlines()[-1]
    assert problem.startswith("outdial: postgres stopped at once")
    assert str(home.log("postgres")) in problem
    assert "Traceback" not in err
    assert not is_held(home)
    assert stack_processes(home) == []


@pytest.mark.timeout(300)
async def test_a_normal_user_can_start_and_stop_it(home: Home) -> None:
    launcher = AS_NORMAL_USER if os.geteuid() == 0 else []
    code, _, err = await outdial(home.path, "standalone", "start", launcher=launcher)
    assert (code, err) == (0, "")
    code, _, err = await outdial(home.path, "standalone", "stop", launcher=launcher)
    assert (code, err) == (0, "")
    assert not is_held(home)
    assert stack_processes(home) == []
