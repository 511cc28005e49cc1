"""The rows of a campaign's `contactSource`: read from another database that we can in no way change."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import LiteralString, cast

import psycopg
from psycopg import AsyncConnection, AsyncServerCursor
from psycopg.errors import QueryCanceled
from psycopg.rows import TupleRow

from outdial.campaigns.lists.record import Record
from outdial.campaigns.lists.spreadsheet import text_of
from outdial.domain.errors import InvalidInput, Unavailable

CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_S = 300
HEADER = 1
"""The header's row number; rows count from 2, as they would in a spreadsheet of the result."""


@dataclass
class SourceRows:
    """A query's columns, and its rows as `read` gives them."""

    names: tuple[str, ...]
    _cursor: AsyncServerCursor[TupleRow]
    _given: int = HEADER

    @property
    def header(self) -> Record:
        """The columns as a list's first row."""
        return Record(HEADER, self.names)

    async def read(self, n: int) -> list[Record]:
        """The next `n` rows, or fewer at the end. Raises as `open_source` does."""
        with _said_plainly():
            rows = await self._cursor.fetchmany(n)
        first = self._given + 1
        self._given += len(rows)
        return [Record(number, tuple(map(_text, row))) for number, row in enumerate(rows, first)]


@asynccontextmanager
async def open_source(dsn: str, query: str) -> AsyncGenerator[SourceRows]:
    """Run `query` in a read-only transaction, its rows fetched as they are asked for.

    Raises InvalidInput where the query is wrong or would change anything, Unavailable where the database
    does not answer or takes longer than 5 minutes.
    """
    options = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_TIMEOUT_S * 1000}"
    with _said_plainly():
        conn = await AsyncConnection.connect(dsn, connect_timeout=CONNECT_TIMEOUT_S, options=options)
    async with conn:
        await conn.set_read_only(True)
        async with AsyncServerCursor(conn, "outdial_contacts") as cursor:
            with _said_plainly():
                await cursor.execute(cast("LiteralString", query))
            yield SourceRows(tuple(column.name for column in cursor.description or ()), cursor)


@contextmanager
def _said_plainly() -> Generator[None]:
    try:
        yield
    except QueryCanceled as error:
        raise Unavailable(f"contactSource.query took longer than {STATEMENT_TIMEOUT_S} s") from error
    except psycopg.OperationalError as error:
        raise Unavailable(f"the contact source does not answer: {_first_line(error)}") from error
    except psycopg.Error as error:
        raise InvalidInput(f"contactSource.query cannot be run: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _text(cell: object) -> str:
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else text_of(cell)
