"""What people write back, through the inbox: STOP, START, HELP and doubt, and what each does to the lists."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from outdial.blacklist.listing import list_numbers, unlist_numbers
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.sms.answers import AnswerKind, answer_text, known_wordings
from outdial.domain.sms.delivery import IncomingText
from outdial.domain.sms.encoding import split_text
from outdial.domain.sms.settings import SmsSettings
from outdial.sms.inbox import StoredInbox, open_inbox
from outdial.sms.replies import Outside, settle_unclear
from outdial.storage.blacklist import EVERYWHERE, Listing, Unlisting, hold_list_still, is_listed
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Pool
from outdial.storage.receipts import hold_records
from tests import given
from tests.blacklist.standing import due, rows, standing
from tests.sms.inbox.texts import ADA, NOON, US, a_text, nothing_follows, text_row, until_somebody_waits

BEN = "+12025550102"
HOUR = timedelta(hours=1)


@dataclass
class Desk:
    """An inbox, the events it told of, and a clock that stands where it is put."""

    pool: Pool
    outside: Outside
    events: list[Mapping[str, Any]] = field(default_factory=list)
    now: datetime = NOON
    inbox: StoredInbox | None = None

    async def reply(self, body: str, message_id: str = "", **wished: Any) -> None:
        assert self.inbox is not None
        text = IncomingText("smpp", message_id, ADA, US, body, self.now)
        await self.inbox.take_reply(replace(text, **wished))

    async def answers(self) -> list[tuple[str, str]]:
        """What was answered: to whom, and to what."""
        found = await rows(
            self.pool,
            "select phone, request_id from sms_records where origin = 'answer' and state = 'queued' "
            "order by begun_at, id",
        )
        return [(row["phone"], row["request_id"].partition(":")[0]) for row in found]

    async def listed_by(self) -> list[str]:
        """By which sources Ada is listed everywhere."""
        found = await rows(self.pool, "select source from blacklist where number = %s", ADA)
        return [row["source"] for row in found]

    async def is_listed(self) -> bool:
        async with self.pool.connection() as conn:
            return await is_listed(conn, ADA, None, self.now)


@pytest.fixture
async def desk(pool: Pool) -> AsyncIterator[Desk]:
    """Nobody has written yet."""
    made = Desk(pool, Outside(pool, confirms_stop={"aws"}, usual_sender="OUTDIAL"))
    made.outside = replace(made.outside, announce=made.events.append)
    async with open_inbox(made.outside, lambda: made.now, nothing_follows) as inbox:
        made.inbox = inbox
        yield made


async def a_campaign_that_texted_ada(pool: Pool, **config: Any) -> tuple[Campaign, Any]:
    campaign = await given.a_running_campaign(pool, NOON, [ADA], **config)
    (contact,) = await rows(pool, "select id from contacts")
    text = await a_text(pool, ["1"], origin="campaign", campaign_id=campaign.id, contact_id=contact["id"])
    return campaign, text


async def test_a_stop_silences_both_channels_before_it_is_acknowledged(desk: Desk):
    campaign, text = await a_campaign_that_texted_ada(desk.pool)
    other = await given.a_running_campaign(desk.pool, NOON, [ADA], name="Another", type="voice")
    assert await standing(desk.pool) == [("pending", "ready")] * 2
    await desk.reply("STOP please")
    assert await desk.is_listed()
    assert await standing(desk.pool) == [("blacklisted", None)] * 2
    assert (await text_row(desk.pool, text))["opted_out"]
    (kept,) = await rows(desk.pool, "select meaning, found, record_id, campaign_id from sms_replies")
    assert kept == {"meaning": "stop", "found": "stop", "record_id": text, "campaign_id": campaign.id}
    (entry,) = await rows(desk.pool, "select number, source, reason, campaign_id from blacklist")
    assert entry == {"number": ADA, "source": "sms", "reason": 'replied STOP ("stop")', "campaign_id": None}
    (event,) = desk.events
    assert (event["event"], event["campaignId"], event["source"]) == (
        "optout.recorded",
        str(campaign.id),
        "sms",
    )
    assert other.id != campaign.id


async def test_a_stop_that_is_brought_five_times_at_once_is_confirmed_once(desk: Desk):
    async with asyncio.TaskGroup() as group, desk.pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        for _ in range(5):
            group.create_task(desk.reply("STOP", "m1"))
        await until_somebody_waits(conn, 5)
    assert await rows(desk.pool, "select count(*) as n from sms_replies") == [{"n": 1}]
    assert await desk.answers() == [(ADA, "stop")]
    assert len(desk.events) == 1


async def test_five_stops_of_one_person_at_once_are_all_kept_and_confirmed_once(desk: Desk):
    async with asyncio.TaskGroup() as group, desk.pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        for n in range(5):
            group.create_task(desk.reply("STOP", f"m{n}"))
        await until_somebody_waits(conn, 5)
    assert await rows(desk.pool, "select count(*) as n from sms_replies") == [{"n": 5}]
    assert await desk.answers() == [(ADA, "stop")]
    assert len(desk.events) == 1


async def test_an_id_that_carries_other_words_is_another_reply(desk: Desk):
    await desk.reply("thanks", "m1")
    await desk.reply("STOP", "m1")
    assert await desk.is_listed()


async def test_a_reply_without_an_id_is_one_within_its_minute(desk: Desk):
    await desk.reply("thanks")
    await desk.reply("thanks", received_at=NOON + timedelta(seconds=5))
    await desk.reply("thanks", received_at=NOON + timedelta(minutes=5))
    assert await rows(desk.pool, "select count(*) as n from sms_replies") == [{"n": 2}]


async def test_a_crash_before_the_commit_leaves_neither_reply_nor_listing_and_the_carrier_brings_it_again(
    desk: Desk,
):
    async with desk.pool.connection() as conn, conn.transaction():
        # A begin in progress: the listing has to wait for it, everything else being done.
        await hold_list_still(conn)
        taking = asyncio.create_task(desk.reply("STOP", "m1"))
        await until_somebody_waits(conn)
        await conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'"
        )
        with pytest.raises(Unavailable):
            await taking
    assert await rows(desk.pool, "select 1 from sms_replies") == []
    assert not await desk.is_listed()
    assert await desk.answers() == []
    await desk.reply("STOP", "m1")
    assert await desk.is_listed()
    assert await desk.answers() == [(ADA, "stop")]


async def test_a_stop_and_a_receipt_of_the_text_it_answers_do_not_wait_for_each_other(desk: Desk):
    _campaign, text = await a_campaign_that_texted_ada(desk.pool)
    async with desk.pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        taking = asyncio.create_task(desk.reply("STOP"))
        await until_somebody_waits(conn)
        await hold_records(conn, [text])
    await taking
    assert (await text_row(desk.pool, text))["opted_out"]


async def test_a_carrier_that_confirms_by_itself_leaves_us_nothing_to_confirm(desk: Desk):
    await desk.reply("STOP", carrier="aws")
    assert await desk.is_listed()
    assert await desk.answers() == []


async def test_the_confirmation_goes_from_the_number_that_was_answered_in_the_language_of_the_reply(
    desk: Desk,
):
    campaign, _text = await a_campaign_that_texted_ada(desk.pool)
    await desk.reply("הסר", sent_to=US.removeprefix("+"))
    (answer,) = await rows(desk.pool, "select * from sms_records where origin = 'answer'")
    assert answer["body"] == known_wordings()["he"].stop
    assert (answer["sender"], answer["carrier"], answer["encoding"]) == (US, "smpp", "UCS-2")
    assert (answer["parts"], answer["campaign_id"]) == (1, campaign.id)


async def test_a_campaigns_own_words_and_texts_go_before_ours(desk: Desk):
    await a_campaign_that_texted_ada(
        desk.pool, sms={"replyWords": {"stop": ["basta ya"]}, "confirmationText": "Gone, {sender}."}
    )
    await desk.reply("Basta ya!")
    assert await desk.is_listed()
    (answer,) = await rows(desk.pool, "select body from sms_records where origin = 'answer'")
    assert answer["body"] == "Gone, {sender}."


async def test_a_stop_holds_though_its_campaigns_settings_are_wrong_by_now(desk: Desk):
    await a_campaign_that_texted_ada(desk.pool)
    await rows(
        desk.pool,
        "update campaigns set config = config || %s returning id",
        Jsonb({"sms": {"replyWords": {"help": ["stop"]}}}),
    )
    await desk.reply("STOP")
    assert await desk.is_listed()


async def test_start_brings_back_what_stop_took_and_is_confirmed_once(desk: Desk):
    await a_campaign_that_texted_ada(desk.pool)
    await desk.reply("STOP")
    desk.now += HOUR
    await desk.reply("START")
    await desk.reply("START", "again")
    assert not await desk.is_listed()
    assert await standing(desk.pool) == [("pending", "ready")]
    assert await desk.answers() == [(ADA, "stop"), (ADA, "start")]
    desk.now += HOUR
    await desk.reply("STOP")
    assert await desk.is_listed()
    assert [kind for _phone, kind in await desk.answers()] == ["stop", "start", "stop"]


@pytest.mark.parametrize("source", ["ivr", "letter", "registry import"])
async def test_start_takes_back_no_listing_that_others_made(desk: Desk, source: str):
    await list_numbers(desk.pool, [Listing(ADA, "said no", source, "ops")], NOON)
    await desk.reply("STOP")
    assert await desk.listed_by() == [source]
    await desk.reply("START")
    assert await desk.listed_by() == [source]
    assert await desk.answers() == []


async def test_start_takes_back_nothing_where_somebody_has_listed_the_number_since(desk: Desk):
    await desk.reply("STOP")
    await list_numbers(desk.pool, [Listing(ADA, "pressed 9", "ivr", "call-1")], NOON + HOUR)
    desk.now += 2 * HOUR
    await desk.reply("START")
    assert await desk.listed_by() == ["ivr"]
    assert await desk.answers() == [(ADA, "stop")]


async def test_start_leaves_a_prefix_and_a_campaigns_own_list_in_force(desk: Desk):
    campaign, _text = await a_campaign_that_texted_ada(desk.pool)
    await list_numbers(desk.pool, [Listing(ADA, "complained", "letter", "ops", campaign.id)], NOON)
    await desk.reply("STOP")
    await desk.reply("START", received_at=NOON + HOUR)
    assert await desk.listed_by() == ["letter"]
    assert await standing(desk.pool) == [("blacklisted", None)]
    assert await desk.answers() == [(ADA, "stop")]


async def test_a_listing_with_an_end_that_a_stop_made_lasting_holds_to_its_end_after_start(desk: Desk):
    await a_campaign_that_texted_ada(desk.pool)
    autumn = NOON + timedelta(days=90)
    await list_numbers(desk.pool, [Listing(ADA, "not in summer", "letter", "ops", until=autumn)], NOON)
    await desk.reply("STOP")
    assert await standing(desk.pool) == [("blacklisted", None)]
    desk.now += HOUR
    await desk.reply("START")
    (entry,) = await rows(desk.pool, "select reason, source, listed_by, until from blacklist")
    assert tuple(entry.values()) == ("not in summer", "letter", "ops", autumn)
    assert await due(desk.pool, ADA) == autumn
    assert await desk.answers() == [(ADA, "stop")]


async def test_a_start_that_was_overtaken_by_a_later_stop_restarts_nothing(desk: Desk):
    await desk.reply("STOP", received_at=NOON + timedelta(minutes=2))
    await desk.reply("START", received_at=NOON + timedelta(minutes=1))
    assert await desk.is_listed()


async def test_help_is_answered_once_an_hour_and_never_to_a_listed_number(desk: Desk):
    await desk.reply("HELP", "1")
    await desk.reply("HELP", "2")
    assert await desk.answers() == [(ADA, "help")]
    desk.now += HOUR
    await desk.reply("HELP", "3")
    assert len(await desk.answers()) == 2
    await desk.reply("STOP", "4")
    desk.now += 2 * HOUR
    await desk.reply("HELP", "5")
    assert [kind for _phone, kind in await desk.answers()].count("help") == 2
    (first, _second) = await rows(desk.pool, "select body from sms_records where request_id like 'help:%%'")
    assert first["body"] == f"These texts come from {US}. Reply STOP to get no more texts or calls."


async def test_helps_at_once_are_answered_once(desk: Desk):
    async with asyncio.TaskGroup() as group, desk.pool.connection() as conn, conn.transaction():
        await conn.execute("lock table sms_records in share mode")
        for n in range(4):
            group.create_task(desk.reply("HELP", f"m{n}"))
        await until_somebody_waits(conn, 4)
    assert await desk.answers() == [(ADA, "help")]


async def test_doubt_silences_without_a_word_until_a_person_has_read_it(desk: Desk):
    await a_campaign_that_texted_ada(desk.pool)
    await desk.reply("I am not interested", "1")
    assert await desk.is_listed()
    assert await standing(desk.pool) == [("blacklisted", None)]
    assert (await desk.answers(), desk.events) == ([], [])
    await desk.reply("wrong number", "2")
    first, second = [row["id"] for row in await rows(desk.pool, "select id from sms_replies order by id")]
    await settle_unclear(desk.outside, first, "boss", NOON, is_stop=False)
    assert await desk.is_listed()  # the second has still to be read
    await settle_unclear(desk.outside, second, "boss", NOON, is_stop=False)
    assert not await desk.is_listed()
    assert await standing(desk.pool) == [("pending", "ready")]
    assert await desk.answers() == []
    with pytest.raises(InvalidInput, match="was settled as other by boss already"):
        await settle_unclear(desk.outside, second, "boss", NOON, is_stop=True)


async def test_doubt_that_a_person_reads_as_a_stop_is_one_and_is_confirmed(desk: Desk):
    _campaign, text = await a_campaign_that_texted_ada(desk.pool)
    await desk.reply("I am not interested")
    (row,) = await rows(desk.pool, "select id from sms_replies")
    await settle_unclear(desk.outside, row["id"], "boss", NOON, is_stop=True)
    assert await desk.listed_by() == ["sms"]
    assert await desk.answers() == [(ADA, "stop")]
    assert (await text_row(desk.pool, text))["opted_out"]


async def test_a_plain_stop_after_a_doubtful_reply_leaves_a_person_nothing_to_decide(desk: Desk):
    await desk.reply("not interested")
    await desk.reply("STOP")
    assert await desk.listed_by() == ["sms"]
    (row,) = await rows(desk.pool, "select id, settled_as from sms_replies where meaning = 'unclear'")
    assert row["settled_as"] == "stop"
    with pytest.raises(InvalidInput):
        await settle_unclear(desk.outside, row["id"], "boss", NOON, is_stop=False)
    assert await desk.is_listed()


async def test_doubt_takes_the_place_of_no_stop(desk: Desk):
    await desk.reply("STOP")
    await desk.reply("not interested")
    assert await desk.listed_by() == ["sms"]
    (row,) = await rows(desk.pool, "select id from sms_replies where meaning = 'unclear'")
    await settle_unclear(desk.outside, row["id"], "boss", NOON, is_stop=False)
    assert await desk.listed_by() == ["sms"]


async def test_any_other_reply_is_kept_with_the_text_it_answers_and_does_nothing(desk: Desk):
    _campaign, text = await a_campaign_that_texted_ada(desk.pool)
    newer = await a_text(
        desk.pool,
        ["2"],
        origin="call",
        sender="72345",
        begun_at=NOON + HOUR,
        contact_id=(await text_row(desk.pool, text))["contact_id"],
    )
    await desk.reply("Thank you, see you on Monday", "1")
    await desk.reply("Thank you", "2", sent_to="72345")
    await desk.reply("Thank you", "3", sent_to="99999")
    await desk.reply("Thank you\0 \ud83d", "4", phone="VODAFONE")
    kept = await rows(desk.pool, "select meaning, record_id from sms_replies order by message_id")
    assert [tuple(row.values()) for row in kept] == [
        ("other", text),
        ("other", newer),
        ("other", newer),
        ("other", None),
    ]
    assert (await desk.is_listed(), await desk.answers()) == (False, [])


async def test_a_stop_from_what_is_no_number_is_kept_and_lists_nobody(desk: Desk):
    await desk.reply("STOP", phone="VODAFONE")
    assert await rows(desk.pool, "select 1 from blacklist") == []
    assert len(await rows(desk.pool, "select 1 from sms_replies")) == 1


async def test_who_was_taken_off_by_hand_and_stops_again_is_confirmed_again(desk: Desk):
    await desk.reply("STOP", "1")
    await unlist_numbers(desk.pool, [ADA], EVERYWHERE, Unlisting("ops"), NOON)
    await desk.reply("STOP", "2")
    assert await desk.answers() == [(ADA, "stop")] * 2


@pytest.mark.parametrize("language", sorted(known_wordings()))
@pytest.mark.parametrize("kind", AnswerKind)
def test_every_answer_goes_in_one_part(language: str, kind: AnswerKind):
    longest = "+447700900123456"
    assert len(split_text(answer_text(kind, language, longest, SmsSettings())).parts) == 1
