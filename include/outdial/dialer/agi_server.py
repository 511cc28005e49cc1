"""The FastAGI server: Asterisk connects to it once for each answered call.

Our own, on asyncio streams: whatever connects (a health check, a port scan, a stuck or hostile peer) costs
one small task with a deadline and never disturbs the calls beside it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from outdial.dialer.agi_session import AgiSession
from outdial.domain.errors import OutdialError, Unavailable
from outdial.telemetry.logs import get_logger

log = get_logger(__name__)

OnSession = Callable[[AgiSession], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AgiLimits:
    """How much a peer may ask of us."""

    environment_timeout_s: float = 5.0
    environment_lines: int = 100
    line_bytes: int = 16 * 1024
    sessions: int = 4000
    close_timeout_s: float = 2.0


@dataclass(frozen=True, slots=True)
class AgiServer:
    """Where Asterisk reaches us."""

    host: str
    port: int


@asynccontextmanager
async def serve_agi(
    host: str, port: int, on_session: OnSession, limits: AgiLimits | None = None
) -> AsyncGenerator[AgiServer]:
    """Serve AGI while the block runs; `port` 0 takes a free one. Leaving the block ends every session.

    `on_session` is awaited once for each call and owns it until it returns; then the connection is closed and
    Asterisk goes on in its dialplan. Raises Unavailable where the address cannot be taken.
    """
    door = _Door(on_session, limits or AgiLimits())
    try:
        server = await asyncio.start_server(
            door.open, host, port, limit=door.limits.line_bytes, backlog=1024, reuse_address=True
        )
    except OSError as error:
        raise Unavailable(f"cannot listen for AGI on {host}:{port}: {error.strerror or error}") from error
    try:
        yield AgiServer(host, server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await door.close()


class _Door:
    """Owns the tasks of all sessions."""

    def __init__(self, on_session: OnSession, limits: AgiLimits) -> None:
        self.limits = limits
        self._on_session = on_session
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection; beyond the limit it is closed at once, and the dialplan hangs up."""
        if len(self._tasks) >= self.limits.sessions:
            log.error("agi connection refused: too many sessions", sessions=len(self._tasks))
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cancel all sessions and wait until each has let go; one that records an opt-out finishes that."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            _keep_alive(writer)
            environment = await read_environment(reader, self.limits)
            await self._on_session(AgiSession(reader, writer, environment))
        except OutdialError as error:
            log.warning("agi session ended", reason=str(error), peer=writer.get_extra_info("peername"))
        except Exception:
            log.exception("agi session failed", peer=writer.get_extra_info("peername"))
        finally:
            await _close(writer, self.limits.close_timeout_s)


async def read_environment(reader: asyncio.StreamReader, limits: AgiLimits) -> dict[str, str]:
    """The `agi_…: value` lines a call opens with, `agi_uniqueid` among them.

    Raises Unavailable for a peer that sends anything else.
    """
    try:
        async with asyncio.timeout(limits.environment_timeout_s):
            return await _read_pairs(reader, limits.environment_lines)
    except TimeoutError as error:
        raise Unavailable(f"no AGI environment within {limits.environment_timeout_s:g} s") from error
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        raise Unavailable("the peer closed the connection before its AGI environment was whole") from error
    except asyncio.LimitOverrunError as error:
        raise Unavailable("the peer sent a line too long for AGI") from error


async def _read_pairs(reader: asyncio.StreamReader, limit: int) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for _ in range(limit):
        line = (await reader.readuntil(b"\n")).decode(errors="replace").rstrip("\r\n")
        if not line and "agi_uniqueid" in pairs:
            return pairs
        key, colon, value = line.partition(":")
        if not colon or not key.startswith("agi_"):
            raise Unavailable("the peer does not speak AGI")
        pairs[key] = value.removeprefix(" ")
    raise Unavailable(f"the peer's AGI environment has more than {limit} lines")


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    # While a prompt plays Asterisk says nothing for minutes; the kernel's probes tell a long prompt from a
    # machine that is gone.
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _close(writer: asyncio.StreamWriter, timeout_s: float) -> None:
    writer.close()
    with suppress(OSError):
        try:
            async with asyncio.timeout(timeout_s):
                await writer.wait_closed()
        finally:
            # A peer that reads nothing would keep the rest of what we wrote, and the socket, for ever.
            writer.transport.abort()
