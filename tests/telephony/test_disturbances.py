"""What is done or goes wrong while calls are up: each is settled once, as what it was, and leaves nothing."""

from __future__ import annotations

import asyncio

import pytest

from outdial.blacklist.listing import list_numbers
from outdial.domain.clock import utc_now
from outdial.storage.blacklist import Listing
from tests.dialer.stage import Stage
from tests.telephony.called import ANSWERS, LEAVES, RINGS, number, rings_and_refuses
from tests.telephony.calling import a_campaign_over, in_state, question, settled
from tests.telephony.recorded import Recorded
from tests.telephony.sequences import sequence_of, shape_of
from tests.telephony.sides import GONE_TRUNK, SECOND_TRUNK, TRUNK, Phones

pytestmark = pytest.mark.timeout(120)


async def assert_as_recorded(case: str, call_id: str, phones: Phones, recorded: Recorded) -> None:
    heard = phones.witness.calls[call_id]
    assert recorded.disagreements(case, sequence_of(heard), {shape_of(event) for event in heard}) == []


async def the_call_id(stage: Stage) -> str:
    (row,) = await stage.rows("select call_id from call_records")
    return row["call_id"]


async def test_a_call_that_we_end_while_it_rings_is_cancelled_and_costs_no_attempt(
    stage: Stage, phones: Phones, recorded: Recorded
):
    campaign = await a_campaign_over(stage, [number(RINGS)], ringTimeoutSeconds=30)
    async with stage.dialer(phones, drain_timeout_s=0.1) as running:
        await stage.dispatch(campaign)
        await in_state(phones, "Ringing")
        await running.drain()
    assert await settled(stage, phones, 1) == {number(RINGS): "cancelled"}
    assert await stage.number("select attempts from contacts") == 0
    await assert_as_recorded("we hang up while it rings", await the_call_id(stage), phones, recorded)
    await stage.assert_sound(phones.witness)


async def test_a_call_that_we_end_while_they_listen_was_answered(
    stage: Stage, phones: Phones, recorded: Recorded
):
    campaign = await a_campaign_over(stage, [number(ANSWERS)], ivrFlow=question(30))
    async with stage.dialer(phones, drain_timeout_s=0.1) as running:
        await stage.dispatch(campaign)
        await in_state(phones, "Up")
        # Well into the prompt, which the IVR has asked for by then.
        await asyncio.sleep(0.5)
        await running.drain()
    assert await settled(stage, phones, 1) == {number(ANSWERS): "answered"}
    await assert_as_recorded("we hang up while they listen", await the_call_id(stage), phones, recorded)
    await stage.assert_sound(phones.witness)


async def test_whoever_is_listed_while_their_telephone_rings_is_not_spoken_to(stage: Stage, phones: Phones):
    campaign = await a_campaign_over(stage, [number(RINGS)], ringTimeoutSeconds=30)
    async with stage.dialer(phones):
        await stage.dispatch(campaign)
        await in_state(phones, "Ringing")
        await list_numbers(stage.pool, [Listing(number(RINGS), "asked", "test", "test")], utc_now())
        assert await settled(stage, phones, 1) == {number(RINGS): "cancelled"}
    await stage.assert_sound(phones.witness)


async def test_a_second_originate_under_the_id_of_a_call_does_it_no_harm(
    stage: Stage, phones: Phones, recorded: Recorded
):
    campaign = await a_campaign_over(stage, [number(ANSWERS)], ivrFlow=question(1))
    async with stage.dialer(phones):
        await stage.dispatch(campaign)
        await in_state(phones, "Up")
        call_id = await the_call_id(stage)
        phones.witness.send(
            Action="Originate",
            ActionID="second",
            Channel=f"PJSIP/{number(ANSWERS, 1)}@{TRUNK}",
            ChannelId=call_id,
            Context="campaign-ivr",
            Exten="s",
            Priority="1",
            Async="true",
        )
        assert await settled(stage, phones, 1) == {number(ANSWERS): "answered"}
    assert await stage.rows("select annotation from call_records") == [{"annotation": None}]
    await assert_as_recorded("a second originate under the id of a call", call_id, phones, recorded)
    await stage.assert_sound(phones.witness)


async def test_a_line_that_breaks_in_mid_call_loses_no_call_and_ends_none(stage: Stage, phones: Phones):
    stays, leaves, refuses = number(ANSWERS), number(LEAVES), number(rings_and_refuses(486))
    campaign = await a_campaign_over(stage, [stays, leaves, refuses], ivrFlow=question(5))
    async with stage.dialer(phones):
        await stage.dispatch(campaign)
        await in_state(phones, "Ringing", calls=3)
        phones.line.cut()
        await asyncio.sleep(2.5)
        assert phones.witness.live_channels != []
        phones.line.mend()
        # Answers show in the IVR; of the refusal nobody heard.
        assert await settled(stage, phones, 3) == {stays: "answered", leaves: "answered", refuses: "unknown"}
    rows = await stage.rows("select phone, annotation from call_records")
    assert {row["phone"]: row["annotation"] is None for row in rows} == {
        stays: True,
        leaves: False,
        refuses: False,
    }
    await stage.assert_sound(phones.witness)


@pytest.mark.parametrize(("end", "what_rang"), [("stop", "cancelled"), ("kill", "unknown")])
async def test_calls_that_asterisk_took_with_it_are_settled_when_it_is_back_and_it_is_used_again(
    stage: Stage, phones: Phones, recorded: Recorded, end: str, what_rang: str
):
    listens, rings, waits = number(ANSWERS), number(RINGS), number(ANSWERS, 1)
    campaign = await a_campaign_over(
        stage, [listens, rings], ivrFlow=question(30), ringTimeoutSeconds=30, maxConcurrentCalls=2
    )
    later = await a_campaign_over(stage, [waits], SECOND_TRUNK)
    async with stage.dialer(phones):
        await stage.dispatch(campaign)
        await in_state(phones, "Up")
        await in_state(phones, "Ringing", calls=2)
        await getattr(phones.side, end)()
        await stage.dispatch(later)
        await asyncio.sleep(1)
        assert await stage.number("select count(*) from call_records") == 2
        await phones.side.start()
        assert await settled(stage, phones, 3) == {listens: "answered", rings: what_rang, waits: "answered"}
    for row in await stage.rows("select phone, call_id from call_records where phone <> %s", waits):
        what = "listens" if row["phone"] == listens else "is called"
        await assert_as_recorded(f"{end} while somebody {what}", row["call_id"], phones, recorded)
    await stage.assert_sound(phones.witness)


async def test_a_trunk_that_gave_no_sign_of_life_is_down_without_anybody_waiting_for_it(
    stage: Stage, phones: Phones, recorded: Recorded
):
    numbers = [number(ANSWERS), number(ANSWERS, 1)]
    gone = await a_campaign_over(stage, numbers[:1], GONE_TRUNK)
    alive = await a_campaign_over(stage, numbers[1:], SECOND_TRUNK)
    await phones.side.has_looked_for(GONE_TRUNK)
    async with stage.dialer(phones):
        await stage.dispatch(gone, alive)
        assert await settled(stage, phones, 2) == {numbers[0]: "trunk_down", numbers[1]: "answered"}
    (call,) = await stage.rows(
        "select call_id, ended_at - begun_at as took from call_records where phone = %s", numbers[0]
    )
    assert call["took"].total_seconds() < 4
    await assert_as_recorded("over a trunk that gave no sign of life", call["call_id"], phones, recorded)
    await stage.assert_sound(phones.witness)
