"""What an SMPP carrier brings: kept before it is acknowledged, and whole before it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from outdial.domain.sms.delivery import Receipt, ReceiptState, TextFailure
from outdial.sms.carriers import smpp_deliveries, smpp_joining
from outdial.sms.carriers.smpp_receipts import IdForm
from tests.sms.carriers.smpp_peer import SmppPeer, smpp_peer
from tests.sms.carriers.smpp_stage import KeptInbox, a_text, linked

KEPT, REPEAT, SYSTEM_ERROR = 0x00, 0x64, 0x08
RECEIPT, HAS_HEADER = 0x04, 0x40
LINE = (
    "id:{id} sub:001 dlvrd:001 submit date:2611221702 done date:2611221703 stat:{stat} err:{err} text:Hello"
)
PERSON = {"source_addr": "972501234567", "source_addr_ton": 1, "destination_addr": "12345"}
HEBREW = "הסר אותי בבקשה מהרשימה"


class BreakingInbox(KeptInbox):
    """Has a mistake in it."""

    async def take_receipts(self, receipts: Sequence[Receipt]) -> None:
        await self.hold.wait()
        if any(receipt.message_id == "bad" for receipt in receipts):
            raise ValueError("a mistake of ours")
        await super().take_receipts(receipts)


@pytest.fixture
async def peer() -> AsyncIterator[SmppPeer]:
    async with smpp_peer() as peer:
        yield peer


def receipt(message_id: str = "m1", stat: str = "DELIVRD", err: str = "000", **fields: object) -> dict:
    """A receipt as the peer is told to deliver it."""
    line = LINE.format(id=message_id, stat=stat, err=err)
    return {"tag": message_id, "esm_class": RECEIPT, "text": line} | fields


async def delivered(peer: SmppPeer, pdu: dict) -> int:
    """Have something delivered; returns how it was acknowledged."""
    peer.tell("deliver", pdu=pdu)
    tag = {"tag": pdu["tag"]} if "tag" in pdu else {}
    return (await peer.next("acknowledged", **tag))["status"]


async def not_acknowledged(peer: SmppPeer) -> bool:
    """Whether nothing was acknowledged of what came before now."""
    peer.tell("enquire")
    await peer.next("alive")
    return not peer.seen("acknowledged")


async def test_a_receipt_is_acknowledged_only_once_it_is_kept(peer: SmppPeer):
    inbox = KeptInbox()
    inbox.hold.clear()
    async with linked(peer, inbox) as carrier:
        await carrier.submit(a_text("Hello"))
        peer.tell("deliver", pdu=receipt())
        assert await not_acknowledged(peer)
        assert inbox.receipts == []
        inbox.hold.set()
        assert (await peer.next("acknowledged"))["status"] == KEPT
    assert inbox.receipts == [
        Receipt("smpp", "m1", ReceiptState.DELIVERED, said="DELIVRD, err 000, done date 2611221703")
    ]


async def test_a_receipt_that_cannot_be_kept_is_to_be_brought_again(peer: SmppPeer):
    inbox = KeptInbox(full=True)
    async with linked(peer, inbox):
        assert await delivered(peer, receipt()) == REPEAT
        inbox.full = False
        assert await delivered(peer, receipt()) == KEPT
    assert [kept.message_id for kept in inbox.receipts] == ["m1"]


async def test_a_receipt_that_breaks_the_inbox_holds_up_no_other(peer: SmppPeer):
    inbox = BreakingInbox()
    inbox.hold.clear()
    async with linked(peer, inbox):
        for message_id in ("m1", "m2", "bad", "m3"):
            peer.tell("deliver", pdu=receipt(message_id))
        assert await not_acknowledged(peer)
        inbox.hold.set()
        statuses = {(await peer.next("acknowledged", tag=tag))["status"] for tag in ("m1", "m2", "m3")}
        assert statuses == {KEPT}
        assert (await peer.next("acknowledged", tag="bad"))["status"] == SYSTEM_ERROR
    assert [kept.message_id for kept in inbox.receipts] == ["m1", "m2", "m3"]


async def test_what_was_not_kept_before_the_link_was_lost_is_not_acknowledged(peer: SmppPeer):
    inbox = KeptInbox()
    inbox.hold.clear()
    async with linked(peer, inbox):
        peer.tell("deliver", pdu=receipt())
        assert await not_acknowledged(peer)
        peer.tell("cut")
        await peer.next("bound")
        inbox.hold.set()
        assert await delivered(peer, receipt()) == KEPT
    assert {kept.message_id for kept in inbox.receipts} == {"m1"}
    assert not peer.seen("acknowledged")


@pytest.mark.parametrize(
    ("fields", "state", "failure"),
    [
        ({"stat": "EXPIRED"}, ReceiptState.FAILED, TextFailure.UNREACHABLE),
        ({"stat": "REJECTD"}, ReceiptState.FAILED, TextFailure.FILTERED),
        ({"stat": "UNDELIV", "err": "001"}, ReceiptState.FAILED, TextFailure.OTHER),
        ({"stat": "UNDELIV", "err": "044"}, ReceiptState.FAILED, TextFailure.LANDLINE),
        (
            {"stat": "UNDELIV", "network_error_code": "030001"},
            ReceiptState.FAILED,
            TextFailure.INVALID_NUMBER,
        ),
        ({"stat": "ACCEPTD"}, ReceiptState.ENROUTE, None),
        ({"stat": "UNDELIV", "esm_class": 0x20}, ReceiptState.ENROUTE, None),
    ],
)
async def test_a_receipt_says_what_became_of_the_text_and_why(
    peer: SmppPeer, fields: dict, state: ReceiptState, failure: TextFailure | None
):
    inbox = KeptInbox()
    async with linked(peer, inbox, failures={44: TextFailure.LANDLINE}):
        assert await delivered(peer, receipt(**fields)) == KEPT
    assert [(kept.state, kept.failure) for kept in inbox.receipts] == [(state, failure)]


async def test_a_receipt_may_be_nothing_but_parameters(peer: SmppPeer):
    inbox = KeptInbox()
    pdu = {"esm_class": RECEIPT, "receipted_message_id": "m1", "message_state": 2}
    async with linked(peer, inbox):
        assert await delivered(peer, pdu) == KEPT
    assert [(kept.message_id, kept.state) for kept in inbox.receipts] == [("m1", ReceiptState.DELIVERED)]


@pytest.mark.parametrize(
    ("form", "answered", "receipted"),
    [
        (IdForm.SAME, "0a1b_$", "0a1b_$"),
        (IdForm.HEX_THEN_DECIMAL, "0A1B", "2587"),
        (IdForm.DECIMAL_THEN_HEX, "0002587", "a1b"),
        (IdForm.HEX, "A1B", "00000a1b"),
    ],
)
async def test_a_receipt_names_its_text_as_the_answer_did(
    peer: SmppPeer, form: IdForm, answered: str, receipted: str
):
    inbox = KeptInbox()
    peer.tell("name", ids=[answered])
    # Line by octets: the peer would write the letters of GSM, and carriers write ids in ASCII.
    line = LINE.format(id=receipted, stat="DELIVRD", err="000").encode().hex()
    async with linked(peer, inbox, id_form=form) as carrier:
        message_ids = await carrier.submit(a_text("Hello"))
        assert await delivered(peer, {"esm_class": RECEIPT, "octets": line}) == KEPT
    assert [kept.message_id for kept in inbox.receipts] == message_ids


async def test_a_burst_of_receipts_is_kept_whole(peer: SmppPeer):
    inbox = KeptInbox()
    async with linked(peer, inbox):
        for number in range(500):
            peer.tell("deliver", pdu=receipt(f"m{number}"))
        acknowledged = [await peer.next("acknowledged") for _ in range(500)]
    assert {event["status"] for event in acknowledged} == {KEPT}
    assert [kept.message_id for kept in inbox.receipts] == [f"m{number}" for number in range(500)]


async def test_nobody_can_write_a_receipt(peer: SmppPeer):
    inbox = KeptInbox()
    async with linked(peer, inbox):
        line = LINE.format(id="m1", stat="UNDELIV", err="000")
        assert await delivered(peer, PERSON | {"text": line}) == KEPT
    assert inbox.receipts == []
    assert [reply.body for reply in inbox.replies] == [line]


@pytest.mark.parametrize(
    ("body", "coding"),
    [("STOP", 0), ("Stop {please} @ 5 €", 0), ("Stop", 1), ("Désolé, arrêt", 3), (HEBREW, 8)],
)
async def test_a_reply_is_read_in_the_alphabet_it_was_written_in(peer: SmppPeer, body: str, coding: int):
    inbox = KeptInbox()
    async with linked(peer, inbox):
        assert await delivered(peer, PERSON | {"text": body, "data_coding": coding}) == KEPT
    assert [(reply.phone, reply.sent_to, reply.body) for reply in inbox.replies] == [
        ("+972501234567", "12345", body)
    ]


@pytest.mark.parametrize(
    ("octets", "coding"),
    [
        (HEBREW.encode("iso8859-8"), 7),
        (HEBREW.encode("utf-16-be"), 0x19),
        (HEBREW.encode("utf-16-be") + bytes(2), 8),
    ],
)
async def test_a_reply_is_read_in_alphabets_that_are_rarely_used(peer: SmppPeer, octets: bytes, coding: int):
    inbox = KeptInbox()
    async with linked(peer, inbox):
        pdu = PERSON | {"octets": octets.hex(), "data_coding": coding}
        assert await delivered(peer, pdu) == KEPT
    assert [reply.body for reply in inbox.replies] == [HEBREW]


@pytest.mark.parametrize(
    ("written", "kind", "region", "phone"),
    [
        ("0501234567", 2, "IL", "+972501234567"),
        ("972501234567", 0, "IL", "+972501234567"),
        ("972501234567", 0, None, "+972501234567"),
        ("+972501234567", 0, None, "+972501234567"),
        ("0501234567", 2, None, "0501234567"),
    ],
)
async def test_who_wrote_is_known_however_the_carrier_writes_numbers(
    peer: SmppPeer, written: str, kind: int, region: str | None, phone: str
):
    inbox = KeptInbox()
    sender = {"source_addr": written, "source_addr_ton": kind}
    async with linked(peer, inbox, region=region):
        assert await delivered(peer, PERSON | sender | {"text": "STOP"}) == KEPT
    assert [reply.phone for reply in inbox.replies] == [phone]


def part(number: int, text: str, total: int = 3, **fields: object) -> dict:
    """One part of a text as the peer is told to deliver it, joined by the header that telephones write."""
    header = f"05000307{total:02x}{number:02x}"
    return PERSON | {"tag": number, "esm_class": HAS_HEADER, "header": header, "text": text} | fields


async def test_the_parts_of_a_reply_are_acknowledged_together_once_all_are_kept(peer: SmppPeer):
    inbox = KeptInbox()
    async with linked(peer, inbox):
        peer.tell("deliver", pdu=part(3, "list."))
        peer.tell("deliver", pdu=part(1, "Please take "))
        assert await not_acknowledged(peer)
        inbox.full = True
        assert await delivered(peer, part(2, "me off your ")) == REPEAT
        assert [(await peer.next("acknowledged"))["status"] for _ in range(2)] == [REPEAT, REPEAT]
        inbox.full = False
        for number, text in [(1, "Please take "), (2, "me off your "), (3, "list.")]:
            assert await delivered(peer, part(number, text)) == KEPT
    assert [reply.body for reply in inbox.replies] == ["Please take me off your list."]


async def test_parts_may_be_joined_by_parameters(peer: SmppPeer):
    inbox = KeptInbox()
    async with linked(peer, inbox):
        for number, text in [(2, "list."), (1, "Off your ")]:
            sar = {"sar_msg_ref_num": 300, "sar_total_segments": 2, "sar_segment_seqnum": number}
            peer.tell("deliver", pdu=PERSON | sar | {"text": text})
        assert [(await peer.next("acknowledged"))["status"] for _ in range(2)] == [KEPT, KEPT]
    assert [reply.body for reply in inbox.replies] == ["Off your list."]


async def test_a_carrier_that_brings_one_thing_at_a_time_is_not_waited_for(
    peer: SmppPeer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(smpp_deliveries, "HELD_S", 0.1)
    inbox = KeptInbox()
    async with linked(peer, inbox):
        assert await delivered(peer, part(1, "Please ", total=2)) == REPEAT
        assert await delivered(peer, part(2, "stop", total=2)) == KEPT
        assert await delivered(peer, part(1, "Please ", total=2)) == KEPT
    assert [reply.body for reply in inbox.replies] == ["Please stop"]


async def test_a_reply_whose_other_parts_never_come_is_not_lost(
    peer: SmppPeer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(smpp_joining, "COMPLETE_WITHIN_S", 0.1)
    inbox = KeptInbox()
    async with linked(peer, inbox):
        assert await delivered(peer, part(2, "STOP", total=2)) == KEPT
        assert await delivered(peer, part(1, "I said ", total=2)) == KEPT
        assert await delivered(peer, part(2, "STOP", total=2)) == KEPT
    assert [reply.body for reply in inbox.replies] == ["STOP", "I said "]


async def test_what_cannot_be_read_is_turned_away_for_good_and_the_link_stays(peer: SmppPeer):
    inbox = KeptInbox()
    async with linked(peer, inbox) as carrier:
        # A deliver_sm whose fields end before they should.
        peer.tell("raw", octets="0000001400000005000000000000000900010139")
        assert await delivered(peer, PERSON | {"text": "STOP"}) == KEPT
        assert carrier.is_up
    assert [reply.body for reply in inbox.replies] == ["STOP"]


async def test_replies_are_kept_in_the_order_they_came(peer: SmppPeer):
    inbox = KeptInbox()
    async with linked(peer, inbox):
        for number in range(50):
            peer.tell("deliver", pdu=PERSON | {"text": f"{number}"})
        async with asyncio.timeout(15):
            while len(inbox.replies) < 50:
                await peer.next("acknowledged")
    assert [reply.body for reply in inbox.replies] == [f"{number}" for number in range(50)]
