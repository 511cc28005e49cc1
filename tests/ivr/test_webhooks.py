"""A campaign's systems are told what happened: signed, until they take it, and never within our walls."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiohttp import web

from outdial.dialer import webhooks as webhooks_module
from outdial.dialer.outside_addresses import find_destination, is_outside
from outdial.dialer.webhooks import WebhookRules, Webhooks, sign
from outdial.domain.errors import InvalidInput, Unavailable

SECRET = "a secret of the test"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Receiver:
    """Answers with the given statuses, one after another, the last one for ever; keeps what came."""

    statuses: list[int]
    url: str = ""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    delay_s: float = 0.0
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        self.came.append((dict(request.headers), await request.read()))
        self.reached.set()
        await asyncio.sleep(self.delay_s)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:1/elsewhere"})


@asynccontextmanager
async def a_receiver(*statuses: int, delay_s: float = 0.0) -> AsyncGenerator[Receiver]:
    receiver = Receiver(list(statuses), delay_s=delay_s)
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def delivering(*private_hosts: str, secret: str = SECRET) -> AsyncGenerator[Webhooks]:
    webhooks = Webhooks(WebhookRules(secret, frozenset(private_hosts)), lambda: NOW)
    running = asyncio.create_task(webhooks.run())
    try:
        yield webhooks
    finally:
        running.cancel()
        await asyncio.wait([running])


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks_module, "RETRY_AFTER_S", (0.01, 0.02))


async def test_a_posting_is_signed_over_its_time_and_body() -> None:
    async with a_receiver(204) as receiver, delivering("127.0.0.1") as webhooks:
        webhooks.post(receiver.url, "call-1:give", {"event": "ivr.reached", "name": "שלום"})
        await webhooks.drain(5)
    (headers, body) = receiver.came[0]
    assert json.loads(body) == {"event": "ivr.reached", "name": "שלום"}
    assert headers["Outdial-Event-Id"] == "call-1:give"
    at = int(NOW.timestamp())
    expected = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["Outdial-Signature"] == f"t={at},v1={expected}" == sign(SECRET, at, body)


@pytest.mark.parametrize("status", [500, 503, 429, 408])
async def test_what_was_not_taken_comes_again_as_the_same_event(status: int) -> None:
    async with a_receiver(status, status, 200) as receiver, delivering("127.0.0.1") as webhooks:
        webhooks.post(receiver.url, "e1", {})
        await webhooks.drain(5)
        assert [headers["Outdial-Event-Id"] for headers, _ in receiver.came] == ["e1"] * 3


@pytest.mark.parametrize("status", [400, 401, 404, 302])
async def test_what_is_refused_for_good_does_not_come_again(status: int) -> None:
    async with a_receiver(status) as receiver, delivering("127.0.0.1") as webhooks:
        webhooks.post(receiver.url, "e1", {})
        await webhooks.drain(5)
        assert len(receiver.came) == 1


async def test_a_receiver_that_never_takes_it_is_given_up() -> None:
    async with a_receiver(500) as receiver, delivering("127.0.0.1") as webhooks:
        webhooks.post(receiver.url, "e1", {})
        await webhooks.drain(5)
        assert len(receiver.came) == 3


async def test_a_dialer_that_drains_tries_at_once_what_it_would_have_tried_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhooks_module, "RETRY_AFTER_S", (600.0,))
    async with a_receiver(503, 200) as receiver, delivering("127.0.0.1") as webhooks:
        webhooks.post(receiver.url, "e1", {})
        await receiver.reached.wait()
        await webhooks.drain(5)
        assert len(receiver.came) == 2


async def test_a_slow_receiver_holds_up_nobody_else() -> None:
    loop = asyncio.get_running_loop()
    async with (
        a_receiver(200, delay_s=1.0) as slow,
        a_receiver(200) as quick,
        delivering("127.0.0.1", "localhost") as webhooks,
    ):
        began_at = loop.time()
        for nth in range(40):
            webhooks.post(slow.url.replace("127.0.0.1", "localhost"), f"s{nth}", {})
        webhooks.post(quick.url, "q", {})
        assert loop.time() - began_at < 0.1
        await quick.reached.wait()
        assert loop.time() - began_at < 0.9
        assert len(slow.came) <= webhooks_module.AT_ONCE_FOR_A_HOST


@pytest.mark.parametrize("hosts", [(), ("10.0.0.1",), ("localhost",)])
async def test_our_own_network_is_never_posted_to(hosts: tuple[str, ...]) -> None:
    async with a_receiver(200) as receiver, delivering(*hosts) as webhooks:
        webhooks.post(receiver.url, "e1", {})
        webhooks.post(receiver.url.replace("http:", "https:"), "e2", {})
        await webhooks.drain(5)
        assert receiver.came == []


async def test_without_a_secret_nothing_is_posted() -> None:
    async with delivering(secret="") as webhooks:
        with pytest.raises(InvalidInput, match="set WEBHOOK_SECRET"):
            webhooks.post("https://crm.test/", "e1", {})


async def test_no_more_wait_than_can_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks_module, "MOST_WAITING", 2)
    webhooks = Webhooks(WebhookRules(SECRET), lambda: NOW)
    webhooks.post("https://crm.test/", "e1", {})
    webhooks.post("https://crm.test/", "e2", {})
    with pytest.raises(Unavailable, match="2 webhooks wait already"):
        webhooks.post("https://crm.test/", "e3", {})


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_outside(address: str, outside: bool) -> None:
    assert is_outside(address) is outside


@pytest.mark.parametrize(
    ("url", "allowed", "said"),
    [
        ("https://localhost/x", (), "in a private network"),
        ("https://2130706433/x", (), "in a private network"),
        ("https://[::ffff:127.0.0.1]/x", (), "in a private network"),
        ("http://localhost:8080/x", (), "is not https"),
        ("http://localhost:8080/x", ("localhost:9090",), "is not https"),
        ("ftp://localhost/x", ("localhost",), "is not https"),
    ],
)
async def test_an_address_within_is_refused_however_it_is_written(
    url: str, allowed: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        await find_destination(url, frozenset(allowed))


async def test_a_host_may_be_allowed_with_its_port() -> None:
    found = await find_destination("http://localhost:8080/x", frozenset({"localhost:8080"}))
    assert (found.host, found.port) == ("localhost", 8080)
    assert found.address in {"127.0.0.1", "::1"}


async def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    resolve, asked = loop.getaddrinfo, []

    async def only_once(host: str, *args: object, **options: object) -> object:
        asked.append(host)
        assert asked.count("crm.test") <= 1
        return await resolve(host.replace("crm.test", "127.0.0.1"), *args, **options)

    monkeypatch.setattr(loop, "getaddrinfo", only_once)
    async with a_receiver(200) as receiver, delivering("crm.test") as webhooks:
        url = receiver.url.replace("127.0.0.1", "crm.test")
        webhooks.post(url, "e1", {})
        await webhooks.drain(5)
        assert [headers["Host"] for headers, _ in receiver.came] == [url.split("/")[2]]
    assert "crm.test" in asked
