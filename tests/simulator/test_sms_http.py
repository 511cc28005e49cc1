"""The carrier's HTTP door, in the shape of Vonage's SMS API, and the webhooks by which it tells."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from outdial.simulator.sms.seen import ReceiptSeen
from tests.simulator.texter import Stand, carrier_stand, eventually

ACCOUNT = {"key": "k3y", "secret": "s3cret"}
TEXT = {"api_key": "k3y", "api_secret": "s3cret", "from": "ACME", "to": "15551230001", "text": "Hello"}
SIGNATURE_SECRET = "signed with this"


class Hooks:
    """The customer's side of webhooks; answers with `statuses`, then 200."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[tuple[str, dict[str, str]]] = asyncio.Queue()
        self.statuses: list[int] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        status = self.statuses.pop(0) if self.statuses else 200
        await self.taken.put((request.path, await request.json()))
        return web.Response(status=status)

    async def next(self) -> tuple[str, dict[str, str]]:
        async with asyncio.timeout(10):
            return await self.taken.get()


@pytest.fixture
async def hooks() -> AsyncIterator[Hooks]:
    found = Hooks()
    app = web.Application()
    app.router.add_post("/{kind}", found.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


class Sender:
    """A customer's requests."""

    def __init__(self, stand: Stand, http: aiohttp.ClientSession) -> None:
        self.stand = stand
        self.carrier = stand.carrier
        self._http = http
        self._url = f"http://127.0.0.1:{stand.carrier.http_port}/sms/json"

    async def post(self, **request: Any) -> dict[str, Any]:
        async with self._http.post(self._url, **request) as answer:
            assert answer.status == 200
            return await answer.json()

    async def send(self, **fields: Any) -> dict[str, Any]:
        """The first message of the answer."""
        return (await self.post(json={**TEXT, **fields}))["messages"][0]


@asynccontextmanager
async def sending(
    hooks: Hooks, account: dict[str, Any] | None = None, **fields: Any
) -> AsyncIterator[Sender]:
    http = ACCOUNT | {"receipt_url": f"{hooks.url}/receipts", "reply_url": f"{hooks.url}/replies"}
    async with (
        carrier_stand(http=http | (account or {}), **fields) as stand,
        aiohttp.ClientSession() as session,
    ):
        yield Sender(stand, session)


def signature_of(fields: dict[str, str]) -> str:
    """As Vonage describes it, written anew: fields by name, & and = in values as _."""
    text = ""
    for name in sorted(fields):
        if name != "sig":
            text += f"&{name}=" + fields[name].replace("&", "_").replace("=", "_")
    return hmac.new(SIGNATURE_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("kind", ["json", "data"])
async def test_a_text_is_answered_as_vonage_does_and_its_receipt_is_posted(hooks, kind) -> None:
    async with sending(hooks) as sender:
        answer = await sender.post(**{kind: {**TEXT, "client-ref": "our-own"}})
        assert answer["message-count"] == "1"
        [message] = answer["messages"]
        assert (message["to"], message["status"], message["client-ref"]) == ("15551230001", "0", "our-own")
        assert {"message-id", "remaining-balance", "message-price", "network"} < set(message)
        path, told = await hooks.next()
        assert path == "/receipts"
        assert (told["messageId"], told["status"], told["err-code"]) == (
            message["message-id"],
            "delivered",
            "0",
        )
        assert (told["msisdn"], told["to"], told["client-ref"]) == ("15551230001", "ACME", "our-own")
        assert all(isinstance(value, str) for value in told.values())
        [seen] = sender.stand.texts
        assert (seen.carrier, seen.to, seen.text) == ("http", "+15551230001", "Hello")
        assert (seen.reference, seen.message_ids) == ("our-own", (message["message-id"],))


async def test_a_long_text_has_an_id_and_a_receipt_for_each_of_its_parts(hooks) -> None:
    async with sending(hooks) as sender:
        answer = await sender.post(json={**TEXT, "text": "ש" * 150, "type": "unicode"})
        ids = {message["message-id"] for message in answer["messages"]}
        assert (answer["message-count"], len(ids)) == ("3", 3)
        assert {(await hooks.next())[1]["messageId"] for _ in range(3)} == ids
        assert sender.stand.texts[0].text == "ש" * 150


async def test_plain_text_loses_what_gsm_has_not(hooks) -> None:
    async with sending(hooks) as sender:
        await sender.send(text="שלום é {€}", type="text")
        assert sender.stand.texts[0].text == "???? é {€}"


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        ("2", {"text": ""}),
        ("2", {"from": ""}),
        ("3", {"to": "nobody"}),
        ("3", {"type": "wappush"}),
        ("4", {"api_secret": "wrong"}),
        ("4", {"api_key": "other"}),
        ("12", {"text": "x" * 4000}),
        ("14", {"sig": "00"}),
    ],
)
async def test_what_is_wrong_with_a_request_is_said_in_its_status(hooks, status, fields) -> None:
    async with sending(hooks) as sender:
        message = await sender.send(**fields)
        assert message["status"] == status
        assert message["error-text"]
        assert sender.stand.texts == []


@pytest.mark.parametrize(
    ("outcome", "status"), [("barred", "7"), ("refused_sender", "15"), ("no_credit", "9")]
)
async def test_a_refusal_has_vonages_status(hooks, outcome, status) -> None:
    async with sending(hooks, outcomes={outcome: 1}) as sender:
        assert (await sender.send())["status"] == status


async def test_the_key_may_be_in_the_header(hooks) -> None:
    async with sending(hooks) as sender:
        body = {name: value for name, value in TEXT.items() if not name.startswith("api_")}
        answer = await sender.post(json=body, headers={"Authorization": "Basic azN5OnMzY3JldA=="})
        assert answer["messages"][0]["status"] == "0"
        answer = await sender.post(json=body, headers={"Authorization": "Basic bm90aGluZw=="})
        assert answer["messages"][0]["status"] == "4"


async def test_a_request_may_be_signed_in_place_of_the_secret(hooks) -> None:
    async with sending(hooks, {"signature_secret": SIGNATURE_SECRET}) as sender:
        fields = {name: value for name, value in TEXT.items() if name != "api_secret"}
        fields |= {"timestamp": "1795368527", "text": "a=b&c"}
        signed = await sender.post(data=fields | {"sig": signature_of(fields)})
        assert signed["messages"][0]["status"] == "0"
        changed = await sender.post(data=fields | {"sig": signature_of(fields), "text": "other"})
        assert changed["messages"][0]["status"] == "14"


async def test_webhooks_are_signed_where_there_is_a_secret(hooks) -> None:
    async with sending(hooks, {"signature_secret": SIGNATURE_SECRET}, replies="a&b=c עצור") as sender:
        await sender.send()
        for _ in range(2):
            _, told = await hooks.next()
            assert told["sig"].lower() == signature_of(told)
            assert told["nonce"]
            assert abs(int(told["timestamp"]) - sender.stand.texts[0].at) < 60


async def test_without_a_secret_nothing_is_signed(hooks) -> None:
    async with sending(hooks) as sender:
        await sender.send()
        assert "sig" not in (await hooks.next())[1]


async def test_a_reply_is_posted_with_the_number_that_it_was_sent_to(hooks) -> None:
    async with sending(hooks, replies="STOP please", outcomes={"no_receipt": 1}) as sender:
        await sender.send()
        path, reply = await hooks.next()
        assert path == "/replies"
        assert (reply["msisdn"], reply["to"], reply["text"]) == ("15551230001", "ACME", "STOP please")
        assert (reply["keyword"], reply["type"]) == ("STOP", "text")


async def test_a_long_reply_is_posted_part_by_part(hooks) -> None:
    text = "עם ישראל חי " * 10
    async with sending(hooks, replies=text, outcomes={"no_receipt": 1}) as sender:
        await sender.send()
        parts = [(await hooks.next())[1] for _ in range(2)]
        parts.sort(key=lambda part: part["concat-part"])
        assert "".join(part["text"] for part in parts) == text
        assert len({part["concat-ref"] for part in parts}) == 1
        assert [part["concat-total"] for part in parts] == ["2", "2"]
        assert [part["type"] for part in parts] == ["unicode", "unicode"]


async def test_a_webhook_is_posted_again_until_it_is_taken(hooks) -> None:
    hooks.statuses = [500, 404]
    async with sending(hooks, webhook_backoff_s=0.02) as sender:
        await sender.send()
        told = [await hooks.next() for _ in range(3)]
        assert told[0] == told[1] == told[2]
        await eventually(lambda: sender.carrier.counters.get("acknowledged"))
        await asyncio.sleep(0.1)
        assert hooks.taken.empty()
        assert len(sender.carrier.seen(ReceiptSeen)) == 1


async def test_a_webhook_is_given_up_after_so_many_tries(hooks) -> None:
    hooks.statuses = [500] * 10
    async with sending(hooks, webhook_backoff_s=0.01, webhook_tries=3) as sender:
        await sender.send()
        for _ in range(3):
            await hooks.next()
        await eventually(lambda: sender.carrier.counters.get("webhooks_given_up"))
        assert hooks.taken.empty()


async def test_an_early_receipt_is_posted_before_the_answer(hooks) -> None:
    async with sending(hooks, early_receipts=1, early_s=1, receipt_delay_s=5) as sender:
        answer = asyncio.create_task(sender.send())
        _, told = await hooks.next()
        assert not answer.done()
        assert (await answer)["message-id"] == told["messageId"]


async def test_a_lost_response_is_a_text_that_was_taken_and_a_connection_that_broke(hooks) -> None:
    async with sending(hooks, lost_responses=1) as sender:
        with pytest.raises(aiohttp.ClientError):
            await sender.send()
        [seen] = sender.stand.texts
        assert (await hooks.next())[1]["messageId"] == seen.message_ids[0]


async def test_throttling_has_its_status_and_being_down_is_503(hooks) -> None:
    async with sending(hooks, {"parts_per_second": 2}) as sender:
        statuses = [(await sender.send())["status"] for _ in range(5)]
        assert statuses.count("1") >= 1
        assert statuses[:2] == ["0", "0"]
        sender.carrier.go_down(60)
        with pytest.raises(AssertionError):
            await sender.send()
        assert len(sender.stand.texts) == statuses.count("0")


async def test_a_callback_in_the_request_is_where_its_receipt_goes(hooks) -> None:
    async with sending(hooks) as sender:
        await sender.send(callback=f"{hooks.url}/elsewhere")
        assert (await hooks.next())[0] == "/elsewhere"
        await sender.send(**{"status-report-req": False})
        await asyncio.sleep(0.1)
        assert hooks.taken.empty()


async def test_what_is_no_request_is_answered_all_the_same(hooks) -> None:
    async with sending(hooks) as sender:
        headers = {"Content-Type": "application/json"}
        for body in (b"{", b"[]", b"\xff"):
            assert (await sender.post(data=body, headers=headers))["messages"][0]["status"] == "4"
