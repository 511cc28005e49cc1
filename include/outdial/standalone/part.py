"""One process of the one-machine stack: how it is described, started, watched and stopped.

The supervisor runs a list of these, and tests start single servers with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from outdial.domain.errors import OutdialError

_LAUNCHER = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]
_POLL_S = 0.05
_TAIL_BYTES = 16_384


class PartFailed(OutdialError):
    """A part could not start or has died; the text names it and its log, `tail` is how that log ends."""

    def __init__(self, sentence: str, tail: str = "") -> None:
        """`sentence` for a person, `tail` to be shown below it."""
        super().__init__(sentence)
        self.tail = tail


async def _at_once() -> bool:
    return True


@dataclass(frozen=True)
class Part:
    """What to run, and how to know that it works.

    `is_ready` answers for a running process and must return within a second or two. A part that has
    not ended `grace_s` after its stop signal is killed. `identity` is as `launch.py` has it; the process
    keeps `held_files` open, so that a lock on one of them lasts as long as the process does.
    """

    name: str
    command: Sequence[str]
    log: Path
    is_ready: Callable[[], Awaitable[bool]] = _at_once
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: Path | None = None
    ready_timeout_s: float = 30
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 10
    identity: str = "plain"
    held_files: tuple[int, ...] = ()


@dataclass(frozen=True)
class RunningPart:
    """A part and its process, whose id is also its process group's."""

    part: Part
    process: asyncio.subprocess.Process


def failure(part: Part, what: str) -> PartFailed:
    """The error that tells a person which part failed, and where its log is and how that ends."""
    return PartFailed(f"{part.name} {what}; its log is {part.log}.", log_tail(part.log))


def log_tail(log: Path, lines: int = 12) -> str:
    """The last `lines` lines of a log, or nothing where there is no log."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = stream.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.rstrip().splitlines()[-lines:])


async def start_part(part: Part) -> RunningPart:
    """Start `part` and return once it is ready; raises PartFailed, leaving nothing running."""
    running = await spawn_part(part)
    try:
        await wait_until_ready(running)
    except BaseException:
        await stop_part(running)
        raise
    return running


async def spawn_part(part: Part) -> RunningPart:
    """Start the process in a session of its own: a terminal's Ctrl-C reaches the supervisor alone."""
    part.log.parent.mkdir(parents=True, exist_ok=True)
    orders = [str(os.getpid()), str(int(part.stop_signal)), part.identity, "--"]
    with part.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *_LAUNCHER,
            *orders,
            *part.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(part.environment),
            cwd=part.folder,
            start_new_session=True,
            pass_fds=part.held_files,
        )
    return RunningPart(part, process)


async def wait_until_ready(running: RunningPart) -> None:
    """Return when the part answers; raises PartFailed if it dies first or takes too long."""
    part = running.part
    try:
        async with asyncio.timeout(part.ready_timeout_s):
            while not (running.process.returncode is None and await part.is_ready()):
                if running.process.returncode is not None:
                    raise failure(part, f"stopped at once ({exit_reason(running.process.returncode)})")
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise failure(part, f"was not ready after {part.ready_timeout_s:.0f} s") from None


def exit_reason(returncode: int) -> str:
    """A return code in words: `exit code 1`, `killed by SIGKILL`."""
    if returncode >= 0:
        return f"exit code {returncode}"
    return f"killed by {signal.Signals(-returncode).name}"


async def stop_part(running: RunningPart) -> None:
    """Ask the part to stop, kill its whole process group after its grace; idempotent."""
    with contextlib.suppress(ProcessLookupError):
        running.process.send_signal(running.part.stop_signal)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(running.part.grace_s):
            await running.process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.process.pid, signal.SIGKILL)
    await running.process.wait()


async def run_to_end(part: Part, timeout_s: float) -> None:
    """Run a part that ends by itself, such as an initialisation; raises PartFailed unless it ends well."""
    running = await spawn_part(part)
    try:
        async with asyncio.timeout(timeout_s):
            returncode = await running.process.wait()
    except TimeoutError:
        raise failure(part, f"had not ended after {timeout_s:.0f} s") from None
    finally:
        await stop_part(running)
    if returncode != 0:
        raise failure(part, f"failed ({exit_reason(returncode)})")


@asynccontextmanager
async def running_part(part: Part) -> AsyncGenerator[RunningPart]:
    """The part, ready, for the length of a block."""
    running = await start_part(part)
    try:
        yield running
    finally:
        await stop_part(running)


async def port_answers(port: int, timeout_s: float = 1) -> bool:
    """Whether something on this machine accepts connections at `port`."""
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
