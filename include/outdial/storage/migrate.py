"""Brings a database to the newest schema: plain SQL files, forward only, each applied once.

Every file runs in a transaction of its own together with its checksum; a file that was edited after it
was applied is refused, since the databases that have it would differ from those that do not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import LiteralString, cast

import psycopg

from outdial.domain.errors import Broken
from outdial.storage.advisory_locks import MIGRATING

_HISTORY = """
create table if not exists schema_migrations (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
)
"""


@dataclass(frozen=True)
class Migration:
    """One file of `storage/migrations`."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file's text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def shipped_migrations() -> list[Migration]:
    """Every migration this version ships, in order."""
    folder = resources.files("outdial.storage") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda f: f.name)
    return [Migration(file.name, file.read_text("utf-8")) for file in files]


async def migrate(dsn: str, migrations: list[Migration] | None = None) -> list[str]:
    """Apply what is missing; returns the names applied.

    Raises Broken when an applied migration was edited or is no longer shipped.
    """
    migrations = shipped_migrations() if migrations is None else migrations
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True, connect_timeout=10) as conn:
        await conn.execute("select pg_advisory_lock(%s)", [MIGRATING])
        await conn.execute(_HISTORY)
        missing = _missing(migrations, await _applied(conn))
        for migration in missing:
            async with conn.transaction():
                await conn.execute(cast("LiteralString", migration.sql))
                await conn.execute(
                    "insert into schema_migrations (name, checksum) values (%s, %s)",
                    [migration.name, migration.checksum],
                )
        return [migration.name for migration in missing]


async def missing_migrations(dsn: str) -> list[str]:
    """Names of migrations this version ships and the database lacks; for `outdial doctor`."""
    async with await psycopg.AsyncConnection.connect(dsn, connect_timeout=10) as conn:
        known = await (await conn.execute("select to_regclass('schema_migrations')")).fetchone()
        applied = await _applied(conn) if known and known[0] else {}
        return [migration.name for migration in _missing(shipped_migrations(), applied)]


async def _applied(conn: psycopg.AsyncConnection) -> dict[str, str]:
    rows = await (await conn.execute("select name, checksum from schema_migrations")).fetchall()
    return dict(rows)


def _missing(migrations: list[Migration], applied: dict[str, str]) -> list[Migration]:
    shipped = {migration.name: migration for migration in migrations}
    for name, checksum in applied.items():
        if name not in shipped:
            raise Broken(
                f"the database has migration {name}, which this version does not ship: upgrade Outdial"
            )
        if shipped[name].checksum != checksum:
            raise Broken(f"migration {name} was edited after it was applied: restore it and add a new one")
    return [migration for migration in migrations if migration.name not in applied]
