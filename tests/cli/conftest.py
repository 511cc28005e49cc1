"""The command line, on the test's own database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from outdial.cli.main import run
from outdial.storage.pool import Pool, open_pool

Command = Callable[..., tuple[int, Any, str]]
Arrange = Callable[[Callable[[Pool], Awaitable[None]]], None]


@pytest.fixture
def outdial(
    database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    """Runs one command with --json; gives its exit code, its answer, and what it said on standard error."""
    dsn = urlsplit(database_dsn)
    for name, value in {
        "DB_HOST": dsn.hostname,
        "DB_PORT": str(dsn.port),
        "DB_USER": dsn.username,
        "DB_PASSWORD": dsn.password,
        "DB_NAME": dsn.path.removeprefix("/"),
        "STORAGE_URL": f"file://{tmp_path}/storage",
    }.items():
        monkeypatch.setenv(name, value or "")

    def command(*args: str | Path) -> tuple[int, Any, str]:
        code = run([*map(str, args), "--json"])
        said = capfd.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    return command


@pytest.fixture
def arrange(database_dsn: str) -> Arrange:
    """Does something to the test's database, before commands look at it."""

    def do(work: Callable[[Pool], Awaitable[None]]) -> None:
        async def with_pool() -> None:
            async with open_pool(database_dsn, 2) as pool:
                await work(pool)

        asyncio.run(with_pool())

    return do
