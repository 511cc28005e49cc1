"""One real database for a whole file of rules; every example is a transaction of its own, taken back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator

import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from outdial.standalone.postgres import PostgresServer, create_database, drop_database
from outdial.storage.pool import Connection, open_pool
from tests.rules.life_stage import Stage


@pytest.fixture(scope="module")
def rules_dsn(
    postgres_server: PostgresServer, migrated_template: str, server_loop: asyncio.Runner
) -> Iterator[str]:
    """A database of the file's own, migrated and empty."""
    name = f"rules_{secrets.token_hex(6)}"
    server_loop.run(create_database(postgres_server, name, migrated_template))
    yield postgres_server.dsn(name)
    server_loop.run(drop_database(postgres_server, name))


@pytest.fixture(scope="module")
def rules_loop() -> Iterator[asyncio.Runner]:
    """The loop in which the file's examples run."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def rules_conn(rules_dsn: str, rules_loop: asyncio.Runner) -> Iterator[Connection]:
    """One connection, as the pool opens them."""

    async def connect() -> Connection:
        return await AsyncConnection.connect(
            rules_dsn, autocommit=True, row_factory=dict_row, options="-c timezone=UTC", connect_timeout=10
        )

    conn = rules_loop.run(connect())
    yield conn
    rules_loop.run(conn.close())


@pytest.fixture(scope="module")
def rules_stage(rules_dsn: str, rules_loop: asyncio.Runner) -> Iterator[Stage]:
    """The database on which campaigns are played from their beginning to their end."""
    opened = open_pool(rules_dsn, max_size=3)
    pool = rules_loop.run(opened.__aenter__())
    yield Stage(rules_loop, pool, rules_dsn)
    rules_loop.run(opened.__aexit__(None, None, None))
