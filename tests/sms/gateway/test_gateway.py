"""A gateway and whole campaigns of texts, over SMPP to the simulated carrier."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp

from outdial.campaigns.lifecycle import pause
from outdial.domain.clock import utc_now
from outdial.simulator.sms.network import SimulatedCarrier
from outdial.simulator.sms.seen import LinkOpened, TextSeen
from tests import given
from tests.dialer.stage import eventually
from tests.sms.gateway.stage import SENDER, TEXT, Stage, a_carrier

ANN, BOB = given.phones(2, first=100)
TELEPHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"


def texts_to(carrier: SimulatedCarrier, phone: str) -> list[str]:
    """What a telephone has been sent."""
    return [one.text for one in carrier.seen(TextSeen) if one.to == phone]


async def test_everybody_is_texted_once_and_done_when_the_receipt_is_in(stage: Stage) -> None:
    numbers = given.phones(60)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **TEXT)
    async with a_carrier() as carrier, stage.gateway(carrier):
        await stage.run_campaigns(campaign)
        seen = carrier.seen(TextSeen)
        assert sorted(one.to for one in seen) == sorted(numbers)
        assert {one.text for one in seen} == {"Hello friend, we meet on Sunday. Reply STOP to opt out"}
        assert {one.sender for one in seen} == {SENDER.lstrip("+")}
        assert await stage.states() == {"delivered": 60}
        await stage.assert_sound(carrier)
    contacts = await stage.rows("select distinct status, texts, last_disposition from contacts")
    assert contacts == [{"status": "completed", "texts": 1, "last_disposition": "delivered"}]


async def test_a_contact_who_lacks_a_field_is_skipped_and_never_sent_half_a_text(stage: Stage) -> None:
    changes = TEXT | {"smsTemplate": "Dear {{firstName}}, we meet on Sunday. STOP ends this"}
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [ANN, BOB], **changes)
    await stage.rows("update contacts set metadata = %s where phone = %s returning id", _json(), BOB)
    async with a_carrier() as carrier, stage.gateway(carrier):
        await stage.run_campaigns(campaign)
        assert texts_to(carrier, BOB) == ["Dear Bob, we meet on Sunday. STOP ends this"]
        assert texts_to(carrier, ANN) == []
        await stage.assert_sound(carrier)
    (ann,) = await stage.rows("select status, failure_reason from contacts where phone = %s", ANN)
    assert ann == {"status": "failed", "failure_reason": "template_field_missing"}


def _json() -> str:
    return '{"firstName": "Bob"}'


async def test_what_the_carrier_did_not_take_is_sent_later_and_counts_for_nothing(stage: Stage) -> None:
    numbers = given.phones(6)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **TEXT)
    async with a_carrier(throttled=1.0) as carrier, stage.gateway(carrier) as running:
        await stage.dispatch(campaign)
        await eventually(lambda: _are_waiting(stage, 6))
        assert await stage.states() == {"not_taken": 6}
        carrier.change({"throttled": 0.0})
        await eventually(lambda: running.carrier.is_up, 30)
        await stage.rows("update waiting_contacts set due_at = now() returning contact_id")
        await stage.run_campaigns(campaign)
        assert sorted(one.to for one in carrier.seen(TextSeen)) == sorted(numbers)
        assert await stage.states() == {"not_taken": 6, "delivered": 6}
        await stage.assert_sound(carrier)


async def _are_waiting(stage: Stage, n: int) -> bool:
    (row,) = await stage.rows("select count(*) as n from waiting_contacts")
    return row["n"] == n


async def test_a_text_whose_answer_was_lost_is_unknown_and_never_sent_again(stage: Stage) -> None:
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [ANN], **TEXT)
    quiet: dict[str, Any] = {"lost_responses": 1.0, "outcomes": {"no_receipt": 1}}
    async with a_carrier(**quiet) as carrier, stage.gateway(carrier):
        await stage.run_campaigns(campaign, within_s=40)
        assert len(texts_to(carrier, ANN)) == 1
        await stage.assert_sound(carrier)
    (ann,) = await stage.rows("select status, failure_reason, texts from contacts")
    assert ann == {"status": "failed", "failure_reason": "text_unknown", "texts": 1}
    assert await stage.states() == {"unknown": 1}


async def test_a_line_that_takes_no_texts_is_passed_on_to_a_call_where_the_campaign_says_so(
    stage: Stage,
) -> None:
    called = TEXT | {"fallback": "landline"}
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [ANN], **called)
    alone = await given.a_running_campaign(stage.pool, utc_now(), [BOB], name="Texts alone", **TEXT)
    async with a_carrier(outcomes={"landline": 1}) as carrier, stage.gateway(carrier):
        await stage.dispatch(campaign, alone)
        await eventually(lambda: _is_nothing_under_way(stage))
        await stage.assert_sound(carrier)
    (waiting,) = await stage.rows("select phone, channel from waiting_contacts")
    assert waiting == {"phone": ANN, "channel": "voice"}
    rows = await stage.rows(
        "select phone, status, failure_reason, channel, fallback_to from contacts order by 1"
    )
    assert rows == [
        {
            "phone": ANN,
            "status": "failed",
            "failure_reason": None,
            "channel": "voice",
            "fallback_to": "voice",
        },
        {
            "phone": BOB,
            "status": "failed",
            "failure_reason": "landline",
            "channel": "sms",
            "fallback_to": None,
        },
    ]


async def _is_nothing_under_way(stage: Stage) -> bool:
    (row,) = await stage.rows(
        "select (select count(*) from live_texts) + (select count(*) from dispatched_contacts)"
        " + (select count(*) from ready_contacts) as n"
    )
    return row["n"] == 0


async def test_without_a_receipt_a_contact_is_done_when_its_time_is_up(stage: Stage) -> None:
    soon = TEXT | {"sms": {"receiptWaitSeconds": 1}}
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [ANN], **soon)
    async with a_carrier(outcomes={"no_receipt": 1}) as carrier, stage.gateway(carrier):
        await stage.run_campaigns(campaign)
        await stage.assert_sound(carrier)
    assert await stage.states() == {"sent": 1}
    (ann,) = await stage.rows("select status, last_disposition from contacts")
    assert ann == {"status": "completed", "last_disposition": "sent"}


async def test_a_stop_silences_the_number_everywhere_at_once_and_is_confirmed_once(stage: Stage) -> None:
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [ANN], **TEXT)
    async with a_carrier(replies={"Stop.": 1}) as carrier, stage.gateway(carrier):
        await stage.run_campaigns(campaign)
        await eventually(lambda: len(texts_to(carrier, ANN)) == 2)
        later = await given.a_running_campaign(
            stage.pool, utc_now() + timedelta(seconds=1), [ANN, BOB], name="Another", **TEXT
        )
        carrier.change({"replies": {"": 1}})
        await stage.run_campaigns(later)
        await stage.assert_sound(carrier)
        assert len(texts_to(carrier, ANN)) == 2
        assert len(texts_to(carrier, BOB)) == 1
        for again in ("STOP", "stop!", "please stop"):
            carrier.write(ANN, again)
        await eventually(lambda: _have_come(stage, 4))
        carrier.write(ANN, "START")
        await eventually(lambda: len(texts_to(carrier, ANN)) == 3)
    listed = await stage.rows("select number from blacklist")
    assert listed == []
    confirmations = await stage.rows("select state from sms_records where starts_with(request_id, 'stop:')")
    assert [row["state"] in {"sent", "delivered"} for row in confirmations] == [True]


async def _have_come(stage: Stage, n: int) -> bool:
    (row,) = await stage.rows("select count(*) as n from sms_replies")
    return row["n"] == n


async def test_no_text_begins_once_its_campaign_is_paused(stage: Stage) -> None:
    numbers = given.phones(200)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **TEXT)
    async with a_carrier() as carrier, stage.gateway(carrier, parts_per_second=40):
        await stage.dispatch(campaign)
        await eventually(lambda: len(carrier.seen(TextSeen)) >= 10)
        await pause(stage.pool, campaign.id, given.OPERATOR, utc_now())
        (paused,) = await stage.rows("select now() as at")
        await stage.dispatch(campaign)
        await eventually(lambda: _is_quiet(stage))
        await stage.assert_sound(carrier)
    begun_later = await stage.rows("select id from sms_records where begun_at > %s", paused["at"])
    assert begun_later == []
    (ready,) = await stage.rows("select count(*) as n from ready_contacts")
    assert ready["n"] == 200 - len(carrier.seen(TextSeen))


async def _is_quiet(stage: Stage) -> bool:
    (row,) = await stage.rows("select (select count(*) from live_texts) as n")
    return row["n"] == 0


async def test_links_are_short_lead_on_and_tell_who_followed_them(stage: Stage) -> None:
    linked = TEXT | {"smsTemplate": "Give at https://example.org/give?to=us now. Reply STOP to opt out"}
    campaign = await given.a_running_campaign(stage.pool, utc_now(), [ANN], **linked)
    async with a_carrier() as carrier, stage.gateway_with_links(carrier) as running:
        await stage.run_campaigns(campaign)
        (text,) = texts_to(carrier, ANN)
        link = text.split()[2]
        assert link.startswith(f"http://127.0.0.1:{running.web_port}/")
        async with aiohttp.ClientSession(headers={"User-Agent": TELEPHONE}) as person:
            answer = await person.get(link, allow_redirects=False)
            assert (answer.status, answer.headers["Location"]) == (302, "https://example.org/give?to=us")
        await eventually(lambda: _visits(stage, 1))
        assert carrier.seen(LinkOpened) == []


async def _visits(stage: Stage, n: int) -> bool:
    return len(await stage.rows("select at from sms_link_visits where visitor = 'person'")) == n
