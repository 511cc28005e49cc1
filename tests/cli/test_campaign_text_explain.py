"""`outdial campaign explain` of texts: which link stops them, and what became of one person's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from outdial.campaigns.lifecycle import pause
from outdial.cli.main import run
from outdial.domain.clock import utc_now
from outdial.domain.sms.delivery import TextFailure, TextState
from outdial.storage.campaigns import Campaign
from outdial.storage.carriers import note_carrier
from outdial.storage.pool import Pool
from tests import given
from tests.cli.conftest import Arrange, Command
from tests.cli.test_campaign_explain import hours_that_exclude
from tests.reports.history import insert_row
from tests.reports.text_history import Text, store_text

Change = Callable[[Pool, Campaign], Awaitable[None]]
NUMBER = given.phones(1)[0]
CONFIG: dict[str, Any] = {"type": "sms", "smsTemplate": "Hello"}


def texting(arrange: Arrange, *changes: Change, opened: bool = True, **config: Any) -> None:
    """A running campaign that texts twelve people; `opened` is whether a gateway has opened its carrier."""

    async def work(pool: Pool) -> None:
        now = utc_now()
        campaign = await given.a_running_campaign(pool, now, given.phones(12), **CONFIG | config)
        if opened:
            async with pool.connection() as conn:
                await note_carrier(conn, "smpp", 10, 0, now)
        for change in changes:
            await change(pool, campaign)

    arrange(work)


async def contacts_of(pool: Pool, campaign: Campaign) -> list[dict[str, Any]]:
    """The contacts, oldest first."""
    async with pool.connection() as conn:
        rows = await conn.execute("select * from contacts where campaign_id = %s order by seq", [campaign.id])
        return await rows.fetchall()


def texted(
    state: TextState, failure: TextFailure | None = None, ago: timedelta = timedelta(0), people: int = 12
) -> Change:
    """Everybody has a text in this state."""

    async def change(pool: Pool, campaign: Campaign) -> None:
        at = utc_now() - ago
        for contact in (await contacts_of(pool, campaign))[:people]:
            async with pool.connection() as conn:
                await store_text(conn, Text(at, state, failure), contact)
                await conn.execute("update contacts set texts = texts + 1 where id = %s", [contact["id"]])

    return change


def dispatched(ago: timedelta) -> Change:
    """Everybody's task has been on the queue for so long."""

    async def change(pool: Pool, campaign: Campaign) -> None:
        async with pool.connection() as conn:
            await conn.execute(
                """
                with taken as (delete from ready_contacts where campaign_id = %s returning *)
                insert into dispatched_contacts
                    (contact_id, campaign_id, channel, area_id, bucket, seq, phone, claimed_at, sent_at)
                select contact_id, campaign_id, channel, area_id, bucket, seq, phone, %s, %s from taken
                """,
                [campaign.id, utc_now() - ago, utc_now() - ago],
            )

    return change


async def awaiting_receipts(pool: Pool, campaign: Campaign) -> None:
    """Everybody's text is with the carrier."""
    await texted(TextState.SENT)(pool, campaign)
    async with pool.connection() as conn:
        await conn.execute("delete from ready_contacts")
        await conn.execute(
            """
            insert into live_texts (contact_id, record_id, campaign_id, area_id, bucket, seq, phone, begun_at,
                                    settles_at)
            select c.id, s.id, c.campaign_id, c.area_id, 24, c.seq, c.phone, s.begun_at,
                   now() + interval '2 minutes'
            from contacts c join sms_records s on s.contact_id = c.id
            """
        )


async def paused(pool: Pool, campaign: Campaign) -> None:
    await pause(pool, campaign.id, given.OPERATOR, utc_now())


async def unreached(pool: Pool, campaign: Campaign) -> None:
    """A gateway had a link to the carrier, a minute ago."""
    async with pool.connection() as conn:
        await conn.execute("update carriers set seen_at = seen_at - interval '1 minute'")


def explained(outdial: Command) -> Any:
    """The answer, as programs read it."""
    code, answer, said = outdial("campaign", "explain", "spring_appeal")
    assert code == 0, said
    return answer


STOPS: dict[str, tuple[tuple[Change, ...], dict[str, Any], str, str]] = {
    "paused": ((paused,), {}, "status", "No text is sent. The campaign is paused"),
    "without a gateway": ((), {"opened": False}, "gateway", "No text is sent. No gateway has ever opened"),
    "without a link to the carrier": (
        (unreached,),
        {},
        "gateway",
        "No text is sent. No gateway reaches the carrier smpp",
    ),
    "outside its windows": (
        (),
        {"callingWindows": hours_that_exclude(utc_now())},
        "contacts",
        "No text is sent. Nobody can be texted now: 12 contacts wait.",
    ),
}


@pytest.mark.parametrize("why", STOPS)
def test_the_link_that_stops_texts_is_named(outdial: Command, arrange: Arrange, why: str) -> None:
    changes, config, about, says = STOPS[why]
    texting(arrange, *changes, **config)

    answer = explained(outdial)

    assert (answer["dialling"], answer["stoppedBy"]) == (False, about)
    assert answer["answer"].startswith(says)
    assert {finding["about"] for finding in answer["findings"]}.isdisjoint({"dialers", "trunks", "callerIds"})


def test_texts_that_go_out_are_told(outdial: Command, arrange: Arrange) -> None:
    texting(arrange, texted(TextState.DELIVERED, people=6), dispatched(timedelta(seconds=1)))

    answer = explained(outdial)

    assert answer["dialling"] is True
    assert answer["answer"].startswith("It is being texted: 6 texts in the last minute (0.1 a second)")
    assert (answer["texts"]["inLastMinute"], answer["texts"]["queued"]) == (6, 12)


def test_a_queue_that_waits_for_the_carriers_pace_is_no_dead_gateway(
    outdial: Command, arrange: Arrange
) -> None:
    texting(arrange, texted(TextState.SENT, people=1), dispatched(timedelta(minutes=5)))

    found = {finding["about"]: finding for finding in explained(outdial)["findings"]}

    assert found["gateway"]["state"] == "fine"
    assert found["queue"]["text"].startswith(
        "12 texts wait for the carrier smpp, which takes 10 parts a second"
    )


def test_waiting_for_receipts_is_no_stop(outdial: Command, arrange: Arrange) -> None:
    texting(arrange, awaiting_receipts)

    answer = explained(outdial)

    assert answer["stoppedBy"] is None
    assert answer["texts"]["awaitingReceipts"] == 12
    (receipts,) = [finding for finding in answer["findings"] if finding["about"] == "receipts"]
    assert receipts["text"].startswith("12 texts are with the carrier and wait for a receipt")


def test_a_carrier_that_takes_nothing_is_told_with_its_reason(outdial: Command, arrange: Arrange) -> None:
    texting(arrange, texted(TextState.NOT_TAKEN, TextFailure.CARRIER_DOWN, timedelta(minutes=10)))

    answer = explained(outdial)

    assert (
        "Of the last 10 texts 10 were not taken: 10 not taken by the carrier (carrier was down)."
        in (answer["answer"])
    )


def test_a_channel_that_is_missing_does_not_stop_the_other(outdial: Command, arrange: Arrange) -> None:
    texting(arrange, type="hybrid")

    answer = explained(outdial)

    states = {finding["about"]: finding["state"] for finding in answer["findings"]}
    assert (answer["stoppedBy"], states["dialers"], states["gateway"]) == (None, "waits", "fine")


# ---- one person


async def with_a_history(pool: Pool, campaign: Campaign) -> None:
    """NUMBER got a text over a receipt of which somebody replied, and another that the carrier refused."""
    contact = (await contacts_of(pool, campaign))[0]
    at = utc_now() - timedelta(hours=3)
    async with pool.connection() as conn:
        await store_text(conn, Text(at, TextState.NOT_TAKEN, TextFailure.THROTTLED), contact)
        delivered = Text(at + timedelta(minutes=1), TextState.DELIVERED, None, links=(("person", "bot"),))
        delivered.replies, delivered.delivered_at = 1, at + timedelta(minutes=1, seconds=5)
        record_id = await store_text(conn, delivered, contact)
        for state, times in (("enroute", 1), ("delivered", 2)):
            receipt = {"carrier": "smpp", "message_id": str(uuid4()), "state": state, "said": "DELIVRD"}
            seen = {"received_at": at + timedelta(minutes=2), "times": times, "record_id": record_id}
            await insert_row(conn, "sms_receipts", receipt | seen)
        await conn.execute("delete from ready_contacts where contact_id = %s", [contact["id"]])
        await conn.execute(
            "update contacts set status = 'completed', texts = 2 where id = %s", [contact["id"]]
        )


def of_the_contact(outdial: Command) -> Any:
    """What is explained of NUMBER."""
    code, answer, said = outdial("campaign", "explain", "spring_appeal", "--contact", NUMBER)
    assert code == 0, said
    return answer


def test_a_persons_texts_are_told_with_receipts_replies_and_links(outdial: Command, arrange: Arrange) -> None:
    texting(arrange, with_a_history)

    answer = of_the_contact(outdial)

    first, second = answer["texts"]
    assert (first["state"], first["failure"]) == ("not_taken", "throttled")
    assert first["followed"] == "texted again, as the carrier had not taken it"
    assert (second["state"], second["followed"]) == ("delivered", "nothing more is to be done")
    assert [(one["state"], one["times"]) for one in second["receipts"]] == [("delivered", 2), ("enroute", 1)]
    assert [(one["body"], one["meaning"]) for one in second["replies"]] == [("Yes", "other")]
    assert [(one["people"], one["programs"]) for one in second["links"]] == [(1, 1)]
    assert [(one["state"], one["counts"]) for one in answer["recentTexts"]] == [
        ("delivered", True),
        ("not_taken", False),
    ]
    assert (answer["person"]["channel"], answer["person"]["texts"]) == ("sms", 2)
    assert answer["next"]["text"] == "completed: the carrier took the text"


def test_only_the_rules_about_texts_are_asked_of_a_text(outdial: Command, arrange: Arrange) -> None:
    """Neither attempts, nor dialers, nor places for calls keep anybody from being texted."""
    texting(arrange, maxConcurrentCalls=1)

    answer = of_the_contact(outdial)

    assert answer["mayBeCalledNow"] is True
    assert answer["next"]["reason"] == "can_be_texted"
    assert [verdict["rule"] for verdict in answer["verdicts"]] == [
        "listed",
        "campaign_not_active",
        "no_lease",
        "outside_campaign_time",
        "registry_stale",
        "outside_window",
        "number_capped",
    ]


async def waiting_for_a_call(pool: Pool, campaign: Campaign) -> None:
    """NUMBER's text was undelivered, and a call is to follow in an hour."""
    await texted(TextState.UNDELIVERED, TextFailure.UNREACHABLE, people=1)(pool, campaign)
    due_at: datetime = utc_now() + timedelta(hours=1)
    async with pool.connection() as conn:
        await conn.execute(
            """
            with taken as (delete from ready_contacts where phone = %s returning *)
            insert into waiting_contacts
                (contact_id, campaign_id, channel, area_id, bucket, seq, phone, due_at)
            select contact_id, campaign_id, 'voice', area_id, bucket, seq, phone, %s from taken
            """,
            [NUMBER, due_at],
        )
        await conn.execute(
            """
            update contacts set status = 'failed', channel = 'voice', fallback_to = 'voice',
                                last_disposition = 'undelivered' where phone = %s
            """,
            [NUMBER],
        )


def test_a_person_passed_on_to_a_call_waits_for_it(
    outdial: Command, arrange: Arrange, capfd: pytest.CaptureFixture[str]
) -> None:
    texting(arrange, waiting_for_a_call, type="hybrid")

    answer = of_the_contact(outdial)

    assert answer["texts"][0]["followed"] == "passed on to a call"
    assert (answer["next"]["reason"], answer["next"]["text"]) == (
        "retry",
        "next try is not due, after: undelivered",
    )
    assert run(["campaign", "explain", "spring_appeal", "--contact", NUMBER]) == 0
    said = capfd.readouterr().out
    assert "Passed on to calls after texts" in said
    assert "Next call: not before" in said
    assert run(["campaign", "preview", "spring_appeal"]) == 0
    assert "next try is not due, after: undelivered" in capfd.readouterr().out


def test_what_others_wrote_cannot_steer_a_terminal(
    outdial: Command, arrange: Arrange, capfd: pytest.CaptureFixture[str]
) -> None:
    texting(arrange, with_a_history)

    async def write(pool: Pool) -> None:
        async with pool.connection() as conn:
            await conn.execute("update sms_replies set body = %s", ["yes\x1b[2J\nSTOP\u202e"])
            await conn.execute("update sms_receipts set said = %s", ["\x07bell"])

    arrange(write)

    assert run(["campaign", "explain", "spring_appeal", "--contact", NUMBER]) == 0
    said = capfd.readouterr().out
    assert "reply" in said
    assert not {"\x1b", "\x07", "\u202e"} & set(said)
    assert max(map(len, said.splitlines())) <= 100
