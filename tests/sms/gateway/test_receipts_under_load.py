"""Receipts that come twice, late, early and in any order, while texts are sent: all count, once."""

from __future__ import annotations

from collections import Counter

from outdial.domain.clock import utc_now
from outdial.simulator.sms.network import SimulatedCarrier
from outdial.simulator.sms.seen import ReceiptSeen, TextSeen
from tests import given
from tests.dialer.stage import eventually
from tests.sms.gateway.stage import TEXT, Stage, a_carrier

LONG = TEXT | {
    "smsTemplate": "We meet on Sunday. " * 50 + "Reply STOP to opt out",
    "sms": {"receiptWaitSeconds": 600},
}
"""Seven parts, each of which has receipts of its own, however late on a busy machine."""

STATE_OF = {"DELIVRD": "delivered", "ENROUTE": "enroute", "EXPIRED": "failed"}
UNRULY = {
    "outcomes": {"delivered": 0.8, "unreachable": 0.2},
    "enroute_receipts": 0.3,
    "duplicate_receipts": 0.3,
    "shuffled_receipts": 0.3,
    "early_receipts": 0.2,
    "receipt_delay_s": [0, 0.5],
    "shuffle_s": [0.1, 1],
    "redeliver_after_s": 60,
}


async def test_no_receipt_is_lost_and_none_counted_twice_while_texts_are_sent(stage: Stage) -> None:
    numbers = given.phones(160)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **LONG)
    async with a_carrier(**UNRULY) as carrier, stage.gateway(carrier):
        await stage.run_campaigns(campaign, within_s=60)
        await eventually(lambda: not carrier.under_way, within_s=30)
        brought = Counter((one.message_id, STATE_OF[one.state]) for one in carrier.seen(ReceiptSeen))
        assert brought.total() > 1500
        assert max(brought.values()) > 1
        rows = await stage.rows("select message_id, state, times, record_id from sms_receipts")
        assert Counter({(one["message_id"], one["state"]): one["times"] for one in rows}) == brought
        assert len(rows) == len(brought)
        assert all(one["record_id"] for one in rows)
        texts = {one["phone"]: one for one in await stage.rows("select * from sms_records")}
        assert {one: texts[one]["state"] for one in numbers} == fates(carrier)
        ended = await stage.rows("select last_disposition, count(*) as n from contacts group by 1")
        assert {one["last_disposition"]: one["n"] for one in ended} == Counter(fates(carrier).values())
        await stage.assert_sound(carrier)


def fates(carrier: SimulatedCarrier) -> dict[str, str]:
    """What became of the text to each number, by the carrier."""
    states = {"delivered": "delivered", "unreachable": "undelivered"}
    return {one.to: states[one.outcome] for one in carrier.seen(TextSeen)}
