"""Whatever connects to the AGI server, the calls beside it go on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from outdial.dialer.agi_server import AgiLimits, AgiServer, serve_agi
from outdial.dialer.agi_session import AgiSession
from outdial.domain.errors import Unavailable
from tests.ivr.asterisk_side import ENVIRONMENT, peer

QUICK = AgiLimits(environment_timeout_s=0.3, line_bytes=4096, close_timeout_s=0.3)
HOST = "127.0.0.1"


async def greet(session: AgiSession) -> None:
    """The shortest call there is."""
    await session.answer()


@asynccontextmanager
async def served(
    on_session: Callable[[AgiSession], Awaitable[None]] = greet, limits: AgiLimits = QUICK
) -> AsyncGenerator[AgiServer]:
    async with serve_agi(HOST, 0, on_session, limits) as server:
        yield server


async def assert_serves(port: int) -> None:
    """A proper call is served, and soon."""
    async with asyncio.timeout(2), peer(port) as call:
        await call.follow([("ANSWER", "200 result=0")])


async def test_a_call_is_known_by_its_environment() -> None:
    seen: list[AgiSession] = []

    async def remember(session: AgiSession) -> None:
        seen.append(session)

    async with served(remember) as server, peer(server.port) as call:
        assert await call.is_closed()
    assert seen[0].environment["agi_uniqueid"] == "call-1"
    assert seen[0].environment["agi_calleridname"] == "Campaign: spring"
    assert seen[0].environment["agi_arg_1"] == ""


async def test_connect_and_close_leaves_the_loop_running() -> None:
    async with served() as server:
        for _ in range(50):
            _, writer = await asyncio.open_connection(HOST, server.port)
            writer.close()
        beats = 0
        async with asyncio.timeout(2):
            while beats < 20:
                await asyncio.sleep(0.01)
                beats += 1
        await assert_serves(server.port)


@pytest.mark.parametrize(
    "opening",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
        b"\n",
        b"agi_network: yes\n\n",
        ENVIRONMENT[:60],
        b"",
        b"agi_network: yes\n" * 200,
        b"agi_network: " + b"x" * 1_000_000,
        b"agi_network: " + b"x" * 1_000_000 + b"\n\n",
        b"agi_network: \xff\xfe\n",
    ],
    ids=[
        "web",
        "tls",
        "blank",
        "no call id",
        "half",
        "silence",
        "no end",
        "1 MB and no line",
        "1 MB line",
        "half, no UTF-8",
    ],
)
async def test_a_peer_that_does_not_speak_agi_is_closed(opening: bytes) -> None:
    called: list[AgiSession] = []

    async def remember(session: AgiSession) -> None:
        called.append(session)

    async with served(remember) as server, peer(server.port, opening) as stranger:
        assert await stranger.is_closed()
    assert called == []


async def test_strangers_do_not_delay_calls() -> None:
    async with served(limits=AgiLimits(environment_timeout_s=30)) as server:
        strangers = [await asyncio.open_connection(HOST, server.port) for _ in range(200)]
        for _, writer in strangers:
            writer.write(b"agi_network: yes\n")
        await assert_serves(server.port)
        for _, writer in strangers:
            writer.transport.abort()


async def test_hundreds_of_calls_at_once_are_all_served() -> None:
    together = asyncio.Barrier(300)

    async def meet(session: AgiSession) -> None:
        await together.wait()
        await session.answer()

    async def call(port: int) -> None:
        async with peer(port) as asterisk:
            await asterisk.follow([("ANSWER", "200 result=0")])

    async with served(meet, AgiLimits()) as server, asyncio.timeout(30), asyncio.TaskGroup() as calls:
        for _ in range(300):
            calls.create_task(call(server.port))


async def test_calls_beyond_the_limit_are_refused() -> None:
    release = asyncio.Event()

    async def hold(_session: AgiSession) -> None:
        await release.wait()

    async with served(hold, AgiLimits(sessions=1)) as server, peer(server.port) as first:
        await asyncio.sleep(0.05)
        async with peer(server.port) as second:
            assert await second.is_closed()
        release.set()
        assert await first.is_closed()


async def test_a_call_that_fails_takes_no_other_with_it() -> None:
    async def fail_once(session: AgiSession) -> None:
        if session.environment["agi_uniqueid"] == "bad":
            raise ZeroDivisionError
        await session.answer()

    async with served(fail_once) as server:
        async with peer(server.port, ENVIRONMENT.replace(b"call-1", b"bad")) as bad:
            assert await bad.is_closed()
        await assert_serves(server.port)


async def test_stopping_ends_a_session_that_waits_for_asterisk() -> None:
    ended = asyncio.Event()

    async def play(session: AgiSession) -> None:
        try:
            await session.stream_file("long")
        finally:
            ended.set()

    async with AsyncExitStack() as peers:
        async with asyncio.timeout(5), served(play) as server:
            asterisk = await peers.enter_async_context(peer(server.port))
            assert await asterisk.read_command()
        assert ended.is_set()


async def test_a_peer_that_reads_nothing_is_let_go() -> None:
    async def flood_once(session: AgiSession) -> None:
        if session.environment["agi_uniqueid"] == "stuck":
            session._writer.write(b"x" * 20_000_000)
        else:
            await session.answer()

    async with served(flood_once, AgiLimits(sessions=1, close_timeout_s=0.2)) as server:
        with socket.create_connection((HOST, server.port)) as stuck:
            stuck.sendall(ENVIRONMENT.replace(b"call-1", b"stuck"))
            await asyncio.sleep(0.6)
            await assert_serves(server.port)


async def test_a_taken_port_is_said_in_one_sentence() -> None:
    async with served() as server:
        with pytest.raises(Unavailable, match=f"cannot listen for AGI on {HOST}:{server.port}"):
            async with serve_agi(HOST, server.port, greet):
                pass
