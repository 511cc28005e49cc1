"""Takes a database away from everybody and gives it back, as a failover does."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from outdial.standalone.postgres import PostgresServer


@asynccontextmanager
async def database_away(server: PostgresServer, dsn: str) -> AsyncGenerator[None]:
    """While the block runs nobody is let into the database, and who was in is sent away."""
    name = str(conninfo_to_dict(dsn)["dbname"])
    allow = sql.SQL("alter database {} allow_connections {}")
    async with await psycopg.AsyncConnection.connect(server.dsn("postgres"), autocommit=True) as conn:
        await conn.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
        await conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
        yield
        await conn.execute(allow.format(sql.Identifier(name), sql.Literal(True)))
