"""One rule, two forms: the claim judges thousands by SQL as the pure rules judge one.

The world is generated, and what the pure rules say of it is worked out without a look at the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from outdial.campaigns.dispatch import DispatchLimits, dispatch_tick
from outdial.domain.calling_windows import closes_at
from outdial.domain.channels import Channel
from outdial.domain.dial_task import DialTask
from outdial.domain.permission import Allowed, AttemptFacts, Refusal, may_begin
from outdial.storage.blacklist import Listing, add_listings
from outdial.storage.pool import Pool
from tests import given as given_rows
from tests.invariants import assert_invariants
from tests.rules.depth import TIMEOUT_S, tried
from tests.rules.standings import Standing, standings
from tests.rules.world import DISPATCHED, FINISHED, WAITING, Person, World, raw_worlds, to_world
from tests.rules.world_rows import RUN, world_in
from tests.rules.world_rules import campaign_of, facts_of, is_claim_lost

pytestmark = pytest.mark.timeout(TIMEOUT_S)

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)


class AcceptsAll:
    """The sending side of a queue, for tests that stop before the wire: remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[DialTask] = []

    async def send(self, tasks: Sequence[DialTask]) -> set[UUID]:
        self.sent += tasks
        return {task.claim_id for task in tasks}


def after_a_tick(world: World, person: Person) -> Standing:
    """Where somebody stands after a tick of their campaign, by the pure rules alone."""
    campaign = campaign_of(world, person.campaign_id)
    stands = person.stands
    if stands == WAITING and person.since > world.now:
        return "waiting", person.since
    if stands == DISPATCHED and not is_claim_lost(world, person):
        return "dispatched", None
    if stands == FINISHED:
        return "completed", None
    facts = facts_of(world, person)
    verdict = may_begin(facts, world.now)
    if verdict == Allowed():
        closes = closes_at(facts.timetables, facts.zones, world.now)
        return "dispatched", min((end for end in (closes, campaign.end_time) if end), default=None)
    callable_now = may_begin(without_lists_and_caps(facts), world.now) == Allowed()
    if not callable_now:
        return "ready", None
    if verdict.due_at is None:
        assert verdict.reason is Refusal.LISTED
        return "blacklisted", None
    assert verdict.reason in {Refusal.LISTED, Refusal.NUMBER_CAPPED}
    return "waiting", verdict.due_at


def without_lists_and_caps(facts: AttemptFacts) -> AttemptFacts:
    """The same for a number that nobody listed and nobody called: its campaign and its clocks decide."""
    return replace(facts, listed=False, listed_until=None, disturbances=())


@given(raw_worlds, st.sampled_from([3, 1000]))
@tried(1000)
def test_a_tick_claims_marks_and_holds_back_whom_the_pure_rules_say(rules_loop, rules_conn, raw, batch_size):
    world = to_world(raw)
    queue = AcceptsAll()
    limits = DispatchLimits(batch_size, max_cps=100, horizon_s=15)

    async def tick_all() -> dict[UUID, Standing]:
        async with world_in(rules_conn, world) as held:
            for campaign in world.campaigns:
                await dispatch_tick(held, {Channel.VOICE: queue}, campaign.id, RUN, limits, world.now)
            return await standings(rules_conn)

    found = rules_loop.run(tick_all())

    expected = {person.id: after_a_tick(world, person) for person in world.people}
    assert found == expected
    newly = {
        person.id for person in world.people if may_begin(facts_of(world, person), world.now) == Allowed()
    }
    assert {task.contact_id for task in queue.sent} == {
        person.id
        for person in world.people
        if person.id in newly and expected[person.id][0] == "dispatched" and not was_dispatched(world, person)
    }


def was_dispatched(world: World, person: Person) -> bool:
    return person.stands == DISPATCHED and not is_claim_lost(world, person)


async def test_a_batch_in_which_everybody_is_listed_does_not_end_the_tick(pool: Pool, database_dsn: str):
    numbers = given_rows.phones(8)
    campaign = await given_rows.a_running_campaign(pool, NOON, numbers)
    listings = [Listing(number, "said no", "phone", "ops") for number in numbers[:6]]
    async with pool.connection() as conn:
        await add_listings(conn, listings, NOON)

    limits = DispatchLimits(batch_size=3, max_cps=100, horizon_s=15)
    result = await dispatch_tick(pool, {Channel.VOICE: AcceptsAll()}, campaign.id, RUN, limits, NOON)

    assert result.contact_count == 2
    assert not result.needs_more_contacts
    await assert_invariants(database_dsn)
