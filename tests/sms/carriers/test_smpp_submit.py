"""Texts over SMPP, to a real carrier of another make: what arrives, and what is known where it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from outdial.domain.clock import utc_now
from outdial.domain.sms.delivery import TextFailure
from outdial.sms.carriers import smpp
from outdial.sms.carriers.carrier import Declined, NotTaken, Unsure
from outdial.sms.carriers.smpp_link import LinkTimes
from tests.sms.carriers.smpp_peer import SmppPeer, smpp_peer
from tests.sms.carriers.smpp_stage import a_text, eventually_up, linked

THROTTLED, SYSTEM_ERROR, BAD_NUMBER, BAD_SENDER, VENDORS_OWN = 0x58, 0x08, 0x0B, 0x0A, 0x421
HEBREW = "שלום, נא להתקשר אלינו ✓"


@pytest.fixture
async def peer() -> AsyncIterator[SmppPeer]:
    async with smpp_peer() as peer:
        yield peer


@pytest.mark.parametrize(("body", "coding"), [("Only 5 € [today] @ {noon}", 0), (HEBREW, 8)])
async def test_a_text_arrives_as_it_was_written(peer: SmppPeer, body: str, coding: int):
    async with linked(peer) as carrier:
        assert await carrier.submit(a_text(body)) == ["m1"]
    seen = await peer.next("submitted")
    assert (seen["text"], seen["coding"], seen["header"]) == (body, coding, [])
    assert seen["to"] == [1, 1, "972501234567"]
    assert seen["receipt"] == 1
    until_expiry = datetime.fromisoformat(seen["validity"]) - utc_now()
    assert abs(until_expiry - timedelta(days=1)) < timedelta(minutes=5)


@pytest.mark.parametrize("letter", ["€", "ש", "𝄞"])
async def test_the_parts_of_a_long_text_join_to_what_was_written(peer: SmppPeer, letter: str):
    text = a_text(letter * 10 + "0123456789 " * (26 if letter == "€" else 14))
    assert len(text.split.parts) in {2, 3}
    async with linked(peer) as carrier:
        ids = await carrier.submit(text)
    parts = [await peer.next("submitted") for _ in text.split.parts]
    total = len(parts)
    assert [part["header"] for part in parts] == [
        [f"00032a{total:02x}{number:02x}"] for number in range(1, total + 1)
    ]
    assert "".join(part["text"] for part in parts) == text.body
    assert ids == [f"m{number}" for number in range(1, total + 1)]


@pytest.mark.parametrize(
    ("sender", "seen_as"),
    [("Red Cross", [5, 0, "Red Cross"]), ("12345", [3, 0, "12345"]), ("+15551234567", [1, 1, "15551234567"])],
)
async def test_a_sender_is_said_to_be_what_it_is(peer: SmppPeer, sender: str, seen_as: list[object]):
    async with linked(peer) as carrier:
        await carrier.submit(a_text("Hello", sender=sender))
    assert (await peer.next("submitted"))["from"] == seen_as


async def test_a_sender_no_network_knows_is_declined_before_anything_is_sent(peer: SmppPeer):
    async with linked(peer) as carrier:
        with pytest.raises(Declined) as declined:
            await carrier.submit(a_text("Hello", sender="A name too long"))
    assert declined.value.failure is TextFailure.BAD_SENDER
    assert not peer.seen("submitted")


@pytest.mark.parametrize(
    ("status", "failure"), [(THROTTLED, TextFailure.THROTTLED), (SYSTEM_ERROR, TextFailure.CARRIER_DOWN)]
)
async def test_a_carrier_that_is_busy_has_not_taken_the_text(
    peer: SmppPeer, status: int, failure: TextFailure
):
    peer.tell("answer", statuses=[status])
    async with linked(peer) as carrier:
        with pytest.raises(NotTaken) as refused:
            await carrier.submit(a_text("Hello"))
        assert refused.value.failure is failure
        assert refused.value.retry_after_s
        assert await carrier.submit(a_text("Hello")) == ["m1"]


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (BAD_NUMBER, TextFailure.INVALID_NUMBER),
        (BAD_SENDER, TextFailure.BAD_SENDER),
        (VENDORS_OWN, TextFailure.OTHER),
    ],
)
async def test_a_refusal_for_good_says_why(peer: SmppPeer, status: int, failure: TextFailure):
    peer.tell("answer", statuses=[status])
    async with linked(peer) as carrier:
        with pytest.raises(Declined, match=f"{status:08x}") as refused:
            await carrier.submit(a_text("Hello"))
    assert refused.value.failure is failure


async def test_a_link_cut_while_we_wait_leaves_us_unsure(peer: SmppPeer):
    peer.tell("silent", on=True)
    async with linked(peer) as carrier, asyncio.TaskGroup() as tasks:
        submitting = tasks.create_task(_outcome(carrier.submit(a_text("Hello"))))
        await peer.next("submitted")
        peer.tell("cut")
        outcome = await submitting
        assert isinstance(outcome, Unsure)
        assert outcome.message_ids == ()


async def test_a_carrier_that_does_not_answer_in_time_leaves_us_unsure(peer: SmppPeer):
    peer.tell("silent", on=True)
    async with linked(peer, times=LinkTimes(answer_s=0.3)) as carrier:
        with pytest.raises(Unsure):
            await carrier.submit(a_text("Hello"))


async def test_without_a_link_nothing_is_taken_and_it_comes_back(peer: SmppPeer):
    async with linked(peer) as carrier:
        peer.tell("close")
        await peer.next("lost")
        await eventually_up(carrier, up=False)
        with pytest.raises(NotTaken) as refused:
            await carrier.submit(a_text("Hello"))
        assert refused.value.failure is TextFailure.CARRIER_DOWN
        peer.tell("listen")
        await peer.next("bound")
        await eventually_up(carrier)
        assert await carrier.submit(a_text("Hello")) == ["m1"]


async def test_later_parts_are_tried_again_where_the_carrier_is_busy(peer: SmppPeer):
    peer.tell("answer", statuses=[0, THROTTLED])
    text = a_text("0123456789" * 20)
    async with linked(peer) as carrier:
        assert await carrier.submit(text) == ["m1", "m2"]
    assert len(peer.seen("submitted")) == 3


async def test_of_a_text_taken_in_part_the_parts_taken_are_known(peer: SmppPeer):
    peer.tell("answer", statuses=[0, BAD_NUMBER])
    async with linked(peer) as carrier:
        with pytest.raises(Unsure) as unsure:
            await carrier.submit(a_text("0123456789" * 40))
    assert unsure.value.message_ids == ("m1", "m2")


async def test_while_the_window_is_full_nothing_more_is_sent(peer: SmppPeer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(smpp, "WINDOW_S", 0.1)
    peer.tell("silent", on=True)
    async with linked(peer, window=1) as carrier, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(_outcome(carrier.submit(a_text("One"))))
        await peer.next("submitted")
        with pytest.raises(NotTaken) as refused:
            await carrier.submit(a_text("Two"))
        assert refused.value.failure is TextFailure.CARRIER_DOWN
        assert not peer.seen("submitted")
        first.cancel()


async def test_a_burst_keeps_to_the_window(peer: SmppPeer):
    peer.tell("quiet")
    peer.tell("slow", ms=5)
    async with linked(peer, window=20) as carrier:
        async with asyncio.TaskGroup() as tasks:
            texts = [tasks.create_task(carrier.submit(a_text(f"Text {n}"))) for n in range(500)]
        peer.tell("count")
        count = await peer.next("count")
    ids = {task.result()[0] for task in texts}
    assert len(ids) == 500
    assert (count["taken"], count["mostWaiting"]) == (500, 20)


async def _outcome(submitting: object) -> object:
    try:
        return await submitting
    except Unsure as unsure:
        return unsure
