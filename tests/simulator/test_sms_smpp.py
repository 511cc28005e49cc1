"""The carrier's SMPP 3.4, as an independent library and a client of the tests' own see it."""

from __future__ import annotations

import asyncio
import json

import pytest
import smpp34

from outdial.simulator.sms.seen import ReceiptSeen, TextRefused
from tests.simulator.texter import (
    DELIVER,
    PHONE,
    RECEIVER,
    SENDER,
    SUBMIT_RESP,
    TRANSCEIVER,
    TRANSMITTER,
    Texter,
    carrier_stand,
    receipt,
    tlv,
)

GENERIC_NACK, UNBIND, ENQUIRE_LINK = 0x80000000, 0x06, 0x15
UDH_IN_TEXT = 0x40


@pytest.mark.parametrize(
    ("system_id", "password", "status"), [("gateway", "wrong", 0x0E), ("nobody", "secret", 0x0F)]
)
async def test_a_bind_with_wrong_credentials_is_refused_and_closed(system_id, password, status) -> None:
    async with carrier_stand() as stand:
        texter = await stand.connect()
        assert await texter.bind(system_id, password) == status
        assert await texter.read() is None


async def test_nothing_but_a_bind_works_before_one() -> None:
    async with carrier_stand() as stand:
        texter = await stand.connect()
        assert (await texter.send())[0] == 0x04
        assert stand.texts == []
        assert await texter.bind() == 0
        assert await texter.bind() == 0x05


async def test_a_text_is_taken_and_its_receipt_names_its_id_and_comes_from_the_phone() -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        status, message_id = await texter.send(b"Hello there", validity_period="000001000000000R")
        assert status == 0
        delivery = await texter.delivery()
        assert receipt(delivery) == (message_id, "DELIVRD")
        assert (delivery.source_addr, delivery.destination_addr) == (PHONE, SENDER)
        assert delivery.esm_class == 0x04
        assert tlv(delivery, smpp34.TLV_MESSAGE_STATE).as_int() == 2
        assert b"err:000 text:Hello there" in delivery.short_message
        [seen] = stand.texts
        assert (seen.to, seen.sender, seen.text, seen.parts) == (f"+{PHONE}", SENDER, "Hello there", 1)
        assert seen.message_ids == (message_id,)
        assert seen.validity == "000001000000000R"


async def test_an_independent_client_sends_and_is_told() -> None:
    async with carrier_stand() as stand:
        client = smpp34.Client("127.0.0.1", stand.carrier.smpp_port, "gateway", "secret")
        smsc = await client.connect()
        answer = await smsc.submit_sm(PHONE, b"By a library", source_addr=SENDER, registered_delivery=1)
        assert answer.is_success
        event = await asyncio.wait_for(smsc.next(), 10)
        assert event.short_message.startswith(f"id:{answer.message_id} ".encode())
        await smsc.unbind()
        await client.stop()
        assert [seen.text for seen in stand.texts] == ["By a library"]


@pytest.mark.parametrize(
    ("outcome", "stat", "err"),
    [
        ("landline", "UNDELIV", 11),
        ("invalid_number", "UNDELIV", 1),
        ("unreachable", "EXPIRED", 27),
        ("filtered", "REJECTD", 0),
    ],
)
async def test_a_text_that_does_not_arrive_is_told_by_state_and_network_error(outcome, stat, err) -> None:
    async with carrier_stand(outcomes={outcome: 1}, replies="STOP") as stand:
        texter = await stand.bound()
        _, message_id = await texter.send()
        delivery = await texter.delivery()
        assert receipt(delivery) == (message_id, stat)
        assert tlv(delivery, smpp34.TLV_NETWORK_ERROR_CODE).value == bytes([3, 0, err])
        assert stand.texts[0].outcome == outcome
        assert await texter.is_quiet()  # who was not reached writes nothing back


@pytest.mark.parametrize("registered", [0, 2])
async def test_receipts_come_only_where_they_were_asked_for(registered) -> None:
    async with carrier_stand({"numbers": {"1555*": {"text": {"outcome": "landline"}}}}) as stand:
        texter = await stand.bound()
        await texter.send(to="15551", registered_delivery=registered)
        await texter.send(to="16661234567", registered_delivery=registered)
        _, failed = await texter.send(to=PHONE, registered_delivery=registered)
        expected = [(failed, "UNDELIV")] if registered else []
        assert await texter.receipts(len(expected)) == expected
        assert await texter.is_quiet()


def parts_of(octets: bytes, size: int, header: bytes) -> list[bytes]:
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    return [
        bytes([len(header) + 2]) + header + bytes([len(pieces), n]) + piece
        for n, piece in enumerate(pieces, 1)
    ]


@pytest.mark.parametrize("header", [b"\x00\x03\x2a", b"\x08\x04\x01\x2a"])
async def test_joined_parts_are_one_text_on_the_telephone_in_whatever_order(header) -> None:
    text = "שלום לך, " * 20
    async with carrier_stand() as stand:
        texter = await stand.bound()
        parts = parts_of(text.encode("utf-16-be"), 132, header)
        for part in reversed(parts):
            assert (await texter.send(part, esm_class=UDH_IN_TEXT, data_coding=8))[0] == 0
        [seen] = stand.texts
        assert (seen.text, seen.parts, seen.encoding) == (text, len(parts), "ucs2")
        told = {message_id for message_id, _ in await texter.receipts(len(parts))}
        assert told == set(seen.message_ids)


async def test_a_text_without_one_of_its_parts_does_not_arrive() -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        first, second = parts_of(b"x" * 200, 153, b"\x00\x03\x07")
        await texter.send(first, esm_class=UDH_IN_TEXT)
        await texter.send(first, esm_class=UDH_IN_TEXT)
        assert stand.texts == []
        counters = stand.carrier.counters
        assert (counters["unjoined"], counters["parts_twice"]) == (1, 1)
        await texter.send(second, esm_class=UDH_IN_TEXT)
        assert [seen.text for seen in stand.texts] == ["x" * 200]
        # Sent again as a whole, it arrives again: the telephone cannot know better.
        await texter.send(first, esm_class=UDH_IN_TEXT)
        await texter.send(second, esm_class=UDH_IN_TEXT)
        assert len(stand.texts) == 2


async def test_a_payload_longer_than_a_part_is_one_text() -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        payload = smpp34.Tlv(smpp34.TLV_MESSAGE_PAYLOAD, b"y" * 1000)
        assert (await texter.send(b"", tlvs=[payload]))[0] == 0
        assert stand.texts[0].text == "y" * 1000


async def test_the_telephone_shows_gsm_letters_and_marks_what_is_none() -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        await texter.send(b"\x00 \x1b\x65 \x1b\x3c\x1b\x3e \x05\x7f\x10 \xe9 \x1b")
        assert stand.texts[0].text == "@ € [] éàΔ \ufffd \ufffd"
        await texter.send("😀".encode("utf-16-be")[:2], data_coding=8)
        assert stand.texts[1].text == "\ufffd"


@pytest.mark.parametrize(
    ("status", "octets", "fields"),
    [
        (0x01, b"x" * 161, {}),
        (0x01, b"xy" * 71, {"data_coding": 8}),
        (0x01, b"xyz", {"data_coding": 8}),
        (0x01, b"\x05\x00\x03\x01\x02\x01" + b"x" * 154, {"esm_class": UDH_IN_TEXT}),
        (0x01, b"\x05\x00\x03\x01\x02\x03x", {"esm_class": UDH_IN_TEXT}),
        (0x0B, b"x", {"destination_addr": "no-number"}),
        (0x0A, b"x", {"source_addr": ""}),
        (0x62, b"x", {"validity_period": "tomorrow"}),
        (0x104, b"x", {"data_coding": 99}),
    ],
)
async def test_a_text_that_no_network_takes_is_refused(status, octets, fields) -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        assert await texter.send(octets, **fields) == (status, "")
        assert stand.texts == []


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        (b"x" * 160, {}),
        (b"xy" * 70, {"data_coding": 8}),
        (b"\x05\x00\x03\x01\x02\x01" + b"x" * 153, {"esm_class": UDH_IN_TEXT}),
        (b"\x06\x08\x04\x00\x01\x02\x01" + b"x" * 152, {"esm_class": UDH_IN_TEXT}),
    ],
)
async def test_the_longest_part_is_taken(octets, fields) -> None:
    async with carrier_stand() as stand:
        assert (await (await stand.bound()).send(octets, **fields))[0] == 0


@pytest.mark.parametrize(
    ("outcome", "status"), [("refused_number", 0x0B), ("refused_sender", 0x0A), ("barred", 0x45)]
)
async def test_what_the_carrier_will_not_carry_is_refused_and_noted(outcome, status) -> None:
    async with carrier_stand(outcomes={outcome: 1}) as stand:
        texter = await stand.bound()
        assert (await texter.send())[0] == status
        assert stand.texts == []
        assert [seen.to for seen in stand.carrier.seen(TextRefused)] == [f"+{PHONE}"]


async def test_receipts_are_brought_again_until_they_are_acknowledged() -> None:
    async with carrier_stand(redeliver_after_s=0.4) as stand:
        texter = await stand.bound()
        _, message_id = await texter.send()
        unanswered = await texter.until(DELIVER)
        refused = await texter.delivery(status=0x08)
        taken = await texter.delivery()
        assert {receipt(brought) for brought in (unanswered, refused, taken)} == {(message_id, "DELIVRD")}
        assert await texter.is_quiet(0.6)
        assert len(stand.carrier.seen(ReceiptSeen)) == 1
        assert stand.carrier.counters["undelivered"] == 0


async def test_what_was_not_acknowledged_waits_for_the_next_bind_in_its_order() -> None:
    async with carrier_stand(most_unacknowledged=2) as stand:
        texter = await stand.bound()
        sent = [(await texter.send(to=f"1555123000{n}"))[1] for n in range(4)]
        for _ in range(2):
            await texter.until(DELIVER)
        texter.writer.transport.abort()
        sender = await stand.bound(TRANSMITTER)
        sent.append((await sender.send(to="15551230009"))[1])
        assert await sender.is_quiet()  # a transmitter is brought nothing
        receiver = await stand.bound(RECEIVER)
        assert sorted(message_id for message_id, _ in await receiver.receipts(5)) == sorted(sent)
        assert (await receiver.send())[0] == 0x04  # and a receiver may send nothing


async def test_accounts_are_told_of_their_own_texts() -> None:
    accounts = {name: {"password": "secret"} for name in ("gateway", "other")}
    async with carrier_stand(accounts=accounts) as stand:
        ours, other = await stand.bound(), await stand.bound(system_id="other")
        _, message_id = await ours.send()
        assert await ours.receipts(1) == [(message_id, "DELIVRD")]
        assert await other.is_quiet()


async def test_the_link_is_asked_about_from_both_ends_and_ends_by_unbind() -> None:
    async with carrier_stand(enquire_link_s=0.05) as stand:
        texter = await stand.bound()
        await texter.until(ENQUIRE_LINK)
        assert (await texter.until(0x80000000 | ENQUIRE_LINK, texter.write(ENQUIRE_LINK))).command_status == 0
        assert (await texter.until(0x80000000 | UNBIND, texter.write(UNBIND))).command_status == 0
        while await texter.read() is not None:
            pass
        assert stand.carrier.links == 0


async def test_what_is_no_command_is_named_so_and_what_is_no_smpp_ends_the_link() -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        assert (await texter.until(GENERIC_NACK, texter.write(0x07))).command_status == 0x03
        assert (await texter.until(SUBMIT_RESP, texter.write(0x04, b"\0"))).command_status == 0x02
        texter.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await texter.until(GENERIC_NACK)).command_status == 0x02
        assert await texter.read() is None


async def test_a_message_that_comes_octet_by_octet_is_read() -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        octets = smpp34.SubmitSm(SENDER, PHONE, b"slow", sequence_number=77).encode()
        for octet in octets:
            texter.writer.write(bytes([octet]))
            await texter.writer.drain()
            await asyncio.sleep(0)
        assert (await texter.answer(77))[0] == 0


async def test_the_ledger_has_the_text_before_its_sender_has_an_answer(tmp_path) -> None:
    path = tmp_path / "ledger.jsonl"
    async with carrier_stand(ledger=path) as stand:
        texter = await stand.bound()
        _, message_id = await texter.send("שלום\u2028".encode("utf-16-be"), data_coding=8)
        [line] = path.read_text().splitlines()
        entry = json.loads(line)
        assert entry["event"] == "text"
        assert (entry["from"], entry["to"], entry["text"]) == (SENDER, f"+{PHONE}", "שלום\u2028")
        assert (entry["carrier"], entry["message_ids"], entry["parts"]) == ("smpp", [message_id], 1)
        await texter.delivery()
        assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["text", "receipt"]


async def test_many_links_at_once_are_served() -> None:
    async with carrier_stand(receipt_delay_s=[0, 0.1]) as stand:
        texters = [await stand.bound(TRANSCEIVER) for _ in range(5)]
        sequences = [
            (texter, texter.submit(to=f"1555{n:03}{link:04}"))
            for link, texter in enumerate(texters)
            for n in range(100)
        ]
        sent = [(await texter.answer(sequence))[1] for texter, sequence in sequences]
        assert len(set(sent)) == len(stand.texts) == 500
        told: list[str] = []
        async with asyncio.TaskGroup() as group:
            for texter in texters:
                group.create_task(_collect(texter, told, 500))
        assert sorted(told) == sorted(sent)


async def _collect(texter: Texter, told: list[str], until: int) -> None:
    """An account's links share its receipts: nobody knows how many come over one of them."""
    while len(told) < until:
        try:
            async with asyncio.timeout(0.3):
                told.append(receipt(await texter.delivery())[0])
        except TimeoutError:
            continue
