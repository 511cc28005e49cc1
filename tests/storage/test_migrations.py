"""Migrations: forward only, each once, never edited; a fresh database equals a migrated one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from outdial.domain.errors import Broken
from outdial.standalone.postgres import PostgresServer, create_database
from outdial.storage.migrate import Migration, migrate, missing_migrations, shipped_migrations

SCHEMA = """
select 'column', table_name, column_name, data_type || coalesce(column_default, '') || is_nullable
from information_schema.columns where table_schema = 'public'
union all
select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'public'::regnamespace
union all
select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
union all
select 'function', '', proname, pg_get_functiondef(oid) from pg_proc
where pronamespace = 'public'::regnamespace
union all
select 'view', viewname, '', definition from pg_views where schemaname = 'public'
order by 1, 2, 3, 4
"""


@pytest.fixture
def empty_database(postgres_server: PostgresServer, server_loop) -> Callable[[], str]:
    """Makes databases with nothing in them."""

    def make() -> str:
        name = f"empty_{secrets.token_hex(6)}"
        server_loop.run(create_database(postgres_server, name))
        return postgres_server.dsn(name)

    return make


async def schema_of(dsn: str) -> list[tuple[str, ...]]:
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        return await (await conn.execute(SCHEMA)).fetchall()


@pytest.fixture
def two_databases(empty_database: Callable[[], str]) -> tuple[str, str]:
    return empty_database(), empty_database()


async def test_a_fresh_database_equals_one_migrated_step_by_step(two_databases: tuple[str, str]):
    fresh, stepwise = two_databases
    shipped = shipped_migrations()

    await migrate(fresh)
    for n in range(1, len(shipped) + 1):
        assert await migrate(stepwise, shipped[:n]) == [shipped[n - 1].name]

    assert await schema_of(fresh) == await schema_of(stepwise)
    assert len(await schema_of(fresh)) > 100


async def test_migrating_again_does_nothing(two_databases: tuple[str, str]):
    dsn, _ = two_databases
    assert await missing_migrations(dsn) == [migration.name for migration in shipped_migrations()]

    await migrate(dsn)

    assert await migrate(dsn) == []
    assert await missing_migrations(dsn) == []


async def test_an_edited_or_vanished_migration_is_refused(two_databases: tuple[str, str]):
    dsn, _ = two_databases
    first, *rest = shipped_migrations()
    await migrate(dsn)

    with pytest.raises(Broken, match="was edited"):
        await migrate(dsn, [replace(first, sql=first.sql + "-- harmless?"), *rest])
    with pytest.raises(Broken, match="does not ship"):
        await migrate(dsn, rest)


async def test_a_migration_that_fails_leaves_nothing_behind(two_databases: tuple[str, str]):
    dsn, _ = two_databases
    broken = Migration("0001_broken.sql", "create table half (id int); select 1/0;")

    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate(dsn, [broken])

    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        assert (await (await conn.execute("select to_regclass('half')")).fetchone())[0] is None


RULES = {
    "attempts_never_exceed_the_maximum": "update contacts set attempts = 4, originates = 4",
    "attempts_are_originates": "update contacts set attempts = 1",
    "contacts_phone_check": "update contacts set phone = '0501234567'",
    "trial_stays_within_its_limit": "insert into campaign_runs (campaign_id, run_id, contact_limit, claimed) "
    "select id, 'r', 1, 2 from campaigns",
    "campaign_ends_after_it_starts": "update campaigns set start_time = now(), "
    "end_time = now() - '1 s'::interval",
    "one_contact_per_number": "insert into contacts (campaign_id, phone, area_id, channel, max_attempts) "
    "select campaign_id, phone, area_id, channel, 3 from contacts",
}


@pytest.mark.parametrize("rule", RULES)
async def test_rules_that_must_never_break_are_constraints(database_dsn: str, rule: str):
    async with await psycopg.AsyncConnection.connect(database_dsn) as conn:
        await conn.execute(
            "insert into campaigns (slug, name, type, timezone, config) "
            "values ('a', 'A', 'voice', 'UTC', '{}')"
        )
        await conn.execute("insert into areas (zones) values ('{UTC}')")
        await conn.execute(
            "insert into contacts (campaign_id, phone, area_id, channel, max_attempts) "
            "select c.id, '+12025550100', a.id, 'voice', 3 from campaigns c, areas a"
        )
        with pytest.raises(psycopg.errors.IntegrityError) as refused:
            await conn.execute(RULES[rule])
        assert refused.value.diag.constraint_name == rule
