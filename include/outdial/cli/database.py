"""The database of a command: opened for it, and in one sentence where it does not answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import psycopg

from outdial.domain.errors import Unavailable
from outdial.settings import Settings, load_settings
from outdial.storage.pool import Pool, open_pool

CONNECT_TIMEOUT_S = 5
POOL_SIZE = 4

Answer = TypeVar("Answer")


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncGenerator[Pool]:
    """A small pool. Raises Unavailable where the database refuses, goes away, or has no tables of ours."""
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # what it would warn of is in our sentence
    where = f"PostgreSQL at {settings.db_host}:{settings.db_port}"
    try:
        # The pool would try a closed port for ten seconds; one connection says at once what is wrong.
        await (
            await psycopg.AsyncConnection.connect(settings.database_dsn, connect_timeout=CONNECT_TIMEOUT_S)
        ).close()
        async with open_pool(settings.database_dsn, POOL_SIZE) as pool:
            yield pool
    except psycopg.errors.UndefinedTable as error:
        raise Unavailable(f"{where} has no tables of Outdial: `outdial doctor` says what to do") from error
    except psycopg.OperationalError as error:
        raise Unavailable(
            f"{where} does not answer ({error}): start it, with `outdial standalone start` on one machine, "
            "or set DB_HOST and DB_PORT"
        ) from error


def with_database(work: Callable[[Pool, Settings], Awaitable[Answer]]) -> Answer:
    """Do a command's work on the database our settings name. Raises as `open_database` does."""

    async def run() -> Answer:
        settings = load_settings()
        async with open_database(settings) as pool:
            return await work(pool, settings)

    return asyncio.run(run())
