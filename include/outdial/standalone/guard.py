"""Ends what a killed supervisor could not: run as `python -m outdial.standalone.guard HOME`.

The kernel tells every part when the supervisor dies, all at once, and some cannot end well alone: without
its database Airflow's scheduler leaves its workers behind. The guard reads a pipe that closes with the
supervisor, and holds the home until nothing is left, so that it never meets the next stack.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from outdial.standalone.home import Home
from outdial.standalone.leftovers import end_stack_processes, stack_processes

_GRACE_S = 20
_LOOK_S = 0.2
_EXIT_TIMEOUT_S = 30


@asynccontextmanager
async def guarded(home: Home, environment: Mapping[str, str], lock: int) -> AsyncGenerator[None]:
    """A guard over the stack in `home` for as long as the block or this process lasts.

    `lock` is the descriptor by which the home is held.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "outdial.standalone.guard",
        str(home.path),
        stdin=asyncio.subprocess.PIPE,
        env=dict(environment),
        start_new_session=True,
        pass_fds=(lock,),
    )
    try:
        yield
    finally:
        if process.stdin is not None:
            process.stdin.close()
        async with asyncio.timeout(_EXIT_TIMEOUT_S):
            await process.wait()


async def _end_what_is_left(home: Home) -> None:
    for _ in range(round(_GRACE_S / _LOOK_S)):
        if not stack_processes(home):
            return
        await asyncio.sleep(_LOOK_S)
    await end_stack_processes(home)


if __name__ == "__main__":
    sys.stdin.read()
    asyncio.run(_end_what_is_left(Home(Path(sys.argv[1]))))
