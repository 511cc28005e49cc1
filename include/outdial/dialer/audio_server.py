"""Serves the shelf's audio over HTTP to Asterisk, which keeps it in its media cache: no disk is shared."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from outdial.dialer.audio_shelf import AudioShelf
from outdial.domain.errors import OutdialError, Unavailable
from outdial.domain.ivr.audio import FORMATS, extension
from outdial.telemetry.logs import get_logger

# An address stands for one content for ever. With this Asterisk plays from its cache without asking; a tag
# alone would cost one request for each play, and a slow answer would hold up every other call's audio.
CACHE_CONTROL = "public, max-age=31536000, immutable"
SHUTDOWN_S = 2.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ListenAt:
    """Where to listen, and under which name Asterisk reaches it; port 0 takes a free one."""

    host: str
    port: int
    advertised_host: str


@asynccontextmanager
async def serve_audio(shelf: AudioShelf, at: ListenAt) -> AsyncGenerator[int]:
    """Serve while the block runs, and let the shelf give out addresses; gives the port.

    Raises Unavailable where the address cannot be taken.
    """
    app = web.Application()
    app.router.add_get("/audio/{key}", _Window(shelf).hand_out)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, at.host, at.port, backlog=256, reuse_address=True)
        try:
            await site.start()
        except OSError as error:
            raise Unavailable(
                f"cannot listen for audio on {at.host}:{at.port}: {error.strerror or error}; set AUDIO_PORT"
            ) from error
        port = runner.addresses[0][1]
        name = f"[{at.advertised_host}]" if ":" in at.advertised_host else at.advertised_host
        shelf.base_url = f"http://{name}:{port}"
        yield port
    finally:
        shelf.base_url = ""
        await runner.cleanup()


class _Window:
    """Answers one path; everything that is not on the shelf is not there."""

    def __init__(self, shelf: AudioShelf) -> None:
        self._shelf = shelf

    async def hand_out(self, request: web.Request) -> web.Response:
        """GET or HEAD of one object."""
        key = request.match_info["key"]
        try:
            shelved = await self._shelf.find(key)
        except OutdialError as error:
            log.warning("audio cannot be handed out", key=key, reason=str(error))
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
        if shelved is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        tag = f'"{key.partition(".")[0]}"'
        headers = {"ETag": tag, "Cache-Control": CACHE_CONTROL, "X-Content-Type-Options": "nosniff"}
        if tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(
            body=shelved.content, headers=headers | {"Content-Type": FORMATS[extension(shelved.name)]}
        )
