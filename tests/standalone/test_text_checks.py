"""What the doctor says of texts where something is wrong, and that it names it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from psycopg.conninfo import conninfo_to_dict

from outdial.domain.clock import utc_now
from outdial.messaging.queue_address import QueueAddress
from outdial.settings import Settings
from outdial.sms.link_pages import link_routes
from outdial.sms.web import serve_web
from outdial.standalone.findings import Finding, make_checks
from outdial.standalone.ports import choose_ports
from outdial.standalone.text_checks import text_checks
from outdial.storage.carriers import note_carrier
from outdial.storage.pool import Pool

SECRET = "sixteen bytes or so"


class Line:
    """A carrier as far as its health goes."""

    def __init__(self, name: str, *, is_up: bool) -> None:
        self.name = name
        self.is_up = is_up


@asynccontextmanager
async def a_gateway(pool: Pool, *lines: Line) -> AsyncGenerator[int]:
    """The gateway's own web server, with links; gives its port."""
    routes = link_routes(pool, SECRET.encode(), utc_now, lambda _visit: None)
    async with serve_web("127.0.0.1", 0, routes, lines) as port:
        yield port


async def findings(pool: Pool, queue: QueueAddress, **changes: object) -> dict[str, Finding]:
    """What the doctor says, by what it looked at."""
    database = conninfo_to_dict(str(pool.conninfo))
    settings = Settings.model_validate(
        {
            "sms_carriers": "smpp",
            "sms_requests_queue_url": queue.queue_url,
            "sms_requests_dlq_url": queue.dlq_url,
            "aws_region": queue.region,
            "aws_endpoint_url": queue.endpoint_url,
            "links_secret": SECRET,
            "db_host": database["host"],
            "db_port": database["port"],
            "db_name": database["dbname"],
            "db_password": database["password"],
        }
        | changes
    )
    return {finding.name: finding for finding in await make_checks(text_checks(settings))}


async def test_a_gateway_with_its_links_and_carriers_is_well(pool: Pool, dial_queue: QueueAddress) -> None:
    async with pool.connection() as conn:
        await note_carrier(conn, "smpp", 20, 0, utc_now())
    async with a_gateway(pool, Line("smpp", is_up=True)) as port:
        seen = await findings(pool, dial_queue, sms_web_port=port, links_base_url=f"http://127.0.0.1:{port}")
    assert {name: finding.fix for name, finding in seen.items()} == dict.fromkeys(
        ("SMS requests", "SMS carriers", "SMS gateway", "short links"), ""
    )
    assert seen["SMS requests"].found == "0 waiting, 0 dead letters"
    assert seen["SMS carriers"].found == "smpp with 20 parts a second"


async def test_a_carrier_nobody_opened_and_one_without_a_link_are_named(
    pool: Pool, dial_queue: QueueAddress
) -> None:
    async with a_gateway(pool, Line("smpp", is_up=False), Line("http", is_up=True)) as port:
        seen = await findings(pool, dial_queue, sms_web_port=port)
    assert seen["SMS carriers"].fix.endswith("none has ever opened smpp.")
    assert seen["SMS gateway"].found == "has no link to smpp"
    assert not seen["SMS gateway"].is_well
    assert seen["short links"].is_well


async def test_without_a_gateway_every_finding_says_what_to_do(pool: Pool, dial_queue: QueueAddress) -> None:
    nobody = choose_ports(("web",), wished={})["web"]
    seen = await findings(
        pool,
        dial_queue,
        sms_web_port=nobody,
        links_base_url=f"http://127.0.0.1:{nobody}",
        sms_requests_queue_url="",
    )
    assert not any(finding.is_well for finding in seen.values())
    assert seen["SMS requests"].found == "no queue is named"
    assert "`outdial sms-gateway`" in seen["SMS gateway"].fix


@pytest.mark.parametrize(
    ("setting", "value", "found"),
    [
        ("links_secret", "guess me", "LINKS_SECRET has 8 bytes"),
        ("links_base_url", "l.example.org", "LINKS_BASE_URL is no plain web address"),
    ],
)
async def test_links_that_could_be_forged_or_followed_nowhere_are_told_by_their_setting(
    pool: Pool, dial_queue: QueueAddress, setting: str, value: str, found: str
) -> None:
    seen = await findings(pool, dial_queue, **{"links_base_url": "http://127.0.0.1:9", setting: value})
    assert seen["short links"].found.startswith(found)
    assert not seen["short links"].is_well


async def test_an_address_of_links_that_leads_to_somebody_else_is_found_out(
    pool: Pool, dial_queue: QueueAddress
) -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        stranger = f"http://127.0.0.1:{runner.addresses[0][1]}"
        seen = await findings(pool, dial_queue, links_base_url=stranger)
    finally:
        await runner.cleanup()
    assert seen["short links"].found == f"what answers at {stranger} is not the gateway"


async def test_who_only_calls_is_told_that_no_texts_are_sent_and_nothing_to_mend(
    pool: Pool, dial_queue: QueueAddress
) -> None:
    assert await findings(pool, dial_queue, sms_carriers="") == {
        "texts": Finding("texts", "none are sent: SMS_CARRIERS names no carrier")
    }
