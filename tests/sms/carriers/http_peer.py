"""A carrier in the form of Vonage's SMS API on a real socket, that answers as a test tells it to."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class HttpPeer:
    """What was asked, over which connections, and what is answered next."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    callers: set[Any] = field(default_factory=set)
    answer: Callable[[], web.StreamResponse] = lambda: taken("0A0000000123ABCD1")


def part(status: str, message_id: str | None = None, error_text: str | None = None) -> dict[str, str]:
    """One part of an answer, as Vonage writes it."""
    optional = {"message-id": message_id, "error-text": error_text}
    return {"status": status, "to": "3725550100"} | {name: v for name, v in optional.items() if v is not None}


def answer(*parts: dict[str, str]) -> web.Response:
    """An answer of those parts."""
    body = {"message-count": str(len(parts)), "messages": list(parts)}
    return web.Response(text=json.dumps(body), content_type="application/json")


def taken(*ids: str) -> web.Response:
    """All parts were taken."""
    return answer(*(part("0", message_id) for message_id in ids))


@asynccontextmanager
async def listening(app: web.Application) -> AsyncGenerator[str]:
    """The address at which an application answers while the block runs."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def http_peer() -> AsyncGenerator[HttpPeer]:
    """The carrier, at `/sms/json`."""
    peer = HttpPeer()

    async def take(request: web.Request) -> web.StreamResponse:
        peer.asked.append(await request.json())
        peer.callers.add(request.transport and request.transport.get_extra_info("peername"))
        return peer.answer()

    app = web.Application()
    app.router.add_post("/sms/json", take)
    async with listening(app) as url:
        peer.url = f"{url}/sms/json"
        yield peer


@asynccontextmanager
async def rude_peer(said: bytes | None, *, resets: bool = False) -> AsyncGenerator[tuple[str, list[bytes]]]:
    """Reads a request, says `said` and hangs up; with None it says nothing and stays on the line.

    With `resets` it hangs up as a process does that dies in the middle.
    """
    heard: list[bytes] = []
    met: list[asyncio.Task[None]] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(64 * 1024))
        if said is None:
            await reader.read()
        else:
            writer.write(said)
        if resets:
            at_once = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(asyncio.create_task(meet(reader, writer)))

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/sms/json", heard
        if met:
            await asyncio.wait(met, timeout=5)
