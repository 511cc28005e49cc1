"""Webhooks with the gateway's own inbox behind them: what is answered 200 stands in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from outdial.sms.inbox import open_inbox
from outdial.sms.replies import Outside
from outdial.sms.webhooks import WebhookRules, webhook_routes
from outdial.storage.pool import Pool
from tests.blacklist.standing import rows
from tests.sms.carriers.http_peer import listening
from tests.sms.inbox.texts import ADA, NOON, US, a_text, nothing_follows, text_row

SECRET = "path-secret-0f3a"


@dataclass
class Gateway:
    """Where webhooks are brought."""

    url: str
    session: aiohttp.ClientSession

    async def bring(self, what: str, **fields: str) -> int:
        fields = {name.replace("_", "-"): value for name, value in fields.items()}
        async with self.session.post(f"{self.url}/{what}/http/{SECRET}", data=fields) as response:
            return response.status


@pytest.fixture
async def gateway(pool: Pool) -> AsyncIterator[Gateway]:
    outside = Outside(pool, usual_sender="OUTDIAL")
    async with (
        open_inbox(outside, lambda: NOON, nothing_follows) as inbox,
        aiohttp.ClientSession() as session,
    ):
        app = web.Application()
        app.add_routes(webhook_routes(inbox, WebhookRules(lambda: NOON, secret=SecretStr(SECRET))))
        async with listening(app) as url:
            yield Gateway(url, session)


async def test_a_receipt_by_our_reference_reaches_its_text_though_its_id_is_unknown(
    pool: Pool, gateway: Gateway
) -> None:
    text = await a_text(pool)
    async with pool.connection() as conn:
        await conn.execute("update sms_records set carrier = 'http'")
    delivered = {"messageId": "0A01", "status": "delivered", "err_code": "0", "client_ref": text.hex}
    assert await gateway.bring("receipts", **delivered) == 200
    assert await gateway.bring("receipts", **delivered) == 200
    assert (await text_row(pool, text))["state"] == "delivered"


async def test_a_receipt_of_somebody_else_s_text_is_taken_and_harms_nobody(
    pool: Pool, gateway: Gateway
) -> None:
    stranger = {"messageId": "0A02", "status": "delivered", "client_ref": "spring-sale"}
    text = await a_text(pool, ["0A02"])
    assert await gateway.bring("receipts", **stranger) == 200
    assert (await text_row(pool, text))["state"] == "sent"


async def test_a_stop_is_listed_when_it_is_answered(pool: Pool, gateway: Gateway) -> None:
    stop = {"msisdn": ADA.removeprefix("+"), "to": US, "messageId": "0B01", "text": "STOP", "type": "text"}
    assert await gateway.bring("replies", **stop) == 200
    assert await gateway.bring("replies", **stop) == 200
    assert [row["number"] for row in await rows(pool, "select number from blacklist")] == [ADA]
    [reply] = await rows(pool, "select carrier, message_id, body from sms_replies")
    assert (reply["carrier"], reply["message_id"], reply["body"]) == ("http", "0B01", "STOP")
