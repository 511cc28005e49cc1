"""A campaign whose texts have links, and the links' door on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web

from outdial.domain.sms.link_codes import code_of
from outdial.sms.link_pages import link_routes
from outdial.sms.link_visits import LinkVisits
from outdial.storage.pool import Pool
from tests.given import a_campaign, contacts, phones
from tests.sms.links.sent_texts import NOW, SECRET

BROWSER = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1.1 Mobile/15E148 Safari/604.1"
)


@dataclass
class Door:
    """The served links; what time it is there can be set."""

    port: int
    client: aiohttp.ClientSession
    visits: LinkVisits
    now: datetime = NOW

    async def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[aiohttp.ClientResponse, str]:
        """Ask for a path as a browser does, but for `headers`, whose names are written with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.request(
            method, path, headers={"User-Agent": BROWSER} | named, allow_redirects=False
        ) as answer:
            return answer, await answer.text()

    async def follow(self, link_id: int, method: str = "GET", **headers: str) -> str | None:
        """Follow a link; gives where it leads."""
        answer, _body = await self.ask(f"/{code_of(link_id, SECRET)}", method, **headers)
        return answer.headers.get("Location")

    async def send(self, request: bytes) -> bytes:
        """Send what no client would; gives the whole answer."""
        async with asyncio.timeout(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(request)
            answer = await reader.read()
            writer.close()
            return answer


@pytest.fixture
async def campaign_id(pool: Pool) -> UUID:
    """A campaign with one contact."""
    campaign = await a_campaign(pool, NOW)
    await contacts(pool, campaign, phones(1), NOW)
    return campaign.id


@pytest.fixture
async def door(pool: Pool) -> AsyncIterator[Door]:
    """The links, served beside another page."""
    visits = LinkVisits(pool)
    clock: list[Door] = []
    app = web.Application()
    app.add_routes(link_routes(pool, SECRET, lambda: clock[0].now, visits.add))
    app.add_routes([web.get("/health", _is_well)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    writing = asyncio.create_task(visits.run())
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=timeout) as client:
        clock.append(Door(port, client, visits))
        yield clock[0]
    writing.cancel()
    await runner.cleanup()


async def _is_well(_request: web.Request) -> web.Response:
    return web.Response(text="well")
