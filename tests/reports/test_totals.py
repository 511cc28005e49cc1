"""Totals are what a person would count in the rows, and say so where rows disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from outdial.domain.dispositions import Disposition
from outdial.domain.errors import InvalidInput
from outdial.reports.figures import HourTotals, Totals
from outdial.reports.totals import read_totals
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Pool
from outdial.storage.report import open_snapshot
from tests import given
from tests.invariants import assert_invariants
from tests.reports.history import Call, Person, make_history, store_history

# Three hours before New York leaves summer time: 01:00 to 02:00 comes twice.
BEGINS = datetime(2026, 11, 1, 3, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 2, tzinfo=UTC)


async def totals_of(pool: Pool, campaign: Campaign) -> Totals:
    """The totals as the report reads them."""
    async with open_snapshot(pool) as conn:
        return await read_totals(conn, campaign.id)


async def a_past(pool: Pool, seed: int, people: int = 150) -> tuple[Campaign, list[Person]]:
    """A campaign with a history."""
    campaign = await given.a_campaign(pool, NOW)
    history = make_history(seed, people, BEGINS, calls_a_second=0.02)
    await store_history(pool, campaign, history, NOW)
    return campaign, history


def hours_by_hand(
    placed: list[tuple[Person, Call]], zones_of: Callable[[Person], tuple[str, ...]]
) -> dict[int, tuple[int, int]]:
    """Calls and answers by the hour every zone agrees on, else under -1."""
    calls: Counter[int] = Counter()
    answers: Counter[int] = Counter()
    for person, call in placed:
        hours = {call.begun_at.astimezone(ZoneInfo(zone)).hour for zone in zones_of(person)}
        hour = hours.pop() if len(hours) == 1 else -1
        calls[hour] += 1
        answers[hour] += call.disposition is Disposition.ANSWERED
    return {hour: (calls[hour], answers[hour]) for hour in calls}


def as_dict(hours: list[HourTotals]) -> dict[int, tuple[int, int]]:
    """Hours in which anything happened."""
    return {hour.hour: (hour.originates, hour.answered) for hour in hours if hour.originates}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_totals_are_what_the_rows_say(pool: Pool, seed: int) -> None:
    campaign, history = await a_past(pool, seed)
    other, _ = await a_past(pool, seed + 100, people=20)
    calls = [call for person in history for call in person.calls]
    stands = Counter(person.stands for person in history)
    by_disposition = Counter(call.disposition for call in calls)

    totals = await totals_of(pool, campaign)

    assert totals.contacts.model_dump() == {
        "total": len(history),
        "completed": stands["completed"],
        "pending": stands["ready"],
        "in_progress": stands["dispatched"] + stands["live"],
        "waiting": stands["waiting"],
        "failed": stands["failed"],
        "blacklisted": stands["blacklisted"],
        "failed_by_reason": Counter(person.reason for person in history if person.reason),
    }
    assert totals.calls.originates == len(calls)
    assert totals.calls.attempts == sum(call.counted is True for call in calls)
    assert totals.calls.in_progress == stands["live"] == by_disposition[None]
    assert totals.calls.by_disposition == {name: by_disposition[name] for name in Disposition}
    assert totals.calls.converted == sum(call.converted for call in calls) > 0
    assert totals.calls.opted_out == sum(call.opted_out for call in calls)
    assert totals.calls.contacts_called == sum(any(c.counted for c in person.calls) for person in history)
    assert totals.calls.contacts_reached == stands["completed"]
    assert [(row.attempt_no, row.originates) for row in totals.by_attempt] == sorted(
        Counter(call.attempt_no for call in calls).items()
    )
    assert totals.first_call_at == min(call.begun_at for call in calls)
    assert totals.last_call_ended_at == max(call.ended_at for call in calls if call.ended_at)
    assert totals.reconciliation.holds
    assert (await totals_of(pool, other)).contacts.total == 20


async def test_messages_left_are_those_that_machines_heard_to_their_end(pool: Pool) -> None:
    campaign, history = await a_past(pool, seed=6)
    met = [call for person in history for call in person.calls if call.disposition is Disposition.MACHINE]
    async with pool.connection() as conn:
        for nth, message in enumerate(["left", "left", "cut", "unplayed", "begun"]):
            await conn.execute(
                "update call_records set machine_message = %s where begun_at = %s",
                [message, met[nth].begun_at],
            )
    assert (await totals_of(pool, campaign)).calls.messages_left == 2


async def test_rates_are_shares_of_what_their_names_say(pool: Pool) -> None:
    campaign, history = await a_past(pool, 4)
    calls = [call for person in history for call in person.calls]
    answered = sum(call.disposition is Disposition.ANSWERED for call in calls)

    rates = (await totals_of(pool, campaign)).rates

    assert rates.answer_rate == answered / sum(call.counted is True for call in calls)
    assert rates.conversion_rate == sum(call.converted for call in calls) / answered
    assert rates.opt_out_rate == sum(call.opted_out for call in calls) / answered


async def test_calls_fall_into_the_hour_on_the_wall_through_a_clock_change(pool: Pool) -> None:
    campaign, history = await a_past(pool, 5)
    placed = [(person, call) for person in history for call in person.calls]

    hours = (await totals_of(pool, campaign)).hours

    assert as_dict(hours.campaign_zone) == hours_by_hand(placed, lambda _: ("America/New_York",))
    local = hours_by_hand(placed, lambda person: person.zones)
    assert as_dict([*hours.local, hours.local_unknown]) == local
    assert hours.local_unknown.originates == local[-1][0] > 0
    assert len(hours.campaign_zone) == len(hours.local) == 24


async def test_durations_and_pace_are_those_of_the_calls(pool: Pool) -> None:
    campaign, history = await a_past(pool, 6)
    calls = [call for person in history for call in person.calls]
    rings = [
        ((call.answered_at or call.ended_at) - call.ringing_at).total_seconds()
        for call in calls
        if call.ringing_at and call.ended_at
    ]
    talks = [
        (call.ended_at - call.answered_at).total_seconds()
        for call in calls
        if call.answered_at and call.ended_at and call.disposition is Disposition.ANSWERED
    ]
    begun = sorted(call.begun_at for call in calls)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(begun)]
    short = [gap for gap in gaps if gap < 60]

    totals = await totals_of(pool, campaign)

    assert totals.durations.ring.calls == len(rings)
    assert totals.durations.ring.median_seconds == pytest.approx(median(rings), abs=1e-3)
    assert totals.durations.talk.total_seconds == pytest.approx(sum(talks), abs=1e-3)
    assert totals.durations.talk.max_seconds == pytest.approx(max(talks), abs=1e-3)
    assert totals.pace.per_second == pytest.approx(len(short) / sum(short), rel=1e-3)
    assert totals.pace.busiest_minute == max(
        Counter(at.replace(second=0, microsecond=0) for at in begun).values()
    )


async def test_an_empty_campaign_has_no_rates_and_adds_up(pool: Pool) -> None:
    totals = await totals_of(pool, await given.a_campaign(pool, NOW))

    assert totals.contacts.total == totals.calls.originates == 0
    assert set(totals.rates.model_dump().values()) == {None}
    assert totals.pace.per_second is None
    assert totals.reconciliation.holds


TWICE = """
    insert into waiting_contacts (contact_id, campaign_id, channel, area_id, bucket, seq, phone, due_at)
    select contact_id, campaign_id, channel, area_id, bucket, seq, phone, claimed_at
    from dispatched_contacts"""
LIST, CALLS, OWN, COMPLETED = (
    "Contacts in the list",
    "Calls placed",
    "Contacts = contacts whose own count",
    "Completed contacts",
)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("delete from ready_contacts", LIST),
        (TWICE, LIST),
        ("update contacts set failure_reason = null where status = 'failed'", LIST),
        ("delete from live_calls", CALLS),
        ("update contacts set attempts = attempts - 1 where attempts = 2", OWN),
        ("delete from call_records where attempt_no = 2", OWN),
        ("update call_records set disposition = 'busy' where disposition = 'answered'", COMPLETED),
    ],
)
async def test_rows_that_disagree_are_told(pool: Pool, damage: str, rule: str) -> None:
    campaign, _ = await a_past(pool, 7)
    async with pool.connection() as conn:
        assert (await conn.execute(damage)).rowcount > 0

    found = (await totals_of(pool, campaign)).reconciliation

    assert not found.holds
    assert any(check.rule.startswith(rule) and not check.holds for check in found.checks)


async def test_made_up_pasts_keep_the_rules_of_real_ones(pool: Pool, database_dsn: str) -> None:
    await a_past(pool, 8)

    await assert_invariants(database_dsn)


async def test_an_unknown_campaign_is_named(pool: Pool) -> None:
    campaign = await given.a_campaign(pool, NOW)
    async with pool.connection() as conn:
        await conn.execute("delete from campaigns")

    with pytest.raises(InvalidInput, match=str(campaign.id)):
        await totals_of(pool, campaign)
