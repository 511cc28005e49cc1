"""The gate asks everything about the person once more: the law where they are, lists, caps, retries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from outdial.attempts.begin import Begun, begin_attempt
from outdial.attempts.release import Released
from outdial.attempts.settle import CallOutcome, settle
from outdial.blacklist.listing import list_numbers
from outdial.domain.dispositions import Disposition
from outdial.domain.permission import Refusal
from outdial.domain.retries import Completed, GivenUp, RetryAt
from outdial.storage.blacklist import Listing
from outdial.storage.campaigns import Campaign
from outdial.storage.claims import promote_due
from outdial.storage.pool import Pool
from tests import given
from tests.attempts.steps import NOON, a_permit, claimed, contact_row, ended, refusal_of
from tests.invariants import assert_invariants

EVENING = datetime(2026, 6, 16, 0, 30, tzinfo=UTC)  # Monday 20:30 in New York
LAW = {"jurisdictions": "auto"}


async def in_region(pool: Pool, now: datetime, *regions: str, **changes: Any) -> Campaign:
    """A running campaign with one contact who may be in `regions`."""
    campaign = await given.a_running_campaign(pool, now, [], **changes)
    await given.contacts(pool, campaign, given.phones(1), now, regions=regions)
    return campaign


async def registry(pool: Pool, name: str, as_of: date | None, *numbers: str) -> None:
    async with pool.connection() as conn:
        await conn.execute("insert into registries (name, as_of) values (%s, %s)", [name, as_of])
        for number in numbers:
            await conn.execute(
                "insert into blacklist (number, registry, reason, source, listed_by, listed_at) "
                "values (%s, %s, 'registered', %s, 'test', %s)",
                [number, name, name, NOON],
            )


async def begun(pool: Pool, campaign: Campaign, now: datetime) -> Begun:
    (task,) = await claimed(pool, campaign, now)
    answer = await begin_attempt(pool, task, await a_permit(pool, now), now)
    assert isinstance(answer, Begun), answer
    return answer


async def test_a_states_law_narrows_the_hours_of_a_campaign_that_would_call_around_the_clock(pool: Pool):
    federal = await in_region(pool, EVENING, "US-NY", **LAW)
    florida = await in_region(pool, EVENING, "US-FL", **LAW)

    allowed = await begun(pool, federal, EVENING)
    await settle(pool, [ended(allowed, Disposition.BUSY, EVENING)])

    assert await refusal_of(pool, florida, await a_permit(pool, EVENING), EVENING) == Released(
        Refusal.OUTSIDE_WINDOW, datetime(2026, 6, 16, 12, tzinfo=UTC)
    )


async def test_nobody_is_called_on_a_blocked_date_or_a_holiday(pool: Pool):
    christmas = datetime(2026, 12, 25, 17, tzinfo=UTC)
    blocked = await in_region(pool, christmas, blockedDates=["2026-12-25"])
    holiday = await in_region(pool, christmas, "US", holidays="auto")
    permit = await a_permit(pool, christmas)

    for campaign in (blocked, holiday):
        assert await refusal_of(pool, campaign, permit, christmas) == Released(
            Refusal.OUTSIDE_WINDOW, datetime(2026, 12, 26, 5, tzinfo=UTC)
        )


async def test_a_number_is_called_no_more_often_than_its_cap_by_all_campaigns_together(
    pool: Pool, database_dsn: str
):
    caps = {"numberCaps": {"per24Hours": 2, "per7Days": 3}}
    for hour in range(2):
        earlier = await in_region(pool, NOON + timedelta(hours=hour))
        call = await begun(pool, earlier, NOON + timedelta(hours=hour))
        await settle(pool, [ended(call, Disposition.NO_ANSWER, NOON + timedelta(hours=hour))])
    third = NOON + timedelta(hours=2)
    campaign = await in_region(pool, third, **caps)

    answer = await refusal_of(pool, campaign, await a_permit(pool, third), third)

    assert answer == Released(Refusal.NUMBER_CAPPED, NOON + timedelta(hours=24))
    await assert_invariants(database_dsn)


async def test_a_call_that_reached_nobodys_telephone_uses_up_no_cap(pool: Pool):
    campaign = await in_region(
        pool,
        NOON,
        numberCaps={"per24Hours": 1, "per7Days": 1},
        retry={"congestion": {"delaySeconds": 0}, "cancelled": {"delaySeconds": 0}},
    )
    call = await begun(pool, campaign, NOON)
    await settle(pool, [ended(call, Disposition.CONGESTION)])
    async with pool.connection() as conn:
        await promote_due(conn, campaign.id, NOON, 1)

    again = await begun(pool, campaign, NOON)
    rang = CallOutcome(again.call_id, Disposition.CANCELLED, NOON, ringing_at=NOON)
    await settle(pool, [rang])
    async with pool.connection() as conn:
        await promote_due(conn, campaign.id, NOON, 1)

    answer = await refusal_of(pool, campaign, await a_permit(pool))
    assert answer == Released(Refusal.NUMBER_CAPPED, NOON + timedelta(days=7))


async def test_a_listing_with_an_end_makes_its_contact_wait_until_then(pool: Pool, database_dsn: str):
    until = NOON + timedelta(days=30)
    campaign = await in_region(pool, NOON)
    (task,) = await claimed(pool, campaign)
    await list_numbers(pool, [Listing(task.phone_number, "not now", "phone", "ops", until=until)], NOON)

    answer = await begin_attempt(pool, task, await a_permit(pool), NOON)

    assert answer == Released(Refusal.LISTED, until)
    contact = await contact_row(pool, task.contact_id)
    assert (contact["status"], contact["due_at"]) == ("pending", until)
    await assert_invariants(database_dsn)


async def test_a_registrys_numbers_hold_for_the_campaigns_that_require_it(pool: Pool):
    (number,) = given.phones(1)
    await registry(pool, "us-dnc", NOON.date(), number)
    requires = await in_region(pool, NOON, registries=["us-dnc"])
    (task,) = await claimed_unjudged(pool, requires)

    refused = await begin_attempt(pool, task, await a_permit(pool), NOON)
    assert refused == Released(Refusal.LISTED, None)
    assert isinstance(await begun(pool, await in_region(pool, NOON), NOON), Begun)


async def claimed_unjudged(pool: Pool, campaign: Campaign):
    """A claim made before the number was listed."""
    async with pool.connection() as conn:
        rows = await (await conn.execute("delete from blacklist returning number, registry")).fetchall()
    tasks = await claimed(pool, campaign)
    async with pool.connection() as conn:
        for row in rows:
            await conn.execute(
                "insert into blacklist (number, registry, reason, source, listed_by, listed_at) "
                "values (%s, %s, 'registered', 'registry', 'test', %s)",
                [row["number"], row["registry"], NOON],
            )
    return tasks


@pytest.mark.parametrize(("age_days", "begins"), [(0, True), (31, True), (32, False), (None, False)], ids=str)
async def test_no_attempt_begins_on_a_registry_copy_older_than_its_limit(pool: Pool, age_days, begins):
    as_of = None if age_days is None else NOON.date() - timedelta(days=age_days)
    await registry(pool, "us-dnc", as_of)
    campaign = await in_region(pool, NOON, registries=["us-dnc"])
    (task,) = await claimed(pool, campaign)

    answer = await begin_attempt(pool, task, await a_permit(pool), NOON)

    assert isinstance(answer, Begun) if begins else answer == Released(Refusal.REGISTRY_STALE, None)


OFFICE = {"dayOfWeek": [1, 2, 3, 4, 5], "startHour": 9, "endHour": 17}


@pytest.mark.parametrize(
    ("disposition", "at", "end", "follows"),
    [
        (Disposition.NO_ANSWER, NOON, None, RetryAt(NOON + timedelta(hours=2))),
        # Two hours later the window has closed: tomorrow at nine in New York.
        (
            Disposition.NO_ANSWER,
            NOON + timedelta(hours=4),
            None,
            RetryAt(datetime(2026, 6, 16, 13, tzinfo=UTC)),
        ),
        (
            Disposition.NO_ANSWER,
            NOON + timedelta(hours=4),
            "2026-06-16T13:00:00Z",
            GivenUp("no_window_before_end"),
        ),
        # A machine at noon: an afternoon had its try, so the next morning.
        (Disposition.MACHINE, NOON, None, RetryAt(datetime(2026, 6, 16, 13, tzinfo=UTC))),
        (Disposition.ANSWERED, NOON, None, Completed()),
        (Disposition.INVALID_NUMBER, NOON, None, GivenUp("invalid_number")),
    ],
)
async def test_a_retry_is_due_in_a_window_or_the_contact_is_given_up(
    pool: Pool, disposition, at, end, follows, database_dsn: str
):
    dates = {"endTime": end} if end else {}
    campaign = await in_region(pool, at, callingWindows=[OFFICE], **dates)
    call = await begun(pool, campaign, at)

    (settled,) = await settle(pool, [ended(call, disposition, at)])

    assert settled.follow_up == follows
    await assert_invariants(database_dsn)


async def test_a_disposition_may_have_a_maximum_of_its_own(pool: Pool):
    campaign = await in_region(pool, NOON, retry={"busy": {"delaySeconds": 60, "maxAttempts": 1}})
    call = await begun(pool, campaign, NOON)

    (settled,) = await settle(pool, [ended(call, Disposition.BUSY)])

    assert settled.follow_up == GivenUp("busy")
