"""Receipts and replies as the HTTP carrier brings them, over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, strategies as st
from pydantic import SecretStr
from structlog.testing import capture_logs

from outdial.domain.sms.delivery import IncomingText, Receipt, ReceiptState, TextFailure
from outdial.sms.carriers.http_receipts import read_receipt
from outdial.sms.carriers.http_signature import sign
from outdial.sms.webhooks import WebhookRules, webhook_routes
from tests.sms.carriers.http_inbox import WrittenDown
from tests.sms.carriers.http_peer import listening

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
SIGNATURE_SECRET, PATH_SECRET = "signature-secret-of-the-account", "path-secret-0f3a"
REFERENCE = "0123456789abcdef0123456789abcdef"
R, F = ReceiptState, TextFailure

RECEIPT = {
    "msisdn": "3725550100",
    "to": "OUTDIAL",
    "network-code": "24801",
    "messageId": "0A0000001234567B",
    "price": "0.03330000",
    "status": "delivered",
    "scts": "2606151158",
    "err-code": "0",
    "api-key": "abcd1234",
    "client-ref": REFERENCE,
    "message-timestamp": "2026-06-15 11:58:30",
}
REPLY = {
    "api-key": "abcd1234",
    "msisdn": "3725550100",
    "to": "3725550199",
    "messageId": "0B00000000000001",
    "text": "STOP & go = שלום",
    "type": "unicode",
    "keyword": "STOP",
    "message-timestamp": "2026-06-15 11:59:00",
}


@dataclass
class Desk:
    """A running server and its inbox."""

    url: str
    session: aiohttp.ClientSession
    inbox: WrittenDown
    rules: WebhookRules

    async def bring(self, path: str, fields: dict[str, Any], how: str = "POST-JSON", **more: Any) -> int:
        """Bring one webhook as Vonage can: "GET", "POST" (a form) or "POST-JSON"."""
        status, _said = await self.say(path, fields, how, **more)
        return status

    async def say(
        self, path: str, fields: dict[str, Any], how: str = "POST-JSON", **more: Any
    ) -> tuple[int, str]:
        given = {"GET": {"params": fields}, "POST": {"data": fields}, "POST-JSON": {"json": fields}}[how]
        method = how.partition("-")[0]
        async with self.session.request(method, self.url + path, **given, **more) as response:
            return response.status, await response.text()


class Desks:
    """Opens servers with rules of a test's own."""

    def __init__(self) -> None:
        self.stack: list[Any] = []

    async def open(self, **changes: Any) -> Desk:
        inbox = WrittenDown()
        rules = replace(WebhookRules(clock=lambda: NOW, part_wait_s=10), **changes)
        app = web.Application()
        app.add_routes(webhook_routes(inbox, rules))
        server, session = listening(app), aiohttp.ClientSession()
        url = await server.__aenter__()
        self.stack += [session, server]
        return Desk(url, session, inbox, rules)


@pytest.fixture
async def desks() -> AsyncIterator[Desks]:
    desks = Desks()
    yield desks
    for opened in desks.stack:
        await opened.__aexit__(None, None, None)


@pytest.fixture
async def signed_desk(desks: Desks) -> Desk:
    return await desks.open(signature_secret=SecretStr(SIGNATURE_SECRET))


@pytest.fixture
async def desk(desks: Desks) -> Desk:
    """One that asks for a secret in the path."""
    return await desks.open(secret=SecretStr(PATH_SECRET))


RECEIPTS, REPLIES = f"/receipts/http/{PATH_SECRET}", f"/replies/http/{PATH_SECRET}"


def signed(fields: dict[str, str], at: datetime = NOW) -> dict[str, str]:
    whole = fields | {"timestamp": str(int(at.timestamp())), "nonce": "3a7e"}
    return whole | {"sig": sign(whole, SIGNATURE_SECRET)}


@pytest.mark.parametrize("how", ["GET", "POST", "POST-JSON"])
async def test_a_receipt_arrives_however_it_is_sent(signed_desk: Desk, how: str) -> None:
    assert await signed_desk.bring("/receipts/http", signed(RECEIPT), how) == 200
    assert signed_desk.inbox.receipts == [
        Receipt(
            carrier="http",
            message_id="0A0000001234567B",
            state=R.DELIVERED,
            said="delivered 0",
            reported_at=datetime(2026, 6, 15, 11, 58, 30, tzinfo=UTC),
            reference=REFERENCE,
        )
    ]


@pytest.mark.parametrize("how", ["GET", "POST", "POST-JSON"])
async def test_a_reply_arrives_however_it_is_sent(signed_desk: Desk, how: str) -> None:
    assert await signed_desk.bring("/replies/http", signed(REPLY), how) == 200
    assert signed_desk.inbox.replies == [
        IncomingText(
            carrier="http",
            message_id="0B00000000000001",
            phone="+3725550100",
            sent_to="3725550199",
            body="STOP & go = שלום",
            received_at=datetime(2026, 6, 15, 11, 59, tzinfo=UTC),
        )
    ]


@pytest.mark.parametrize(
    ("status", "code", "state", "failure"),
    [
        ("accepted", "0", R.ENROUTE, None),
        ("buffered", "0", R.ENROUTE, None),
        ("unknown", "0", R.ENROUTE, None),
        ("unknown", "1", R.FAILED, F.OTHER),
        ("expired", "0", R.FAILED, F.UNREACHABLE),
        ("expired", "2", R.FAILED, F.UNREACHABLE),
        ("failed", "3", R.FAILED, F.INVALID_NUMBER),
        ("undelivered", "6", R.FAILED, F.FILTERED),
        ("rejected", "9", R.FAILED, F.OPTED_OUT),
        ("failed", "10", R.FAILED, F.BAD_CONTENT),
        ("failed", "14", R.FAILED, F.LANDLINE),
        ("rejected", "51", R.FAILED, F.BAD_SENDER),
        ("failed", "99", R.FAILED, F.OTHER),
        ("failed", "", R.FAILED, F.OTHER),
    ],
)
async def test_what_a_receipt_means(
    signed_desk: Desk, status: str, code: str, state: ReceiptState, failure: TextFailure | None
) -> None:
    fields = signed(RECEIPT | {"status": status, "err-code": code})
    assert await signed_desk.bring("/receipts/http", fields) == 200
    [receipt] = signed_desk.inbox.receipts
    assert (receipt.state, receipt.failure) == (state, failure)


@given(st.text(min_size=1).filter(str.strip), st.text() | st.integers().map(str))
def test_every_receipt_has_a_meaning(status: str, code: str) -> None:
    receipt = read_receipt({"messageId": "1", "status": status, "err-code": code})
    assert (receipt.failure is not None) == (receipt.state is R.FAILED)


@pytest.mark.parametrize("name", sorted(REPLY | {"timestamp": "", "sig": "", "nonce": ""}))
async def test_a_webhook_with_any_field_changed_or_missing_is_refused(signed_desk: Desk, name: str) -> None:
    fields = signed(REPLY)
    changed = fields | {name: fields[name].replace("0", "1") + "0"}
    missing = {other: value for other, value in fields.items() if other != name}
    for how in ("GET", "POST", "POST-JSON"):
        assert await signed_desk.bring("/replies/http", changed, how) == 403
        assert await signed_desk.bring("/replies/http", missing, how) == 403
    assert signed_desk.inbox == WrittenDown()


@pytest.mark.parametrize(
    ("age", "answered"),
    [
        (timedelta(hours=72), 200),
        (timedelta(hours=74), 403),
        (timedelta(minutes=-4), 200),
        (timedelta(minutes=-6), 403),
    ],
)
async def test_a_repeat_after_a_long_outage_is_taken_and_one_of_another_time_is_not(
    signed_desk: Desk, age: timedelta, answered: int
) -> None:
    assert await signed_desk.bring("/receipts/http", signed(RECEIPT, NOW - age)) == answered


async def test_how_long_a_signature_lasts_can_be_set(desks: Desks) -> None:
    desk = await desks.open(signature_secret=SecretStr(SIGNATURE_SECRET), oldest_signature_s=300)
    assert await desk.bring("/receipts/http", signed(RECEIPT, NOW - timedelta(minutes=6))) == 403


async def test_a_secret_in_the_path_or_as_bearer_is_enough_where_nothing_is_signed(desk: Desk) -> None:
    bearer = {"Authorization": f"Bearer {PATH_SECRET}"}
    assert await desk.bring(RECEIPTS, RECEIPT) == 200
    assert await desk.bring("/receipts/http", RECEIPT, headers=bearer) == 200
    assert await desk.bring("/receipts/http", RECEIPT) == 403
    assert await desk.bring("/receipts/http/guess", RECEIPT) == 403
    assert await desk.bring("/receipts/http/gu%C3%A9ss", RECEIPT) == 403
    assert await desk.bring("/receipts/http", RECEIPT, headers={"Authorization": "Bearer guess"}) == 403
    assert len(desk.inbox.receipts) == 2


async def test_where_signatures_are_set_a_secret_is_no_way_around_them(desks: Desks) -> None:
    desk = await desks.open(signature_secret=SecretStr(SIGNATURE_SECRET), secret=SecretStr(PATH_SECRET))
    assert await desk.bring(RECEIPTS, RECEIPT) == 403
    assert await desk.bring(RECEIPTS, signed(RECEIPT)) == 200


@pytest.mark.parametrize("empty", [None, SecretStr("")])
async def test_without_a_secret_all_are_refused_and_the_log_says_once_what_to_set(
    desks: Desks, empty: SecretStr | None
) -> None:
    desk = await desks.open(signature_secret=empty, secret=empty)
    with capture_logs() as logs:
        for path in ("/receipts/http", "/replies/http", "/receipts/http/", RECEIPTS):
            assert await desk.bring(path, RECEIPT) in {403, 404}
        assert await desk.bring("/receipts/http", signed(RECEIPT)) == 403
        no_key = RECEIPT | {"timestamp": str(int(NOW.timestamp()))}
        assert await desk.bring("/receipts/http", no_key | {"sig": sign(no_key, "")}) == 403
    [line] = logs
    assert "SMS_HTTP_SIGNATURE_SECRET" in line["reason"]
    assert desk.inbox == WrittenDown()


@pytest.mark.parametrize(
    ("path", "changes", "said"),
    [
        (RECEIPTS, {"messageId": None}, "Not kept: `messageId` is missing."),
        (RECEIPTS, {"messageId": "0" * 201}, "`messageId` is longer than 200 characters"),
        (RECEIPTS, {"status": ""}, "Not kept: `status` is missing."),
        (REPLIES, {"text": None}, "Not kept: `text` is missing."),
        (REPLIES, {"msisdn": "VODAFONE"}, "`msisdn` is not a telephone number"),
        (REPLIES, {"msisdn": "٣٧٢٥٥٥٠١٠٠"}, "`msisdn` is not a telephone number"),
        (REPLIES, {"type": "binary"}, "`type` is binary"),
        (REPLIES, {"concat": "true"}, "`concat-total` is missing"),
        (REPLIES, {"concat": "true", "concat-total": "256"}, "`concat-total` is not a number from 1 to 255"),
        (
            REPLIES,
            {"concat": "true", "concat-ref": "1", "concat-total": "2", "concat-part": "3"},
            "`concat-part` is 3 of 2",
        ),
    ],
)
async def test_a_webhook_that_says_too_little_is_answered_with_one_sentence(
    desk: Desk, path: str, changes: dict[str, str | None], said: str
) -> None:
    fields = {name: value for name, value in ((RECEIPT | REPLY) | changes).items() if value is not None}
    status, answer = await desk.say(path, fields)
    assert status == 400
    assert said in answer
    assert answer.count("\n") == 0
    assert desk.inbox == WrittenDown()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b""),
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b'[["messageId", "1"], ["status", "delivered"]]'),
        ("application/json", b'{"messageId": "1", "status": ["delivered"]}'),
        ("application/json", b'{"messageId": "1", "status": "failed", "status": "delivered"}'),
        ("application/json", b'{"messageId": "\xff", "status": "delivered"}'),
        ("application/json", b"[" * 60_000),
        ("application/x-www-form-urlencoded", b"messageId=1&status=failed&status=delivered"),
        ("application/x-www-form-urlencoded", b"messageId=%FF&status=delivered"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(200))),
        ("text/plain", b"messageId=1&status=delivered"),
    ],
)
async def test_a_body_that_cannot_be_read_is_answered_400(desk: Desk, content_type: str, body: bytes) -> None:
    headers = {"Content-Type": content_type}
    async with desk.session.post(desk.url + RECEIPTS, data=body, headers=headers) as response:
        assert response.status == 400
        assert (await response.text()).startswith("Not kept: ")
    assert desk.inbox == WrittenDown()


async def test_a_body_without_end_is_not_read_to_its_end(desk: Desk) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 10_000

    headers = {"Content-Type": "application/json"}
    try:
        async with desk.session.post(desk.url + RECEIPTS, data=endless(), headers=headers) as response:
            assert response.status == 413
    except aiohttp.ClientOSError:
        pass  # the server hung up while we were still writing
    assert desk.inbox == WrittenDown()


async def test_what_cannot_be_kept_now_is_asked_for_again(desk: Desk) -> None:
    desk.inbox.failures = 2
    for path, fields in ((RECEIPTS, RECEIPT), (REPLIES, REPLY)):
        assert await desk.bring(path, fields) == 503
        assert desk.inbox.receipts + desk.inbox.replies == []
    for path, fields in ((RECEIPTS, RECEIPT), (REPLIES, REPLY)):
        assert await desk.bring(path, fields) == 200
    assert len(desk.inbox.receipts) == len(desk.inbox.replies) == 1


async def test_what_takes_longer_than_the_carrier_waits_is_asked_for_again(desks: Desks) -> None:
    desk = await desks.open(secret=SecretStr(PATH_SECRET), answer_s=0.3)
    desk.inbox.takes_s = 30
    assert await desk.bring(RECEIPTS, RECEIPT) == 503
    assert await together(desk, in_parts("one ", "two")) == [503, 503]
    desk.inbox.takes_s = 0
    assert desk.inbox.receipts + desk.inbox.replies == []


async def test_trying_the_address_keeps_nothing(signed_desk: Desk) -> None:
    assert await signed_desk.bring("/receipts/http", {}, "GET") == 200
    assert await signed_desk.bring("/receipts/http", {}, "POST-JSON") == 403
    assert signed_desk.inbox == WrittenDown()


async def test_numbers_in_json_are_signed_as_they_are_written(signed_desk: Desk) -> None:
    fields: dict[str, Any] = signed(RECEIPT | {"price": "0.03330000", "concat": "true"})
    written = json.dumps(fields).replace('"0.03330000"', "0.03330000").replace('"true"', "true")
    headers = {"Content-Type": "application/json"}
    url = signed_desk.url + "/receipts/http"
    async with signed_desk.session.post(url, data=written, headers=headers) as response:
        assert response.status == 200


def in_parts(*texts: str, reference: str = "af3", phone: str = "3725550100") -> list[dict[str, str]]:
    return [
        REPLY
        | {
            "msisdn": phone,
            "text": text,
            "messageId": f"{phone}-{reference}-{n}",
            "concat": "true",
            "concat-ref": reference,
            "concat-total": str(len(texts)),
            "concat-part": str(n),
        }
        for n, text in enumerate(texts, 1)
    ]


async def together(desk: Desk, webhooks: list[dict[str, str]]) -> list[int]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(desk.bring(REPLIES, webhook)) for webhook in webhooks]
    return [task.result() for task in tasks]


def kept(desk: Desk) -> list[tuple[str, str]]:
    return sorted((reply.message_id, reply.body) for reply in desk.inbox.replies)


async def test_the_parts_of_a_reply_are_joined_in_whatever_order_they_come(desk: Desk) -> None:
    first, second, third = in_parts("one ", "two ", "three")
    assert await together(desk, [third, first, second]) == [200, 200, 200]
    assert kept(desk) == [("3725550100-af3-1", "one two three")]


async def test_parts_of_different_replies_are_kept_apart(desk: Desk) -> None:
    a, b, c = (
        in_parts("a1", "a2"),
        in_parts("b1", "b2", phone="3725550101"),
        in_parts("c1", "c2", reference="b0"),
    )
    await together(desk, [part for parts in zip(a, b, c, strict=True) for part in parts])
    assert sorted(body for _id, body in kept(desk)) == ["a1a2", "b1b2", "c1c2"]


async def test_a_part_that_stays_alone_is_kept_as_it_came(desks: Desks) -> None:
    desk = await desks.open(secret=SecretStr(PATH_SECRET), part_wait_s=0.3)
    first, second, _third = in_parts("one ", "two ", "three")
    assert await together(desk, [first, second]) == [200, 200]
    assert kept(desk) == [("3725550100-af3-1", "one "), ("3725550100-af3-2", "two ")]


async def test_no_part_is_acknowledged_before_the_reply_is_kept(desk: Desk) -> None:
    first, second = in_parts("one ", "two")
    waiting = asyncio.create_task(desk.bring(REPLIES, first))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    desk.inbox.failures = 1
    assert await desk.bring(REPLIES, second) == 503
    assert await waiting == 503
    assert kept(desk) == []
    assert await together(desk, [first, second]) == [200, 200]
    assert kept(desk) == [("3725550100-af3-1", "one two")]


async def test_a_part_whose_answer_was_lost_is_no_second_reply(desk: Desk) -> None:
    parts = in_parts("one ", "two")
    await together(desk, parts)
    assert await together(desk, parts) == [200, 200]
    assert await desk.bring(REPLIES, parts[1]) == 200
    assert kept(desk) == [("3725550100-af3-1", "one two")]


async def test_a_part_that_comes_twice_at_once_counts_once(desk: Desk) -> None:
    first, second = in_parts("one ", "two")
    assert await together(desk, [first, first, second]) == [200, 200, 200]
    assert kept(desk) == [("3725550100-af3-1", "one two")]


async def test_a_slow_inbox_does_not_make_replies_of_the_parts(desks: Desks) -> None:
    desk = await desks.open(secret=SecretStr(PATH_SECRET), part_wait_s=1)
    desk.inbox.takes_s = 1.5
    assert await together(desk, in_parts("one ", "two")) == [200, 200]
    assert kept(desk) == [("3725550100-af3-1", "one two")]


async def test_two_texts_under_one_reference_lose_nothing(desk: Desk) -> None:
    first, second = in_parts("one ", "two")
    other = first | {"messageId": "other", "text": "uno "}
    assert await together(desk, [first, other, second]) == [200, 200, 200]
    assert sorted(body for _id, body in kept(desk)) == ["one two", "uno "]
