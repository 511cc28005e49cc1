"""Our gateway's two carriers and the simulated one, which share no code, mean the same by what they say."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from outdial.domain.clock import utc_now
from outdial.domain.sms.delivery import IncomingText, Receipt, ReceiptState, TextFailure
from outdial.domain.sms.encoding import split_text
from outdial.simulator.sms.seen import ReplySeen
from outdial.sms.carriers.carrier import Carrier, OutgoingText
from outdial.sms.carriers.http_carrier import HttpCarrierAddress, open_http_carrier
from outdial.sms.carriers.smpp import SmppAddress, open_smpp
from outdial.sms.webhooks import WebhookRules, webhook_routes
from tests.simulator.texter import SENDER, Stand, carrier_stand, eventually

SIGNATURE_SECRET = "signed"
BODIES = ["Hello", "שלום " * 40, "[€] " * 60, "😀" * 80]
STATE_OF = {
    "delivered": (ReceiptState.DELIVERED, None),
    "landline": (ReceiptState.FAILED, TextFailure.LANDLINE),
    "unreachable": (ReceiptState.FAILED, TextFailure.UNREACHABLE),
    "invalid_number": (ReceiptState.FAILED, TextFailure.INVALID_NUMBER),
    "filtered": (ReceiptState.FAILED, TextFailure.FILTERED),
}


class Box:
    """Keeps what a carrier brings."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.replies: list[IncomingText] = []

    async def take_receipts(self, receipts: Sequence[Receipt]) -> None:
        self.receipts += receipts

    async def take_reply(self, reply: IncomingText) -> None:
        self.replies.append(reply)


@asynccontextmanager
async def smpp(box: Box, **fields: Any) -> AsyncIterator[tuple[Stand, Carrier]]:
    async with carrier_stand(**fields) as stand:
        address = SmppAddress("127.0.0.1", stand.carrier.smpp_port, "gateway", SecretStr("secret"))
        async with open_smpp(address, utc_now, random.Random(1)) as carrier:
            running = asyncio.create_task(carrier.run(box))
            await eventually(lambda: carrier.is_up)
            yield stand, carrier
            running.cancel()


@asynccontextmanager
async def http(box: Box, **fields: Any) -> AsyncIterator[tuple[Stand, Carrier]]:
    app = web.Application()
    app.router.add_routes(webhook_routes(box, WebhookRules(utc_now, SecretStr(SIGNATURE_SECRET))))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ours = f"http://127.0.0.1:{runner.addresses[0][1]}"
    account = {
        "key": "k3y",
        "secret": "s3cret",
        "signature_secret": SIGNATURE_SECRET,
        "receipt_url": f"{ours}/receipts/http",
        "reply_url": f"{ours}/replies/http",
    }
    async with carrier_stand(http=account, **fields) as stand:
        url = f"http://127.0.0.1:{stand.carrier.http_port}/sms/json"
        address = HttpCarrierAddress(url=url, key="k3y", secret=SecretStr("s3cret"))
        async with open_http_carrier(address) as carrier:
            yield stand, carrier
    await runner.cleanup()


@pytest.mark.parametrize("our", [smpp, http])
async def test_texts_arrive_as_written_and_their_receipts_mean_what_happened(our) -> None:
    box = Box()
    outcomes = dict.fromkeys(STATE_OF, 1)
    faults = {"early_receipts": 0.2, "duplicate_receipts": 0.2, "shuffled_receipts": 0.2, "shuffle_s": 0.2}
    async with our(box, outcomes=outcomes, **faults) as (stand, carrier):
        ids: dict[str, Sequence[str]] = {}
        for n in range(40):
            text = OutgoingText(f"{n:032x}", f"+1555{n:07}", SENDER, split_text(BODIES[n % len(BODIES)]))
            ids[text.to] = await carrier.submit(text)
        await eventually(lambda: not stand.carrier.under_way)
    assert [seen.text for seen in stand.texts] == [BODIES[n % len(BODIES)] for n in range(40)]
    assert {seen.to: seen.message_ids for seen in stand.texts} == {to: tuple(ids[to]) for to in ids}
    told = {receipt.message_id: (receipt.state, receipt.failure) for receipt in box.receipts}
    happened = {message_id: STATE_OF[seen.outcome] for seen in stand.texts for message_id in seen.message_ids}
    assert told == happened


@pytest.mark.parametrize("our", [smpp, http])
async def test_what_people_write_back_is_read_as_they_wrote_it(our) -> None:
    box = Box()
    replies = {"STOP": 1, "עצור": 1, "I am not coming, because " * 12: 1}
    async with our(box, outcomes={"no_receipt": 1}, replies=replies) as (stand, carrier):
        for n in range(12):
            await carrier.submit(OutgoingText(f"{n:032x}", f"+1555{n:07}", SENDER, split_text("Coming?")))
        await eventually(lambda: len(box.replies) == 12)
        written = stand.carrier.seen(ReplySeen)
    assert len({seen.text for seen in written}) == 3
    read = sorted((reply.phone, reply.body, reply.sent_to) for reply in box.replies)
    assert read == sorted((seen.sender, seen.text, seen.to) for seen in written)
