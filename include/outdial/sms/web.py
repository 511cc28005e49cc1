"""The gateway's web server: webhooks of carriers, people who follow links, and the health of it all."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from outdial.domain.errors import Unavailable
from outdial.sms.carriers.carrier import Carrier

SHUTDOWN_S = 2.0


@asynccontextmanager
async def serve_web(
    host: str, port: int, routes: Sequence[web.RouteDef], carriers: Sequence[Carrier]
) -> AsyncGenerator[int]:
    """Serve while the block runs; gives the port. Raises Unavailable where the address cannot be taken."""

    async def health(_request: web.Request) -> web.Response:
        up = {carrier.name: carrier.is_up for carrier in carriers}
        return web.json_response({"carriers": up}, status=200 if all(up.values()) else 503)

    app = web.Application()
    app.router.add_get("/health", health)
    app.router.add_routes(routes)
    # No access log: the paths of webhooks may hold a secret, and those of links say who clicked.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=256, reuse_address=True)
        try:
            await site.start()
        except OSError as error:
            raise Unavailable(
                f"cannot listen on {host}:{port}: {error.strerror or error}; set SMS_WEB_PORT"
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
