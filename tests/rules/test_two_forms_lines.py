"""One rule, two forms: what trunks carry and what numbers are called from, by SQL and by the pure rules.

In campaigns that nothing else keeps from calling, with time passing between one begin and the next.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given

from outdial.attempts.begin import Begun, Permit, begin_attempt
from outdial.attempts.release import Released
from outdial.domain.caller_ids import choose
from outdial.domain.dial_task import DialTask
from outdial.domain.permission import Allowed, Refusal, may_begin
from outdial.storage.pool import Connection
from tests.rules.depth import TIMEOUT_S, tried
from tests.rules.lines_at_the_gate import (
    Asked,
    Uses,
    candidates_for,
    channels_of,
    insert_uses,
    pool_of,
    raw_lines,
    to_lines,
)
from tests.rules.standings import standings
from tests.rules.world import World
from tests.rules.world_rows import HeldConnection, insert, world_in
from tests.rules.world_rules import facts_of

pytestmark = pytest.mark.timeout(TIMEOUT_S)

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)
DIALER = UUID(int=8)


@given(raw_lines)
@tried(400)
def test_the_gate_counts_trunks_and_takes_caller_ids_as_the_pure_rules_say(rules_loop, rules_conn, raw):
    world, uses, asked = to_lines(raw, NOON)

    async def ask_all() -> list[tuple[Any, Any]]:
        async with world_in(rules_conn, world) as held:
            await _given_a_dialer(rules_conn)
            await insert_uses(rules_conn, uses)
            begun = 0
            answers: list[tuple[Any, Any]] = []
            for one in asked:
                expected = _expected(world, one, uses, begun)
                answer = await _ask(held, rules_conn, one)
                if isinstance(answer, Begun):
                    begun += 1
                    uses.add(pool_of(world, one.person), answer.caller_id or "", one.at)
                answers.append((expected, _found(answer)))
            stands = Counter(word for word, _ in (await standings(rules_conn)).values())
            assert stands["no_caller_id"] == sum(e[0] is Refusal.NO_CALLER_ID for e, _ in answers)
            return answers

    for expected, found in rules_loop.run(ask_all()):
        assert expected == found


def _expected(world: World, one: Asked, uses: Uses, begun: int) -> tuple[Any, ...]:
    facts = replace(
        facts_of(replace(world, now=one.at), one.person),
        trunk_calls=begun,
        trunk_channels=channels_of(world, one.person),
        caller_ids=candidates_for(world, one.person, uses, one.at),
        live_calls=begun,
    )
    verdict = may_begin(facts, one.at)
    if verdict == Allowed():
        chosen = choose(facts.caller_ids or ())
        return ("begun", chosen and chosen.number)
    return (verdict.reason, verdict.due_at)


def _found(answer: Begun | Released) -> tuple[Any, ...]:
    return ("begun", answer.caller_id) if isinstance(answer, Begun) else (answer.reason, answer.due_at)


async def _given_a_dialer(conn: Connection) -> None:
    heard = {"started_at": NOON, "heartbeat_at": NOON + timedelta(days=30)}
    row = {"id": DIALER, "host": "here", "pid": 1, "version": "0", "draining": False} | heard
    await insert(conn, "dialers", [row])


async def _ask(held: HeldConnection, conn: Connection, one: Asked) -> Begun | Released:
    query = "select claim_id from dispatched_contacts where contact_id = %s"
    row = await (await conn.execute(query, [one.person.id])).fetchone()
    task = DialTask(
        contact_id=one.person.id,
        campaign_id=one.person.campaign_id,
        phone_number=one.person.phone,
        attempts=0,
        timestamp=NOON,
        claim_id=row["claim_id"],
    )
    return await begin_attempt(held, task, Permit(DIALER, "trunk", 1), one.at)
