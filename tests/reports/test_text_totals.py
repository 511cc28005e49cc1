"""Totals of texts are what a person would count in the rows, and say so where rows disagree."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from outdial.domain.channels import Channel
from outdial.domain.dispositions import Disposition
from outdial.domain.sms.delivery import TextState
from outdial.reports.figures import Totals
from outdial.reports.text_figures import TextTotals
from outdial.reports.totals import read_totals
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Pool
from outdial.storage.report import open_snapshot
from tests import given
from tests.reports.text_history import (
    CHARGED,
    TAKEN,
    UNDER_WAY,
    Text,
    TextedPerson,
    make_text_history,
    store_text_history,
)

BEGINS = datetime(2026, 11, 1, 3, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 2, tzinfo=UTC)
KINDS: dict[str, dict[str, Any]] = {
    "sms": {"type": "sms"},
    "sms, landlines are called": {"type": "sms", "fallback": "landline"},
    "hybrid": {"type": "hybrid"},
    "hybrid, always both": {"type": "hybrid", "fallback": "always"},
    "voice, texts follow": {"type": "voice", "fallback": "unreached"},
    "hybrid, calls first": {"type": "hybrid", "firstChannel": "voice", "fallback": "always"},
}


async def a_past(
    pool: Pool, seed: int, kind: dict[str, Any], people: int = 120
) -> tuple[Campaign, list[TextedPerson]]:
    """A campaign of this kind, with a history."""
    campaign = await given.a_campaign(
        pool, NOW, smsTemplate="Hello", sms={"currency": "USD"}, name=f"Past {seed}", **kind
    )
    history = make_text_history(seed, people, BEGINS, campaign.reach)
    await store_text_history(pool, campaign, history, NOW)
    return campaign, history


async def totals_of(pool: Pool, campaign: Campaign) -> Totals:
    """The totals as the report reads them."""
    async with open_snapshot(pool) as conn:
        return await read_totals(conn, campaign.id)


async def texts_of(pool: Pool, campaign: Campaign) -> TextTotals:
    """The figures of texts, of a campaign that has some."""
    texts = (await totals_of(pool, campaign)).texts
    assert texts is not None
    return texts


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
async def test_totals_of_texts_are_what_the_rows_say(pool: Pool, seed: int, kind: str) -> None:
    campaign, history = await a_past(pool, seed, KINDS[kind])
    await a_past(pool, seed + 100, {"type": "sms"}, people=10)
    every = [text for person in history for text in person.texts]
    begun = [text for text in every if text.origin != "answer"]
    stands = Counter(person.stands for person in history)
    by_state = Counter(text.state for text in begun)

    totals = await totals_of(pool, campaign)

    assert totals.reconciliation.holds, totals.reconciliation.checks
    assert totals.contacts.in_progress == stands["dispatched"] + stands["live"] + stands["texting"]
    assert totals.contacts.failed_by_reason == Counter(p.reason for p in history if p.stands == "failed")
    texts = totals.texts
    assert texts is not None
    assert texts.begun == len(begun) > 20
    assert {state: n for state, n in texts.by_state.items() if n} == by_state
    assert texts.in_progress == sum(text.state in UNDER_WAY for text in begun)
    assert texts.sent == sum(text.state in TAKEN for text in begun)
    assert texts.tries == sum(text.tries for text in begun)
    assert texts.answers == len(every) - len(begun)
    assert texts.asked_for_on_calls == sum(text.origin == "call" for text in begun)
    assert texts.contacts_texted == sum(
        any(text.state in TAKEN and text.origin != "answer" for text in person.texts) for person in history
    )
    assert texts.cost.parts == sum(text.parts for text in every if text.state in CHARGED)
    assert texts.cost.total == sum((cost(text) for text in every), Decimal())


def cost(text: Text) -> Decimal:
    """What the carrier may charge for."""
    return text.parts * text.price if text.price is not None and text.state in CHARGED else Decimal()


async def test_failures_are_counted_by_reason(pool: Pool) -> None:
    campaign, history = await a_past(pool, 3, KINDS["sms"])
    begun = [text for person in history for text in person.texts if text.origin != "answer"]

    failures = (await texts_of(pool, campaign)).failures

    for state in (TextState.UNDELIVERED, TextState.REFUSED, TextState.NOT_TAKEN, TextState.UNKNOWN):
        by_hand = Counter(text.failure or "other" for text in begun if text.state is state)
        assert getattr(failures, state) == by_hand
        assert by_hand


async def test_people_are_told_from_previewers_and_bots(pool: Pool) -> None:
    campaign, history = await a_past(pool, 4, KINDS["sms"])
    texts = [text for person in history for text in person.texts]
    linked = [
        {visitor for visitors in text.links for visitor in visitors}
        for text in texts
        if text.links and text.state not in {TextState.NOT_TAKEN, TextState.REFUSED}
    ]

    totals = await texts_of(pool, campaign)
    found = totals.responses

    assert found.with_links == len(linked)
    assert found.clicked == sum("person" in visitors for visitors in linked)
    assert found.opened == sum(bool({"person", "own_previewer"} & visitors) for visitors in linked)
    assert found.opened > found.clicked > 0
    assert found.replies == sum(text.replies for text in texts)
    assert found.people_replied == sum(any(text.replies for text in p.texts) for p in history)
    assert found.replies_unclear == sum(text.replies == 2 for text in texts)
    assert found.opted_out == sum(text.opted_out for text in texts) > 0
    assert totals.rates.click_rate == found.clicked / len(linked)
    assert totals.rates.reply_rate == found.people_replied / totals.contacts_texted
    assert totals.rates.delivery_rate == totals.delivered / totals.sent
    assert totals.rates.opt_out_rate == found.opted_out / totals.sent


async def test_texts_fall_into_hours_lines_and_times_to_delivery(pool: Pool) -> None:
    campaign, history = await a_past(pool, 5, KINDS["sms"])
    placed = [(p, text) for p in history for text in p.texts if text.origin != "answer"]
    local: Counter[int] = Counter()
    for person, text in placed:
        hours = {text.begun_at.astimezone(ZoneInfo(zone)).hour for zone in person.zones}
        local[hours.pop() if len(hours) == 1 else -1] += 1

    totals = await texts_of(pool, campaign)

    days = [*totals.hours.local, totals.hours.local_unknown]
    assert {hour.hour: hour.texts for hour in days if hour.texts} == local
    assert sum(hour.delivered for hour in totals.hours.campaign_zone) == totals.delivered
    seconds = [
        (text.delivered_at - text.begun_at).total_seconds()
        for _, text in placed
        if text.state is TextState.DELIVERED and text.delivered_at
    ]
    assert totals.delivery_time.median_seconds == pytest.approx(median(seconds), abs=1e-3)
    lines = Counter(text.line for _, text in placed)
    assert {(line.carrier, line.sender): line.texts for line in totals.by_line} == lines
    assert sum(line.delivered for line in totals.by_line) == totals.delivered


@pytest.mark.parametrize("kind", ["hybrid", "sms, landlines are called", "hybrid, always both"])
async def test_calls_after_texts_are_delivered_failed_or_in_progress(pool: Pool, kind: str) -> None:
    campaign, history = await a_past(pool, 6, KINDS[kind])
    passed = [p for p in history if p.fallback_to is Channel.VOICE or p.first is Channel.VOICE]
    reached = [p for p in passed if any(call.disposition is Disposition.ANSWERED for call in p.calls)]

    (found,) = (await totals_of(pool, campaign)).passed_on

    assert (found.to, found.contacts, found.delivered) == (Channel.VOICE, len(passed), len(reached))
    failed = [p for p in passed if p not in reached and p.stands in {"completed", "failed", "blacklisted"}]
    assert found.failed == len(failed)
    assert found.delivered + found.failed + found.in_progress == found.contacts
    assert found.delivered
    assert found.failed


async def test_a_message_left_on_a_machine_is_a_fallback_delivered(pool: Pool) -> None:
    campaign, _ = await a_past(pool, 6, KINDS["hybrid"])
    before = (await totals_of(pool, campaign)).passed_on[0].delivered
    async with pool.connection() as conn:
        changed = await conn.execute(
            """
            update call_records set machine_message = 'left'
            where call_id in (
                select distinct on (r.contact_id) r.call_id from call_records r
                where not exists (select from call_records a
                                  where a.contact_id = r.contact_id and a.disposition = 'answered'))
            """
        )

    assert (await totals_of(pool, campaign)).passed_on[0].delivered == before + changed.rowcount
    assert changed.rowcount


async def test_texts_after_calls_are_delivered_sent_failed_or_in_progress(pool: Pool) -> None:
    campaign, history = await a_past(pool, 8, KINDS["voice, texts follow"])
    passed = [p for p in history if p.fallback_to is Channel.SMS]
    states = [{text.state for text in p.own_texts} for p in passed]

    (found,) = (await totals_of(pool, campaign)).passed_on

    assert (found.to, found.contacts) == (Channel.SMS, len(passed))
    assert found.delivered == sum(TextState.DELIVERED in some for some in states) > 0
    assert found.sent == sum(TextState.SENT in some for some in states) > 0
    assert found.delivered + found.sent + found.failed + found.in_progress == found.contacts


STATES, COUNTED, OWN, UNDERWAY, COMPLETED, LIST = (
    "Texts begun = texts by state",
    "Texts begun = texts contacts count",
    "Contacts = contacts whose own count of texts",
    "Texts the carrier is being asked",
    "Completed contacts",
    "Contacts in the list",
)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("delete from sms_records where id not in (select record_id from live_texts)", COUNTED),
        ("update contacts set texts = texts + 1 where phone like '%7'", OWN),
        ("delete from live_texts", UNDERWAY),
        ("delete from live_texts", LIST),
        ("update sms_records set state = 'refused' where state = 'delivered'", COMPLETED),
    ],
)
async def test_rows_that_disagree_about_texts_are_told(pool: Pool, damage: str, rule: str) -> None:
    campaign, _ = await a_past(pool, 9, KINDS["sms"], people=150)
    assert (await totals_of(pool, campaign)).reconciliation.holds
    async with pool.connection() as conn:
        assert (await conn.execute(damage.encode())).rowcount > 0

    found = (await totals_of(pool, campaign)).reconciliation

    assert not found.holds
    assert any(check.rule.startswith(rule) and not check.holds for check in found.checks)


async def test_a_campaign_that_only_calls_has_no_figures_of_texts(pool: Pool) -> None:
    totals = await totals_of(pool, await given.a_campaign(pool, NOW))

    assert (totals.texts, totals.passed_on) == (None, [])
    assert not any("exts" in check.rule for check in totals.reconciliation.checks)


async def test_a_campaign_that_has_texted_nobody_yet_adds_up(pool: Pool) -> None:
    campaign = await given.a_campaign(pool, NOW, type="sms", smsTemplate="Hello")

    totals = await totals_of(pool, campaign)

    assert totals.texts is not None
    assert (totals.texts.begun, totals.texts.cost.total) == (0, None)
    assert set(totals.texts.rates.model_dump().values()) == {None}
    assert totals.reconciliation.holds
