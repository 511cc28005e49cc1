"""The connection pool every process opens once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from outdial.domain.errors import Unavailable

Connection = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Connection]

CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_MS = 30_000
IDLE_TIMEOUT_S = 30.0
"""How long a transaction may stand still before PostgreSQL ends it, and lets go of what it holds."""


@asynccontextmanager
async def open_pool(
    dsn: str, max_size: int = 10, idle_timeout_s: float = IDLE_TIMEOUT_S
) -> AsyncGenerator[Pool]:
    """A pool whose connections return rows as dicts and whose statements end within 30 s.

    Raises Unavailable when the database does not answer within 10 s.
    """
    options: dict[str, Any] = {
        "row_factory": dict_row,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC "
        f"-c idle_in_transaction_session_timeout={round(idle_timeout_s * 1000)}",
    }
    pool: Pool = AsyncConnectionPool(
        dsn, kwargs=options, min_size=1, max_size=max_size, timeout=CONNECT_TIMEOUT_S, open=False
    )
    try:
        await pool.open(wait=True, timeout=CONNECT_TIMEOUT_S)
    except (PoolTimeout, OperationalError) as error:
        await pool.close()
        raise Unavailable(f"PostgreSQL does not answer: {error}") from error
    try:
        yield pool
    finally:
        await pool.close()
