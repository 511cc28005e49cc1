"""The gate of texts: whoever is texted may be, by the pure rules and by the database alike.

The worlds are those of the calls. A text and a call disturb alike, so the same hours, lists and caps hold.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given

from outdial.attempts.begin_texts import BeginningOfText, BegunText, TextTerms, begin_texts
from outdial.attempts.release import Released, Stale
from outdial.domain.calling_windows import is_open
from outdial.domain.dial_task import DialTask
from outdial.domain.permission import Allowed, PersonFacts, Refusal, Refused, may_text
from outdial.storage.pool import Connection
from tests.rules.depth import TIMEOUT_S, tried
from tests.rules.standings import Standing, standings
from tests.rules.world import DISPATCHED, FINISHED, Person, World, raw_worlds, to_world
from tests.rules.world_rows import world_in
from tests.rules.world_rules import campaign_of, facts_of, until_of

pytestmark = pytest.mark.timeout(TIMEOUT_S)

TERMS = TextTerms(uuid4(), "smpp", "+12025559999")
_BY_TEXT = """
    update campaigns set type = 'sms', config = config || '{"smsTemplate": "We meet on Sunday"}';
    update contacts set channel = 'sms';
    update dispatched_contacts set channel = 'sms';
    insert into carriers (name, parts_per_second, rank, seen_at, next_at)
    values ('smpp', 1000, 0, '2000-01-01', '2000-01-01')
"""


def as_asked(raw: Any) -> World:
    """A world in which everybody who is not finished was claimed for a text."""
    world = to_world(raw)
    people = [one if one.stands == FINISHED else replace(one, stands=DISPATCHED) for one in world.people]
    return replace(world, people=people)


async def begin_all(
    conn: Connection, world: World
) -> tuple[list[tuple[Person, BeginningOfText]], dict[UUID, Standing]]:
    """Begin everybody's text, campaign by campaign; the answers, and where everybody stands then."""
    asking = [one for one in world.people if one.stands == DISPATCHED]
    by_campaign = sorted(asking, key=lambda one: str(one.campaign_id))
    answers: list[tuple[Person, BeginningOfText]] = []
    async with world_in(conn, world) as held:
        for statement in _BY_TEXT.split(";"):
            await conn.execute(statement.encode())
        rows = await (await conn.execute("select contact_id, claim_id from dispatched_contacts")).fetchall()
        claims = {row["contact_id"]: row["claim_id"] for row in rows}
        for _, group in groupby(by_campaign, key=lambda one: one.campaign_id):
            people = list(group)
            tasks = [a_task(world, one, claims[one.id]) for one in people]
            answers += zip(people, await begin_texts(held, tasks, TERMS, world.now), strict=True)
        return answers, await standings(conn)


def a_task(world: World, person: Person, claim_id: UUID) -> DialTask:
    return DialTask(
        contact_id=person.id,
        campaign_id=person.campaign_id,
        phone_number=person.phone,
        attempts=0,
        timestamp=world.now,
        claim_id=claim_id,
    )


def facts_after(world: World, person: Person, texted: list[Person]) -> PersonFacts:
    """What the gate sees after those of `texted` have been."""
    facts = facts_of(world, person)
    told = [world.now for one in texted if one.phone == person.phone]
    return replace(facts, disturbances=[*facts.disturbances, *told])


@given(raw_worlds)
@tried(200)
def test_the_gate_of_texts_answers_as_the_pure_rules_do(rules_loop, rules_conn, raw):
    world = as_asked(raw)
    answers, found = rules_loop.run(begin_all(rules_conn, world))
    texted: list[Person] = []
    for person, answer in answers:
        verdict = may_text(facts_after(world, person, texted), world.now)
        if verdict == Allowed():
            assert isinstance(answer, BegunText)
            assert (answer.phone, found[person.id][0]) == (person.phone, "live")
            texted.append(person)
        else:
            assert isinstance(verdict, Refused)
            assert answer == Released(verdict.reason, verdict.due_at)
            assert found[person.id] == where_to(verdict)


def where_to(verdict: Refused) -> Standing:
    if verdict.due_at is not None:
        return "waiting", verdict.due_at
    return ("blacklisted" if verdict.reason is Refusal.LISTED else "ready"), None


@given(raw_worlds)
@tried(80)
def test_sms_campaign_time_window_compliance(rules_loop, rules_conn, raw):
    world = as_asked(raw)
    answers, _ = rules_loop.run(begin_all(rules_conn, world))
    for person, answer in answers:
        facts = facts_of(world, person)
        if not is_open(facts.timetables, facts.zones, world.now):
            assert not isinstance(answer, BegunText)


@given(raw_worlds)
@tried(80)
def test_blacklist_enforcement_in_sms_campaigns(rules_loop, rules_conn, raw):
    world = as_asked(raw)
    answers, _ = rules_loop.run(begin_all(rules_conn, world))
    for person, answer in answers:
        if until_of(world, person.phone, campaign_of(world, person.campaign_id)) is not None:
            assert isinstance(answer, Released)
            assert answer.reason is Refusal.LISTED


@given(raw_worlds)
@tried(40)
def test_a_task_delivered_twice_at_once_is_one_text(rules_loop, rules_conn, raw):
    world = as_asked(raw)

    async def begin_twice() -> list[BeginningOfText]:
        person = next(one for one in world.people if one.stands == DISPATCHED)
        async with world_in(rules_conn, world) as held:
            for statement in _BY_TEXT.split(";"):
                await rules_conn.execute(statement.encode())
            query = "select claim_id from dispatched_contacts where contact_id = %s"
            row = await (await rules_conn.execute(query, [person.id])).fetchone()
            tasks = [a_task(world, person, row["claim_id"])] * 2
            return [
                *await begin_texts(held, tasks, TERMS, world.now),
                *await begin_texts(held, tasks[:1], TERMS, world.now),
            ]

    if any(one.stands == DISPATCHED for one in world.people):
        first, second, third = rules_loop.run(begin_twice())
        assert isinstance(first, BegunText | Released)
        assert (second, third) == (Stale(), Stale())
