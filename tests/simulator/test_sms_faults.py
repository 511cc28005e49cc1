"""What goes wrong between a carrier and its customers, in shares of the scenario or on command."""

from __future__ import annotations

import asyncio
import json

import pytest

from outdial.simulator.scenario import ScenarioError, parse_scenario
from outdial.simulator.sms.seen import ReceiptSeen, TextRefused
from outdial.simulator.sms.smpp_session import Cut
from tests.simulator.texter import DELIVER, PHONE, SUBMIT_RESP, TRANSMITTER, carrier_stand, receipt


def phones(count):
    return [f"1555{n:07}" for n in range(count)]


async def test_an_early_receipt_comes_before_the_answer() -> None:
    async with carrier_stand(early_receipts=1, receipt_delay_s=5, early_s=0.1) as stand:
        texter = await stand.bound()
        sequence = texter.submit()
        first, second = await texter.read(), await texter.read()
        assert [first.command_id, second.command_id] == [DELIVER, SUBMIT_RESP]
        assert second.sequence_number == sequence
        assert receipt(first)[0] == second.body.rstrip(b"\0").decode()


async def test_a_receipt_is_early_too_for_who_is_brought_it_over_another_link() -> None:
    async with carrier_stand(early_receipts=1, receipt_delay_s=5, early_s=1) as stand:
        receiver, sender = await stand.bound(0x01), await stand.bound(TRANSMITTER)
        sequence = sender.submit()
        brought = receipt(await receiver.delivery())
        assert await sender.is_quiet(0.05)
        assert (await sender.answer(sequence))[1] == brought[0]


async def test_a_lost_response_is_a_text_that_was_taken() -> None:
    numbers = {f"+{PHONE}": {"text": {"lost_response": True}}}
    async with carrier_stand({"numbers": numbers}) as stand:
        texter = await stand.bound()
        lost = texter.submit()
        assert (await texter.send(to="15551230002"))[0] == 0
        told = dict(await texter.receipts(2))
        assert [seen.to for seen in stand.texts] == [f"+{PHONE}", "+15551230002"]
        assert stand.texts[0].message_ids[0] in told
        assert not [kept for kept in texter.kept if kept.sequence_number == lost]
        assert stand.carrier.counters["lost_responses"] == 1


async def test_some_receipts_come_twice() -> None:
    async with carrier_stand(duplicate_receipts=1) as stand:
        texter = await stand.bound()
        _, message_id = await texter.send()
        assert await texter.receipts(2) == [(message_id, "DELIVRD")] * 2
        assert len(stand.carrier.seen(ReceiptSeen)) == 2


async def test_shuffled_receipts_are_overtaken_by_later_ones() -> None:
    async with carrier_stand(shuffled_receipts=0.5, shuffle_s=0.4, receipt_delay_s=0.02) as stand:
        texter = await stand.bound()
        sent = [(await texter.send(to=phone))[1] for phone in phones(20)]
        told = [message_id for message_id, _ in await texter.receipts(20)]
        assert sorted(told) == sorted(sent)
        assert told != sent


async def test_a_text_on_its_way_is_told_so_before_its_end() -> None:
    async with carrier_stand(enroute_receipts=1, receipt_delay_s=0.1) as stand:
        texter = await stand.bound()
        _, message_id = await texter.send()
        assert await texter.receipts(2) == [(message_id, "ENROUTE"), (message_id, "DELIVRD")]


async def test_an_answer_can_be_late_and_others_are_not_held_up() -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        stand.carrier.change({"answer_delay_s": 1})
        late = texter.submit()
        await texter.until(DELIVER)
        stand.carrier.change({"answer_delay_s": 0})
        at_once = texter.submit(to="15551230002")
        assert (await texter.until(SUBMIT_RESP)).sequence_number == at_once
        assert (await texter.answer(late))[0] == 0


async def test_receipts_may_name_in_decimal_digits_what_was_answered_in_hexadecimal() -> None:
    async with carrier_stand(decimal_receipt_ids=True) as stand:
        texter = await stand.bound()
        _, message_id = await texter.send()
        assert await texter.receipts(1) == [(str(int(message_id, 16)), "DELIVRD")]


async def test_no_more_parts_are_taken_in_a_second_than_the_account_may_send() -> None:
    accounts = {"gateway": {"password": "secret", "parts_per_second": 10}}
    async with carrier_stand(accounts=accounts) as stand:
        texter = await stand.bound()
        answers = [await texter.answer(sequence) for sequence in [texter.submit() for _ in range(30)]]
        assert {status for status, _ in answers} == {0, 0x58}
        taken_at = [seen.at for seen in stand.texts]
        assert all(later - earlier > 0.9 for earlier, later in zip(taken_at, taken_at[10:], strict=False))
        assert len(stand.carrier.seen(TextRefused)) == 30 - len(taken_at)
        await asyncio.sleep(1.05)
        assert (await texter.send())[0] == 0


async def test_some_are_throttled_at_random_and_taken_when_they_come_again() -> None:
    async with carrier_stand(throttled=0.5) as stand:
        texter = await stand.bound()
        refused = []
        for phone in phones(40):
            while (await texter.send(to=phone))[0] == 0x58:
                refused.append(phone)
        assert sorted(seen.to for seen in stand.texts) == [f"+{phone}" for phone in phones(40)]
        assert 10 < len(refused) < 120


async def test_cut_links_are_reset_and_what_they_had_comes_over_the_next() -> None:
    async with carrier_stand(receipt_delay_s=0.2) as stand:
        texter = await stand.bound()
        _, message_id = await texter.send()
        assert stand.carrier.cut_links() == 1
        with pytest.raises(ConnectionResetError):
            await texter.read()
        assert await (await stand.bound()).receipts(1) == [(message_id, "DELIVRD")]


@pytest.mark.parametrize(("taken", "answered"), [(False, False), (True, False), (True, True)])
async def test_a_link_can_break_at_a_text_before_it_is_taken_or_answered(taken, answered) -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        stand.carrier.cut_link_at(Cut(2, taken, answered))
        assert (await texter.send(to="15551230001"))[0] == 0
        sequence = texter.submit(to="15551230002")
        if answered:
            assert (await texter.answer(sequence))[0] == 0
        with pytest.raises((ConnectionResetError, AssertionError)):
            await texter.answer(sequence)
        assert len(stand.texts) == 1 + taken
        assert (await (await stand.bound()).send())[0] == 0


async def test_while_it_is_down_nobody_connects_and_then_all_is_well() -> None:
    async with carrier_stand() as stand:
        await stand.bound()
        stand.carrier.go_down(60)
        assert await _is_reset(await stand.connect())
        stand.carrier.go_down(0)
        assert (await (await stand.bound()).send())[0] == 0


async def _is_reset(texter):
    try:
        return await texter.read() is None
    except ConnectionResetError:
        return True


async def test_while_it_is_down_softly_it_refuses_texts_and_recovers_by_itself() -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        stand.carrier.go_down(0.5, cut=False)
        assert (await texter.send())[0] == 0x08
        while (status := (await texter.send())[0]) == 0x08:  # noqa: ASYNC110 - as a client would ask
            await asyncio.sleep(0.05)
        assert status == 0


async def test_garbage_is_what_no_client_can_read() -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        assert stand.carrier.send_garbage() == 1
        async with asyncio.timeout(5):
            assert await texter.reader.readexactly(4) == b"\xff\xff\xff\xff"


async def test_reset_forgets_what_was_and_ends_every_fault() -> None:
    async with carrier_stand() as stand:
        texter = await stand.bound()
        stand.carrier.change({"throttled": 1})
        assert (await texter.send())[0] == 0x58
        stand.network.reset()
        assert (await texter.send())[0] == 0
        assert stand.carrier.seen(TextRefused) == []
        assert stand.carrier.counters["texts"] == 1


async def ask(port, **order):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(json.dumps(order).encode() + b"\n")
    async with asyncio.timeout(5):
        answer = json.loads(await reader.readline())
    writer.close()
    return answer


async def test_the_control_port_breaks_and_asks_about_texts() -> None:
    async with carrier_stand(control_port=0) as stand:
        port = stand.network.control_port
        texter = await stand.bound()
        assert await ask(port, command="text_change", changes={"throttled": 1}) == {"ok": True}
        assert (await texter.send())[0] == 0x58
        assert await ask(port, command="text_change", changes={"throttled": 0}) == {"ok": True}
        await texter.send(b"Seen?")
        seen = (await ask(port, command="texts"))["seen"]
        assert [(text["to"], text["text"]) for text in seen] == [(f"+{PHONE}", "Seen?")]
        assert [
            seen["reason"] for seen in (await ask(port, command="texts", kind="text_refused"))["seen"]
        ] == ["throttled"]
        assert (await ask(port, command="text_counters"))["counters"]["texts"] == 1
        assert await ask(port, command="cut_text_links") == {"ok": True, "links": 1}


@pytest.mark.parametrize(
    ("order", "about"),
    [
        ({"command": "text_change", "changes": {"throttled": 2}}, "throttled"),
        ({"command": "text_change", "changes": {"thrott": 1}}, "thrott"),
        ({"command": "reply", "number": "+1"}, "text"),
        ({"command": "reply", "number": "+1", "text": "x"}, "nobody has written to +1"),
        ({"command": "texts", "kind": "nonsense"}, "kind"),
    ],
)
async def test_a_wrong_order_is_told_in_one_sentence(order, about) -> None:
    async with carrier_stand(control_port=0) as stand:
        answer = await ask(stand.network.control_port, **order)
        assert not answer["ok"]
        assert about in answer["error"]


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        ({"outcomes": {"eaten": 1}}, "texts.outcomes.eaten"),
        ({"outcomes": {"delivered": 0}}, "texts.outcomes"),
        ({"replies": {"STOP": -1}}, "texts.replies.STOP"),
        ({"receipt_delay_s": [2, 1]}, "texts.receipt_delay_s"),
        ({"lost_responses": 1.5}, "texts.lost_responses"),
        ({"acounts": {}}, "texts.acounts"),
    ],
)
def test_a_mistake_in_the_section_about_texts_is_told_by_its_place(texts, place) -> None:
    with pytest.raises(ScenarioError, match=place):
        parse_scenario({"texts": texts})
