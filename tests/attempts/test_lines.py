"""Trunks carry no more calls than their channels, and caller ids are used no more than they may be."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from outdial.attempts.begin import Begun, Permit, begin_attempt
from outdial.attempts.release import Released
from outdial.attempts.settle import settle
from outdial.campaigns.lifecycle import renew_lease
from outdial.domain.dispositions import Disposition
from outdial.domain.permission import Refusal
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Pool
from tests import given
from tests.attempts.steps import NOON, claimed, contact_row, ended
from tests.invariants import assert_invariants
from tests.rules.world_rows import HeldConnection

LOCAL, NATIONAL, ANYWHERE = "+12125550100", "+18005550101", "+442079460000"
THREE_CHANNELS = [{"name": "trunk", "channels": 3}]


async def a_campaign_of(
    pool: Pool, people: int, first: int = 0, regions: tuple[str, ...] = (), **changes: Any
) -> Campaign:
    """A running campaign whose people all may be in `regions`."""
    campaign = await given.a_running_campaign(pool, NOON, [], **changes)
    await given.contacts(pool, campaign, given.phones(people, first), NOON, regions=regions)
    return campaign


async def begin_each(
    pool: Pool, campaign: Campaign, dialer: UUID, times: Sequence[datetime], trunk: str = "trunk"
) -> list[Begun | Released]:
    """Begin attempts one after the other, at these times."""
    tasks = await claimed(pool, campaign)
    used: dict[str, datetime] = {}
    answers: list[Any] = []
    for task, now in zip(tasks, times, strict=False):
        await renew_lease(pool, campaign.id, given.RUN, now)
        answer = await begin_attempt(pool, task, Permit(dialer, trunk, 1, used), now)
        if isinstance(answer, Begun) and answer.caller_id:
            used[answer.caller_id] = now
        answers.append(answer)
    return answers


def caller_ids(answers: Sequence[Begun | Released]) -> list[str | None]:
    return [one.caller_id if isinstance(one, Begun) else one.reason.value for one in answers]


def every(seconds: float, n: int, since: datetime = NOON) -> list[datetime]:
    return [since + timedelta(seconds=k * seconds) for k in range(n)]


async def a_fresh_dialer(pool: Pool, at: datetime = NOON) -> UUID:
    return await given.a_dialer(pool, at + timedelta(days=2))


async def test_a_trunk_carries_no_more_calls_than_its_channels_by_all_campaigns_and_dialers_at_once(
    pool: Pool, database_dsn: str
):
    campaigns = [
        await a_campaign_of(pool, 6, 10 * n, trunks=trunks)
        for n, trunks in enumerate([THREE_CHANNELS, THREE_CHANNELS, ["trunk"]])
    ]
    tasks = [(n, task) for n, campaign in enumerate(campaigns) for task in await claimed(pool, campaign)]
    dialers = [await given.a_dialer(pool, NOON) for _ in range(2)]

    async with asyncio.TaskGroup() as group:
        begins = [
            (n, group.create_task(begin_attempt(pool, task, Permit(dialers[k % 2], "trunk", 1), NOON)))
            for k, (n, task) in enumerate(sorted(tasks, key=lambda one: one[1].phone_number[-1]))
        ]
    answers = [(n, begin.result()) for n, begin in begins]

    begun = Counter(n for n, answer in answers if isinstance(answer, Begun))
    refused = {answer for _, answer in answers if isinstance(answer, Released)}
    assert refused == {Released(Refusal.TRUNK_FULL, NOON + timedelta(seconds=5))}
    assert begun[2] == 6, "a campaign that sets no ceiling has none"
    assert begun[0] + begun[1] <= 3
    await assert_invariants(database_dsn)


ONE_CHANNEL = [{"name": "trunk", "channels": 1}]


@pytest.mark.parametrize("other_trunks", [ONE_CHANNEL, ["trunk"]], ids=["limited", "unlimited"])
async def test_a_call_over_the_trunk_that_is_being_committed_is_waited_for_and_counted(
    pool: Pool, database_dsn: str, other_trunks
):
    ours = await a_campaign_of(pool, 1, trunks=ONE_CHANNEL)
    other = await a_campaign_of(pool, 1, 10, trunks=other_trunks)
    (our_task,), (other_task,) = await claimed(pool, ours), await claimed(pool, other)
    permit = Permit(await a_fresh_dialer(pool), "trunk", 1)

    async with pool.connection() as conn, conn.transaction():
        assert isinstance(await begin_attempt(HeldConnection(conn), other_task, permit, NOON), Begun)
        beside = asyncio.create_task(begin_attempt(pool, our_task, permit, NOON + timedelta(seconds=1)))
        await asyncio.sleep(0.3)
        assert not beside.done()

    assert await beside == Released(Refusal.TRUNK_FULL, NOON + timedelta(seconds=6))
    await assert_invariants(database_dsn)


async def test_a_channel_is_free_again_when_its_call_is_settled(pool: Pool, database_dsn: str):
    campaign = await a_campaign_of(pool, 5, trunks=THREE_CHANNELS)
    dialer = await a_fresh_dialer(pool)
    tasks = await claimed(pool, campaign)
    begun = [await begin_attempt(pool, task, Permit(dialer, "trunk", 1), NOON) for task in tasks[:3]]

    full = await begin_attempt(pool, tasks[3], Permit(dialer, "trunk", 1), NOON)
    await settle(pool, [ended(begun[0], Disposition.BUSY, NOON + timedelta(seconds=1))])
    free = await begin_attempt(pool, tasks[4], Permit(dialer, "trunk", 1), NOON + timedelta(seconds=1))

    assert full == Released(Refusal.TRUNK_FULL, NOON + timedelta(seconds=5))
    assert isinstance(free, Begun)
    contact = await contact_row(pool, tasks[3].contact_id)
    assert (contact["status"], contact["attempts"], contact["originates"]) == ("pending", 0, 0)
    await assert_invariants(database_dsn)


@pytest.mark.parametrize(
    ("regions", "shown"),
    [
        (("US-NY",), LOCAL),
        (("US-FL",), NATIONAL),
        (("US-FL", "US-NY"), LOCAL),
        (("US",), NATIONAL),
        (("GB",), ANYWHERE),
        ((), ANYWHERE),
    ],
)
async def test_a_person_is_called_from_the_number_that_is_nearest_to_them(pool: Pool, regions, shown):
    pool_of_ids = [
        ANYWHERE,
        {"number": NATIONAL, "regions": ["US"]},
        {"number": LOCAL, "regions": ["US-NY"]},
    ]
    campaign = await a_campaign_of(pool, 3, regions=regions, callerIds=pool_of_ids)

    answers = await begin_each(pool, campaign, await a_fresh_dialer(pool), every(1, 3))

    assert caller_ids(answers) == [shown] * 3


async def test_numbers_that_fit_equally_take_turns_with_limits_and_without(pool: Pool, database_dsn: str):
    free, capped = ["+12125550100", "+12125550101"], {"number": "+12125550102", "dailyCap": 50}
    campaign = await a_campaign_of(pool, 9, callerIds=[*free, capped])

    answers = await begin_each(pool, campaign, await a_fresh_dialer(pool), every(1, 9))

    assert caller_ids(answers) == [*free, capped["number"]] * 3
    await assert_invariants(database_dsn)


async def test_a_campaign_that_sets_no_limit_counts_towards_those_of_others(pool: Pool, database_dsn: str):
    capped = {"callerIds": [{"number": LOCAL, "dailyCap": 2}]}
    first = await a_campaign_of(pool, 1, 0, **capped)
    free = await a_campaign_of(pool, 2, 10, callerIds=[LOCAL])
    last = await a_campaign_of(pool, 2, 20, **capped)
    dialer = await a_fresh_dialer(pool)

    allowed = await begin_each(pool, first, dialer, every(1, 1))
    allowed += await begin_each(pool, free, dialer, every(1, 2, NOON + timedelta(seconds=1)))
    refused = await begin_each(pool, last, dialer, every(1, 2, NOON + timedelta(seconds=4)))

    assert caller_ids(allowed) == [LOCAL] * 3
    assert caller_ids(refused) == ["caller_id_spent"] * 2
    await assert_invariants(database_dsn)


async def test_a_number_without_limits_costs_no_write(pool: Pool):
    campaign = await a_campaign_of(pool, 3, callerIds=[LOCAL, NATIONAL])

    await begin_each(pool, campaign, await a_fresh_dialer(pool), every(1, 3))

    async with pool.connection() as conn:
        rows = await (await conn.execute("select * from caller_ids")).fetchall()
    assert rows == []


async def test_a_caller_id_is_used_no_more_a_day_than_its_cap_by_all_campaigns(pool: Pool, database_dsn: str):
    ids = [{"number": LOCAL, "dailyCap": 3}]
    first = await a_campaign_of(pool, 2, 0, callerIds=ids)
    second = await a_campaign_of(pool, 4, 10, callerIds=ids)
    dialer = await a_fresh_dialer(pool)
    await begin_each(pool, first, dialer, every(60, 2))

    in_an_hour = NOON + timedelta(hours=1)
    tomorrow = NOON + timedelta(hours=24)
    answers = await begin_each(
        pool, second, dialer, [in_an_hour, in_an_hour, tomorrow - timedelta(seconds=1), tomorrow]
    )

    spent = Released(Refusal.CALLER_ID_SPENT, tomorrow)
    assert [isinstance(one, Begun) or one for one in answers] == [True, spent, spent, True]
    await assert_invariants(database_dsn)


async def test_a_caller_id_keeps_its_pace_and_its_contact_waits_uncounted_for_the_next_one(
    pool: Pool, database_dsn: str
):
    campaign = await a_campaign_of(pool, 4, callerIds=[{"number": LOCAL, "cps": 0.5}])
    tasks = await claimed(pool, campaign)

    dialer = await a_fresh_dialer(pool)
    answers = [
        await begin_attempt(pool, task, Permit(dialer, "trunk", 1), NOON + timedelta(seconds=s))
        for task, s in zip(tasks, (0, 1.999, 2, 2.5), strict=True)
    ]

    refused = [one for one in answers if isinstance(one, Released)]
    assert [isinstance(one, Begun) for one in answers] == [True, False, True, False]
    assert [one.due_at for one in refused] == [NOON + timedelta(seconds=s) for s in (2, 4)]
    contact = await contact_row(pool, tasks[1].contact_id)
    assert (contact["status"], contact["attempts"], contact["originates"]) == ("pending", 0, 0)
    assert contact["due_at"] == NOON + timedelta(seconds=2)
    await assert_invariants(database_dsn)


async def test_when_the_nearest_number_is_spent_the_next_nearest_is_shown(pool: Pool, database_dsn: str):
    ids = [{"number": LOCAL, "regions": ["US-NY"], "dailyCap": 2}, {"number": NATIONAL, "regions": ["US"]}]
    campaign = await a_campaign_of(pool, 4, regions=("US-NY",), callerIds=ids)

    answers = await begin_each(pool, campaign, await a_fresh_dialer(pool), every(1, 4))

    assert caller_ids(answers) == [LOCAL, LOCAL, NATIONAL, NATIONAL]
    await assert_invariants(database_dsn)


async def test_two_campaigns_that_share_numbers_stay_within_their_limits_at_once(
    pool: Pool, database_dsn: str
):
    ids = [{"number": number, "cps": 2, "dailyCap": 3} for number in given.phones(3, 900)]
    campaigns = [await a_campaign_of(pool, 10, 10 * n, callerIds=ids) for n in range(2)]
    tasks = [task for campaign in campaigns for task in await claimed(pool, campaign)]
    dialer = await a_fresh_dialer(pool)

    async def begin_at(now: datetime, some: Sequence[Any]) -> list[Any]:
        async with asyncio.TaskGroup() as group:
            begins = [
                group.create_task(begin_attempt(pool, task, Permit(dialer, "trunk", 1), now)) for task in some
            ]
        return [begin.result() for begin in begins]

    at_once = await begin_at(NOON, tasks[::2])
    later = await begin_at(NOON + timedelta(seconds=1), tasks[1::2])

    assert Counter(caller_ids(at_once)) == Counter({one["number"]: 2 for one in ids} | {"caller_id_spent": 4})
    assert Counter(caller_ids(later)) == Counter({one["number"]: 1 for one in ids} | {"caller_id_spent": 7})
    await assert_invariants(database_dsn)


async def test_nobody_is_called_from_a_number_of_another_region(pool: Pool, database_dsn: str):
    campaign = await a_campaign_of(
        pool, 1, regions=("CA-ON",), callerIds=[{"number": LOCAL, "regions": ["US"]}]
    )
    (task,) = await claimed(pool, campaign)

    answer = await begin_attempt(pool, task, Permit(await a_fresh_dialer(pool), "trunk", 1), NOON)

    assert answer == Released(Refusal.NO_CALLER_ID, None)
    contact = await contact_row(pool, task.contact_id)
    assert (contact["status"], contact["failure_reason"], contact["attempts"]) == (
        "failed",
        "no_caller_id",
        0,
    )
    await assert_invariants(database_dsn)


async def test_a_use_is_not_forgotten_before_it_is_a_day_old(pool: Pool, database_dsn: str):
    campaign = await a_campaign_of(pool, 4, callerIds=[{"number": LOCAL, "dailyCap": 2}])
    dialer = await given.a_dialer(pool, NOON + timedelta(days=30))
    hours = [NOON + timedelta(hours=hours) for hours in (0, 23.5, 23.9, 24)]

    answers = await begin_each(pool, campaign, dialer, hours)

    assert caller_ids(answers) == [LOCAL, LOCAL, "caller_id_spent", LOCAL]
    await assert_invariants(database_dsn)


async def test_old_uses_are_forgotten_as_new_ones_come(pool: Pool):
    campaign = await a_campaign_of(pool, 12, callerIds=[{"number": LOCAL, "dailyCap": 5}])
    dialer = await given.a_dialer(pool, NOON + timedelta(days=30))

    answers = await begin_each(pool, campaign, dialer, every(6 * 3600, 12))

    assert all(isinstance(one, Begun) for one in answers)
    async with pool.connection() as conn:
        row = await (await conn.execute("select count(*) as n from caller_id_uses")).fetchone()
    assert row["n"] <= 6
