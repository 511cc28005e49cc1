"""One rule, two forms: the gate reads its facts by SQL and answers as the pure rules do.

The world is generated, and what the pure rules say of it is worked out without a look at the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from outdial.attempts.begin import Begun, Permit, begin_attempt
from outdial.attempts.release import Released
from outdial.domain.dial_task import DialTask
from outdial.domain.permission import Allowed, AttemptFacts, Refusal, may_begin
from outdial.storage.pool import Connection
from tests.rules.depth import TIMEOUT_S, tried
from tests.rules.standings import Standing, standings
from tests.rules.world import DISPATCHED, FINISHED, Person, World, raw_worlds, to_world
from tests.rules.world_rows import HeldConnection, insert, world_in
from tests.rules.world_rules import facts_of

pytestmark = pytest.mark.timeout(TIMEOUT_S)


@dataclass(frozen=True)
class AtTheGate:
    """What one dialer brings, and how the claim stands, when it asks for one person."""

    not_after: datetime | None
    pace_is_current: bool
    dialer_is_alive: bool
    is_exhausted: bool


def at_the_gate(raw: tuple[int, int], now: datetime) -> AtTheGate:
    after, other = raw
    seconds = (None, None, None, None, 60, 1, 0, -1)[after]
    return AtTheGate(
        None if seconds is None else now + timedelta(seconds=seconds), other != 0, other != 1, other == 2
    )


_gates = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9)), min_size=18, max_size=18)


@given(raw_worlds, _gates, st.integers(1, 4))
@tried(1000)
def test_the_gate_lets_begin_refuses_and_puts_back_whom_the_pure_rules_say(
    rules_loop, rules_conn, raw, gates, max_live
):
    world = to_world(raw, max_live)
    asking = [person for person in world.people if person.stands != FINISHED]
    gates = {person.id: at_the_gate(raw, world.now) for person, raw in zip(asking, gates, strict=False)}
    asking = [
        replace(person, stands=DISPATCHED, max_attempts=person.attempts)
        if gates[person.id].is_exhausted
        else replace(person, stands=DISPATCHED)
        for person in asking
    ]
    finished = [person for person in world.people if person.stands == FINISHED]
    world = replace(world, people=[*asking, *finished])

    async def ask_all() -> list[tuple[Any, Any]]:
        async with world_in(rules_conn, world) as held:
            dialers = await given_dialers(rules_conn, world.now)
            begun: list[Person] = []
            answers: list[tuple[Any, Any]] = []
            for person in asking:
                gate = gates[person.id]
                verdict = may_begin(at_this_gate(world, person, gate, begun), world.now)
                answer = await ask(held, rules_conn, person, gate, dialers)
                if isinstance(answer, Begun):
                    begun.append(person)
                answers.append((as_answered(person, verdict), as_found(answer)))
            found = await standings(rules_conn)
            answers += [
                (where_to(one, a), found[one.id]) for one, (a, _) in zip(asking, answers, strict=True)
            ]
            return answers

    async def ask(held: HeldConnection, conn: Connection, person: Person, gate: AtTheGate, dialers: Any):
        return await ask_gate(held, conn, world.now, person, gate, dialers)

    for expected, found in rules_loop.run(ask_all()):
        assert expected == found


async def given_dialers(conn: Connection, now: datetime) -> tuple[UUID, UUID]:
    """One that lives, and one last heard of ten seconds ago."""
    alive, frozen = UUID(int=8), UUID(int=9)
    rows = [
        {
            "id": one,
            "host": "here",
            "pid": 1,
            "version": "0",
            "started_at": now,
            "heartbeat_at": at,
            "draining": False,
        }
        for one, at in ((alive, now), (frozen, now - timedelta(seconds=10)))
    ]
    await insert(conn, "dialers", rows)
    return alive, frozen


async def ask_gate(
    held: HeldConnection, conn: Connection, now: datetime, person: Person, gate: AtTheGate, dialers: Any
) -> Begun | Released:
    """Begin an attempt to somebody whose claim stands."""
    query = "update dispatched_contacts set not_after = %s where contact_id = %s returning claim_id"
    row = await (await conn.execute(query, [gate.not_after, person.id])).fetchone()
    task = DialTask(
        contact_id=person.id,
        campaign_id=person.campaign_id,
        phone_number=person.phone,
        attempts=person.attempts,
        timestamp=now,
        claim_id=row["claim_id"],
        not_after=gate.not_after,
    )
    dialer = dialers[0] if gate.dialer_is_alive else dialers[1]
    return await begin_attempt(held, task, Permit(dialer, "trunk", 1 if gate.pace_is_current else 2), now)


def at_this_gate(world: World, person: Person, gate: AtTheGate, begun: Sequence[Person]) -> AttemptFacts:
    """What the gate sees after those of `begun` are on the line."""
    facts = facts_of(world, person)
    called = [world.now for one in begun if one.phone == person.phone]
    return replace(
        facts,
        not_after=gate.not_after,
        pace_is_current=gate.pace_is_current,
        dialer_is_alive=gate.dialer_is_alive,
        disturbances=[*facts.disturbances, *called],
        number_busy=bool(called),
        live_calls=sum(one.campaign_id == person.campaign_id for one in begun),
    )


def as_answered(person: Person, verdict: Any) -> tuple[Any, ...]:
    if verdict == Allowed():
        return ("begun", f"call-{person.campaign_id}-{person.id}-{person.originates + 1}")
    return (verdict.reason, verdict.due_at)


def as_found(answer: Begun | Released) -> tuple[Any, ...]:
    return ("begun", answer.call_id) if isinstance(answer, Begun) else (answer.reason, answer.due_at)


def where_to(person: Person, answer: tuple[Any, ...]) -> Standing:
    """Where the gate's answer leaves somebody."""
    reason, due_at = answer
    if reason == "begun":
        return "live", None
    if reason is Refusal.ATTEMPTS_EXHAUSTED:
        return "attempts_exhausted", None
    if due_at is not None:
        return "waiting", due_at
    return ("blacklisted" if reason is Refusal.LISTED else "ready"), None
