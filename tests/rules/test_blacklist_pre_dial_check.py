"""Blacklist pre-dial check: whoever is listed is not called, by the pure rule and by the database alike.

Lists are global, of one campaign and of registries; of numbers and of prefixes; for good and for a time.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, strategies as st
from psycopg.types.json import Jsonb

from outdial.domain.number_caps import NumberCaps, capped_until
from outdial.domain.permission import Refusal, Refused, may_begin
from outdial.domain.suppression import FOR_GOOD
from outdial.storage.pool import Connection
from tests.rules.depth import TIMEOUT_S, tried
from tests.rules.world import NUMBERS, World, raw_worlds, to_world
from tests.rules.world_rows import world_in
from tests.rules.world_rules import calls_to, campaign_of, facts_of, is_fresh, until_of

pytestmark = pytest.mark.timeout(TIMEOUT_S)

NEARBY = ("+12025550109",)
_LISTED = """
    select c.id as campaign_id, n.number, nullif(listing.until, 'infinity') as until,
           coalesce(listing.until = 'infinity', false) as for_good,
           is_listed(n.number, c.id, %(now)s) as listed
    from (select id from campaigns union all select null) c
    cross join unnest(%(numbers)s::text[]) n (number)
    cross join lateral listed_until(n.number, c.id, %(now)s) as listing (until)
"""
_FRESH = "select id, registries_are_fresh(id, %(now)s) as fresh from campaigns"
_CAPPED = """
    select c.per_day, c.per_week, n.number, capped_until(n.number, c.per_day, c.per_week, %(now)s) as until
    from jsonb_to_recordset(%(caps)s) c (per_day int, per_week int)
    cross join unnest(%(numbers)s::text[]) n (number)
"""


def what_the_database_says(
    loop: asyncio.Runner, conn: Connection, world: World, caps: list[dict[str, Any]]
) -> list[list[dict[str, Any]]]:
    """Its functions' answers for every number: listings, freshness of registries, caps."""
    values = {"now": world.now, "numbers": [*NUMBERS, *NEARBY], "caps": Jsonb(caps)}

    async def ask() -> list[list[dict[str, Any]]]:
        async with world_in(conn, world), conn.pipeline():
            cursors = [await conn.execute(query, values) for query in (_LISTED, _FRESH, _CAPPED)]
            return [await cursor.fetchall() for cursor in cursors]

    return loop.run(ask())


some_caps = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(1, 4)), st.one_of(st.none(), st.integers(1, 8))),
    min_size=1,
    max_size=2,
).map(lambda caps: [{"per_day": day, "per_week": week} for day, week in caps])


@given(raw_worlds, some_caps)
@tried(1000)
def test_blacklist_pre_dial_check(rules_loop, rules_conn, raw, caps):
    world = to_world(raw)

    listed, fresh, capped = what_the_database_says(rules_loop, rules_conn, world, caps)

    for row in listed:
        campaign = None if row["campaign_id"] is None else campaign_of(world, row["campaign_id"])
        until = until_of(world, row["number"], campaign)
        assert row["listed"] == (until is not None)
        assert (FOR_GOOD if row["for_good"] else row["until"]) == until
    assert {row["id"]: row["fresh"] for row in fresh} == {
        campaign.id: is_fresh(world, campaign) for campaign in world.campaigns
    }
    for row in capped:
        limits = NumberCaps(row["per_day"], row["per_week"])
        assert row["until"] == capped_until(calls_to(world, row["number"]), limits, world.now)
    for person in world.people:
        until = until_of(world, person.phone, campaign_of(world, person.campaign_id))
        verdict = may_begin(facts_of(world, person), world.now)
        due_at = None if until == FOR_GOOD else until
        assert (verdict == Refused(Refusal.LISTED, due_at)) == (until is not None)
