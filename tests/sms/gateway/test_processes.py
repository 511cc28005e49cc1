"""Gateway processes that are killed and told to stop while they send."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from outdial.domain.clock import utc_now
from outdial.simulator.sms.network import SimulatedCarrier
from outdial.simulator.sms.seen import ReceiptSeen, TextSeen
from outdial.storage.campaigns import Campaign
from tests import given
from tests.dialer.stage import eventually
from tests.invariants import LATE_AT_MOST_S
from tests.sms.gateway.processes import a_process
from tests.sms.gateway.stage import TEXT, Stage, a_carrier

pytestmark = pytest.mark.timeout(150)

RECOVERED_WITHIN_S = 20
SLOW_TO_ANSWER = {"answer_delay_s": 0.3}
"""So that texts are with the carrier and unanswered at any moment."""

POLL_ENDS_S = 2.5
"""SQS goes on answering the long poll of a client that died."""


def taken(carrier: SimulatedCarrier) -> list[str]:
    return [one.to for one in carrier.seen(TextSeen)]


async def until_taken(stage: Stage, campaign: Campaign, carrier: SimulatedCarrier, texts: int) -> None:
    """Dispatch goes on meanwhile, as the workflow does it."""

    async def has_enough() -> bool:
        await stage.dispatch(campaign)
        return len(taken(carrier)) >= texts

    await eventually(has_enough, within_s=60)


async def until_all_are_done(stage: Stage, campaign: Campaign) -> None:
    await stage.run_campaigns(campaign, within_s=60)


async def let_leases_end(stage: Stage) -> None:
    """What a killed gateway had in hand SQS shows again after 30 s, and dispatch sends anew after 120 s."""
    async with stage.pool.connection() as conn:
        await conn.execute("update dispatched_contacts set sent_at = sent_at - interval '3 minutes'")


async def test_a_gateway_killed_again_and_again_texts_nobody_twice_and_knows_what_it_does_not_know(
    stage: Stage, tmp_path: Path
) -> None:
    stage = replace(stage, per_second=25)
    numbers = given.phones(100)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **TEXT)
    async with a_carrier(early_receipts=0.2, duplicate_receipts=0.2, answer_delay_s=[0, 0.3]) as carrier:
        for kill in range(1, 4):
            async with a_process(stage, carrier, tmp_path / str(kill)) as process:
                await let_leases_end(stage)
                await until_taken(stage, campaign, carrier, 25 * kill)
                process.send_signal(signal.SIGKILL)
                await asyncio.sleep(POLL_ENDS_S)
        async with a_process(stage, carrier, tmp_path / "last"):
            await let_leases_end(stage)
            await until_all_are_done(stage, campaign)
        had = taken(carrier)
        assert len(had) == len(set(had))
        texts = await stage.rows("select phone, state, gateway_id from sms_records")
        assert sorted(one["phone"] for one in texts) == numbers
        unknown = {one["phone"] for one in texts if one["state"] == "unknown"}
        assert {one["state"] for one in texts} == {"delivered", "unknown"}
        # Over SMPP no word of ours comes back with a receipt: it tells nobody which of these it is about.
        assert unknown
        assert set(numbers) - set(had) <= unknown
        assert len({one["gateway_id"] for one in texts}) > 1
        contacts = await stage.rows("select phone, status, failure_reason, texts from contacts")
        assert {one["phone"] for one in contacts if one["failure_reason"] == "text_unknown"} == unknown
        assert {one["phone"] for one in contacts if one["status"] == "completed"} == set(numbers) - unknown
        assert {one["texts"] for one in contacts} == {1}
        # Their receipts are kept, with no text to belong to.
        told = {one.message_id for one in carrier.seen(ReceiptSeen) if one.to in unknown}
        kept = await stage.rows("select distinct message_id from sms_receipts where record_id is null")
        assert {one["message_id"] for one in kept} <= told
        await stage.assert_sound(carrier)


async def test_sigterm_lets_the_carrier_answer_gives_back_what_waits_and_leaves_nothing_unknown(
    stage: Stage, tmp_path: Path
) -> None:
    stage = replace(stage, per_second=20)
    numbers = given.phones(60)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **TEXT)
    async with a_carrier(**SLOW_TO_ANSWER) as carrier:
        async with a_process(stage, carrier, tmp_path / "1") as process:
            await until_taken(stage, campaign, carrier, 15)
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(40):
                assert await process.wait() == 0
        had = taken(carrier)
        assert len(had) < 60
        texts = await stage.rows("select phone, state from sms_records")
        assert sorted(one["phone"] for one in texts) == sorted(had)
        assert {one["state"] for one in texts} <= {"sent", "delivered"}
        # What was given back is there at once: nobody waits for a lease to end.
        async with a_process(stage, carrier, tmp_path / "2"):
            await until_all_are_done(stage, campaign)
        assert sorted(taken(carrier)) == numbers
        assert await stage.states() == {"delivered": 60}
        await stage.assert_sound(carrier)


async def test_two_gateways_keep_to_one_pace_and_one_that_dies_is_known_to_have_by_the_other(
    stage: Stage, tmp_path: Path
) -> None:
    stage = replace(stage, per_second=20)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), given.phones(120), **TEXT)
    async with (
        a_carrier(**SLOW_TO_ANSWER) as carrier,
        a_process(stage, carrier, tmp_path / "1") as first,
        a_process(stage, carrier, tmp_path / "2"),
    ):
        await until_taken(stage, campaign, carrier, 60)
        assert_paced(carrier, 20)
        gateways = await stage.rows("select distinct gateway_id from sms_records")
        assert len(gateways) == 2
        await eventually(lambda: somebody_waits_for_answers(stage, of_gateways=2), within_s=20, every_s=0.01)
        first.send_signal(signal.SIGKILL)
        await first.wait()
        await eventually(lambda: has_unknown(stage), RECOVERED_WITHIN_S, every_s=0.1)
        await asyncio.sleep(POLL_ENDS_S)
        await let_leases_end(stage)
        await until_all_are_done(stage, campaign)
        left = await stage.rows("select distinct gateway_id from sms_records where state = 'unknown'")
        assert len(left) == 1
        assert_paced(carrier, 20)
        await stage.assert_sound(carrier)


async def somebody_waits_for_answers(stage: Stage, of_gateways: int) -> bool:
    rows = await stage.rows("select distinct gateway_id from sms_records where state = 'submitting'")
    return len(rows) == of_gateways


async def has_unknown(stage: Stage) -> bool:
    return (await stage.states())["unknown"] > 0


def assert_paced(carrier: SimulatedCarrier, per_second: float) -> None:
    """No text came before its turn, as the pace has it: on a busy machine all but the first may be late."""
    times = sorted(one.at for one in carrier.seen(TextSeen))
    early_s = [n / per_second - (at - times[0]) for n, at in enumerate(times)]
    assert max(early_s) <= LATE_AT_MOST_S
