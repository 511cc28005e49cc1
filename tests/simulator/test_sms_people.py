"""What people do about texts: they write back, open links, and are the same people in every run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from outdial.simulator.scenario import EVERYDAY, load_scenario
from outdial.simulator.sms.network import SimulatedCarrier
from outdial.simulator.sms.seen import LinkOpened, ReceiptSeen, ReplySeen
from tests.simulator.texter import PHONE, SENDER, Texter, carrier_stand, eventually


async def reply_of(texter):
    """The next delivery that is not a receipt."""
    while (delivery := await texter.delivery()).esm_class & 0x04:
        pass
    return delivery


async def test_who_answers_stop_writes_it_to_the_number_that_texted_them() -> None:
    async with carrier_stand(replies="STOP") as stand:
        texter = await stand.bound()
        await texter.send()
        reply = await reply_of(texter)
        assert (reply.source_addr, reply.destination_addr) == (PHONE, SENDER)
        assert (reply.short_message, reply.data_coding, reply.esm_class) == (b"STOP", 0, 0)
        [seen] = stand.carrier.seen(ReplySeen)
        assert (seen.sender, seen.to, seen.text) == (f"+{PHONE}", SENDER, "STOP")


async def test_a_reply_in_hebrew_is_written_in_ucs2() -> None:
    async with carrier_stand(replies="עצור") as stand:
        texter = await stand.bound()
        await texter.send()
        reply = await reply_of(texter)
        assert (reply.short_message.decode("utf-16-be"), reply.data_coding) == ("עצור", 8)


async def test_a_long_reply_comes_in_joined_parts() -> None:
    text = "I will not come, because " * 10
    async with carrier_stand() as stand:
        texter = await stand.bound()
        await texter.send()
        await texter.delivery()
        stand.carrier.write(f"+{PHONE}", text)
        first, second = await texter.delivery(), await texter.delivery()
        assert (first.esm_class, second.esm_class) == (0x40, 0x40)
        headers = [part.short_message[:6] for part in (first, second)]
        assert [header[4:] for header in headers] == [b"\x02\x01", b"\x02\x02"]
        assert headers[0][3] == headers[1][3]
        assert (first.short_message[6:] + second.short_message[6:]).decode() == text


async def test_a_stranger_writes_on_command_and_waits_for_a_bind() -> None:
    async with carrier_stand() as stand:
        stand.carrier.write("+15559998888", "START", to=SENDER)
        delivery = await (await stand.bound()).delivery()
        assert (delivery.source_addr, delivery.short_message) == ("15559998888", b"START")


async def test_one_number_can_be_laid_down_text_by_text() -> None:
    numbers = {
        f"+{PHONE}": [
            {"text": {"outcome": "unreachable"}},
            {"text": {"outcome": "delivered", "reply": "yes"}},
        ],
        "1555*": {"text": {"outcome": "landline"}},
    }
    async with carrier_stand({"numbers": numbers}) as stand:
        texter = await stand.bound()
        for phone in (PHONE, PHONE, "15551239999", "16661239999"):
            await texter.send(to=phone)
        outcomes = [seen.outcome for seen in stand.texts]
        assert outcomes == ["unreachable", "delivered", "landline", "delivered"]
        await eventually(lambda: len(stand.carrier.seen(ReplySeen)) == 1)
        await asyncio.sleep(0.1)
        assert [seen.text for seen in stand.carrier.seen(ReplySeen)] == ["yes"]


MIXED = {
    "outcomes": {"delivered": 6, "landline": 1, "unreachable": 1, "no_receipt": 1, "refused_number": 1},
    "replies": {"": 6, "STOP": 2, "thanks": 2},
    "duplicate_receipts": 0.2,
    "shuffled_receipts": 0.2,
    "throttled": 0.1,
    "receipt_delay_s": [0, 0.05],
    "shuffle_s": 0.05,
    "reply_delay_s": [0, 0.05],
}


async def outcome_of(order: list[str], seed: int) -> tuple[object, ...]:
    """All that became of one text to each number, and none of when."""
    async with carrier_stand({"seed": seed}, **MIXED) as stand:
        texter = await stand.bound()
        statuses = {phone: (await texter.send(to=phone))[0] for phone in order}
        carrier = stand.carrier
        await settled(carrier, texter)
        replies = sorted((seen.sender, seen.text) for seen in carrier.seen(ReplySeen))
        receipts = Counter((seen.to, seen.state) for seen in carrier.seen(ReceiptSeen))
        return statuses, sorted((seen.to, seen.outcome) for seen in stand.texts), replies, receipts


async def settled(carrier: SimulatedCarrier, texter: Texter) -> None:
    """Until nothing is under way any more; what comes meanwhile is acknowledged."""
    acknowledging = asyncio.create_task(acknowledge_all(texter))
    await eventually(lambda: not carrier.under_way)
    acknowledging.cancel()


async def acknowledge_all(texter: Texter) -> None:
    while True:
        await texter.delivery()


async def test_the_seed_fixes_what_becomes_of_each_text_whatever_their_order() -> None:
    phones = [f"1555{n:07}" for n in range(100)]
    first = await outcome_of(phones, seed=5)
    assert await outcome_of(phones[::-1], seed=5) == first
    assert await outcome_of(phones, seed=6) != first


class Pages:
    """A web server that notes who comes."""

    def __init__(self) -> None:
        self.visits: list[tuple[str, str]] = []
        self.port = 0

    async def visit(self, request: web.Request) -> web.Response:
        self.visits.append((request.path, request.headers["User-Agent"]))
        return web.Response(status=302, headers={"Location": "https://example.org/far-away"})


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """Pages on a free port."""
    found = Pages()
    app = web.Application()
    app.router.add_get("/{page:.*}", found.visit)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.port = runner.addresses[0][1]
    yield found
    await runner.cleanup()


async def test_people_open_links_and_some_telephones_look_at_them_first(pages) -> None:
    async with carrier_stand(clicks=1, previews=1, click_delay_s=0.5) as stand:
        texter = await stand.bound()
        url = f"http://127.0.0.1:{pages.port}/a1"
        await texter.send(f"Look: {url}. Or https://elsewhere.example/x".encode())
        await eventually(lambda: len(stand.carrier.seen(LinkOpened)) == 2)
        seen = [(link.url, link.who, link.status) for link in stand.carrier.seen(LinkOpened)]
        assert seen == [(url, "previewer", 302), (url, "person", 302)]
        assert [path for path, _ in pages.visits] == ["/a1", "/a1"]
        agents = [agent for _, agent in pages.visits]
        assert "facebookexternalhit" in agents[0]
        assert "Mobile" in agents[1]
        assert stand.carrier.counters["links_elsewhere"] == 1


async def test_who_does_not_get_the_text_opens_nothing(pages) -> None:
    async with carrier_stand(clicks=1, outcomes={"unreachable": 1}, replies="STOP") as stand:
        texter = await stand.bound()
        await texter.send(f"http://127.0.0.1:{pages.port}/".encode())
        await settled(stand.carrier, texter)
        assert pages.visits == []


def test_on_an_everyday_day_texts_arrive_and_some_people_answer() -> None:
    texts = load_scenario(EVERYDAY).texts
    assert texts.outcomes["delivered"] > 0.8
    assert texts.outcomes["landline"] > 0
    assert texts.replies["STOP"] > 0
    assert sum(weight for reply, weight in texts.replies.items() if reply) < 0.2 * texts.replies[""]
    assert 0 < texts.clicks < 0.5
