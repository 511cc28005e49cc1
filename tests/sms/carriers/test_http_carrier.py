"""The HTTP carrier against a server on a real socket: what it is asked, and what each answer means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, strategies as st
from pydantic import SecretStr
from structlog.testing import capture_logs

from outdial.domain.errors import InvalidInput, OutdialError
from outdial.domain.sms.delivery import TextFailure
from outdial.domain.sms.encoding import split_text
from outdial.sms.carriers.carrier import Carrier, Declined, NotTaken, OutgoingText, Unsure
from outdial.sms.carriers.http_answers import read_answer, refusal_of, refusal_of_http
from outdial.sms.carriers.http_carrier import HttpCarrierAddress, open_http_carrier
from outdial.standalone.ports import choose_ports
from tests.sms.carriers.http_peer import HttpPeer, answer, http_peer, part, rude_peer, taken

SECRET = "s3cr3t-of-the-account"
REFERENCE = "0123456789abcdef0123456789abcdef"
F = TextFailure


def address(url: str, **changes: Any) -> HttpCarrierAddress:
    return HttpCarrierAddress(url, "abcd1234", SecretStr(SECRET), **changes)


def text(body: str = "Hello", sender: str = "OUTDIAL", **changes: Any) -> OutgoingText:
    return OutgoingText(REFERENCE, "+3725550100", sender, split_text(body), **changes)


@pytest.fixture
async def peer() -> AsyncIterator[HttpPeer]:
    async with http_peer() as peer:
        yield peer


@pytest.fixture
async def carrier(peer: HttpPeer) -> AsyncIterator[Carrier]:
    async with open_http_carrier(address(peer.url)) as carrier:
        yield carrier


async def refusal(carrier: Carrier) -> OutdialError:
    with pytest.raises((NotTaken, Declined, Unsure)) as raised:
        await carrier.submit(text())
    return raised.value


async def test_a_text_is_asked_for_as_the_carrier_wants_it(peer: HttpPeer, carrier: Carrier) -> None:
    peer.answer = lambda: taken("A1", "A2")
    assert list(await carrier.submit(text("x" * 200, validity_s=3600))) == ["A1", "A2"]
    assert peer.asked == [
        {
            "api_key": "abcd1234",
            "api_secret": SECRET,
            "from": "OUTDIAL",
            "to": "3725550100",
            "text": "x" * 200,
            "type": "text",
            "ttl": 3_600_000,
            "client-ref": REFERENCE,
            "status-report-req": True,
        }
    ]


async def test_hebrew_goes_as_unicode_and_a_numeric_sender_without_its_plus(
    peer: HttpPeer, carrier: Carrier
) -> None:
    await carrier.submit(text("שלום דנה", sender="+3725550199", validity_s=1))
    [asked] = peer.asked
    assert (asked["type"], asked["text"], asked["from"], asked["ttl"]) == (
        "unicode",
        "שלום דנה",
        "3725550199",
        20_000,
    )


@pytest.mark.parametrize(
    ("status", "kind", "failure"),
    [
        ("1", NotTaken, F.THROTTLED),
        ("4", NotTaken, F.CARRIER_DOWN),
        ("6", Declined, F.INVALID_NUMBER),
        ("7", Declined, F.OPTED_OUT),
        ("9", NotTaken, F.NO_CREDIT),
        ("12", Declined, F.BAD_CONTENT),
        ("15", Declined, F.BAD_SENDER),
        ("33", Declined, F.INVALID_NUMBER),
    ],
)
async def test_what_a_status_means(
    peer: HttpPeer, carrier: Carrier, status: str, kind: type[OutdialError], failure: TextFailure
) -> None:
    peer.answer = lambda: answer(part(status, error_text="why"))
    refused = await refusal(carrier)
    assert type(refused) is kind
    assert isinstance(refused, NotTaken | Declined)
    assert refused.failure is failure
    assert f"answered {status}: why" in str(refused)


@pytest.mark.parametrize("status", ["5", "77", "", "ok"])
async def test_a_status_that_says_nothing_of_the_text_leaves_it_unsure(
    peer: HttpPeer, carrier: Carrier, status: str
) -> None:
    peer.answer = lambda: answer(part(status))
    assert isinstance(await refusal(carrier), Unsure)


async def test_the_carrier_says_how_long_to_wait(peer: HttpPeer, carrier: Carrier) -> None:
    peer.answer = lambda: answer(
        part("1", error_text="Throughput Rate Exceeded - please wait [ 250 ] and retry")
    )
    refused = await refusal(carrier)
    assert isinstance(refused, NotTaken)
    assert refused.retry_after_s == 0.25


async def test_where_some_parts_are_taken_it_is_unsure_and_their_ids_are_kept(
    peer: HttpPeer, carrier: Carrier
) -> None:
    peer.answer = lambda: answer(part("0", "A1"), part("1", error_text="Throttled"), part("0", "A3"))
    refused = await refusal(carrier)
    assert isinstance(refused, Unsure)
    assert refused.message_ids == ("A1", "A3")


async def test_of_several_refusals_the_one_that_leaves_least_to_hope_for_holds(
    peer: HttpPeer, carrier: Carrier
) -> None:
    peer.answer = lambda: answer(part("1"), part("7"), part("1"))
    assert isinstance(await refusal(carrier), Declined)
    peer.answer = lambda: answer(part("1"), part("7"), part("5"))
    assert isinstance(await refusal(carrier), Unsure)


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (429, {}, NotTaken),
        (503, {"Retry-After": "7"}, NotTaken),
        (503, {}, Unsure),
        (500, {}, Unsure),
        (502, {}, Unsure),
        (504, {}, Unsure),
        (408, {}, Unsure),
        (401, {}, NotTaken),
        (404, {}, NotTaken),
        (307, {"Location": "/sms/json"}, NotTaken),
        (400, {}, Declined),
        (202, {}, Unsure),
    ],
)
async def test_what_an_http_status_means_and_it_is_asked_once(
    peer: HttpPeer, carrier: Carrier, status: int, headers: dict[str, str], kind: type[OutdialError]
) -> None:
    peer.answer = lambda: web.Response(status=status, headers=headers)
    assert type(await refusal(carrier)) is kind
    assert len(peer.asked) == 1


async def test_retry_after_is_passed_on(peer: HttpPeer, carrier: Carrier) -> None:
    peer.answer = lambda: web.Response(status=503, headers={"Retry-After": "7"})
    refused = await refusal(carrier)
    assert isinstance(refused, NotTaken)
    assert refused.retry_after_s == 7


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{}", b'{"messages": []}', b'{"messages": [{"status": "0"}]}', b"[" * 100_000, b"\xff"],
)
async def test_an_answer_that_cannot_be_read_is_unsure(peer: HttpPeer, carrier: Carrier, body: bytes) -> None:
    peer.answer = lambda: web.Response(body=body)
    assert isinstance(await refusal(carrier), Unsure)


async def test_an_endless_answer_is_not_read_to_its_end(peer: HttpPeer, carrier: Carrier) -> None:
    peer.answer = lambda: web.Response(body=b" " * 1_000_000)
    assert "longer than" in str(await refusal(carrier))


async def test_nobody_listening_is_certain_and_then_the_carrier_rests() -> None:
    port = choose_ports(("nobody",), wished={})["nobody"]
    async with open_http_carrier(address(f"http://127.0.0.1:{port}/")) as carrier:
        assert carrier.is_up
        refused = await refusal(carrier)
        assert isinstance(refused, NotTaken)
        assert refused.failure is F.CARRIER_DOWN
        assert not carrier.is_up


async def test_a_wrong_password_stops_all_texts_and_being_throttled_none(
    peer: HttpPeer, carrier: Carrier
) -> None:
    peer.answer = lambda: answer(part("1"))
    await refusal(carrier)
    assert carrier.is_up
    peer.answer = lambda: answer(part("4"))
    await refusal(carrier)
    assert not carrier.is_up


async def test_a_rest_is_told_once_and_ends(peer: HttpPeer, carrier: Carrier) -> None:
    peer.answer = lambda: web.Response(status=503, headers={"Retry-After": "1"})
    with capture_logs() as logs:
        await refusal(carrier)
        await refusal(carrier)
    assert [(line["event"], line["for_s"]) for line in logs] == [("carrier rests", 1)]
    assert not carrier.is_up
    await asyncio.sleep(1.05)
    assert carrier.is_up


async def test_silence_after_the_text_was_written_is_unsure_and_soon() -> None:
    async with (
        rude_peer(None) as (url, heard),
        open_http_carrier(address(url, answer_s=1.5)) as carrier,
    ):
        refused = await refusal(carrier)
    assert isinstance(refused, Unsure)
    assert "within 1.5 s" in str(refused)
    assert REFERENCE.encode() in heard[0]


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{", b"SSH-2.0\r\n\r\n"])
async def test_a_broken_line_after_the_text_was_written_is_unsure_and_it_is_asked_once(said: bytes) -> None:
    async with rude_peer(said) as (url, heard), open_http_carrier(address(url)) as carrier:
        assert isinstance(await refusal(carrier), Unsure)
    assert len(heard) == 1


async def test_a_line_that_is_reset_after_the_text_was_written_is_unsure() -> None:
    async with rude_peer(b"", resets=True) as (url, heard), open_http_carrier(address(url)) as carrier:
        assert isinstance(await refusal(carrier), Unsure)
    assert len(heard) == 1


async def test_no_more_connections_than_agreed(peer: HttpPeer) -> None:
    async with open_http_carrier(address(peer.url, most_in_flight=3)) as carrier:
        assert carrier.most_in_flight == 3
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(carrier.submit(text())) for _ in range(30)]
    assert {tuple(task.result()) for task in tasks} == {("0A0000000123ABCD1",)}
    assert len(peer.asked) == 30
    assert len(peer.callers) <= 3


async def test_nothing_that_is_said_or_shown_holds_a_secret_or_an_unmasked_number(
    peer: HttpPeer, carrier: Carrier
) -> None:
    peer.answer = lambda: answer(part("6", error_text="no route to 3725550100"))
    refused = await refusal(carrier)
    assert "+3725550100" in str(refused)  # with a plus the log masks it
    assert SECRET not in f"{refused!r} {address(peer.url)!r}"


@pytest.mark.parametrize("url", ["", "rest.example/sms"])
async def test_an_address_that_is_not_set_is_named(url: str) -> None:
    with pytest.raises(InvalidInput, match="SMS_HTTP_URL is not set"):
        async with open_http_carrier(address(url)):
            pass


@given(st.text(), st.text())
def test_every_status_has_a_meaning(status: str, error_text: str) -> None:
    assert isinstance(refusal_of(status, error_text), NotTaken | Declined | Unsure)


@given(st.integers(201, 599), st.none() | st.text())
def test_every_http_status_has_a_meaning(status: int, retry_after: str | None) -> None:
    refused = refusal_of_http(status, retry_after)
    assert isinstance(refused, NotTaken | Declined | Unsure)
    if status >= 500 and retry_after is None:
        assert isinstance(refused, Unsure)


@given(
    st.lists(
        st.fixed_dictionaries(
            {}, optional={"status": st.sampled_from("015679") | st.integers(), "message-id": st.text()}
        )
    )
)
def test_an_answer_is_a_success_only_where_every_part_has_an_id(parts: list[dict[str, Any]]) -> None:
    some_taken = any(each.get("status") in {"0", 0} for each in parts)
    try:
        ids = list(read_answer(json.dumps({"messages": parts}).encode()))
    except Unsure:
        return
    except (NotTaken, Declined):
        ids = None
    assert (ids is not None) == some_taken
    assert ids is None or (all(ids) and ids == [each["message-id"] for each in parts])
