"""Counts of calls by which the pace is judged: those that trunks failed, and those that people answered."""

from __future__ import annotations

from datetime import datetime

from psycopg.rows import DictRow

from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("pace_figures")


async def count_trunk_calls(
    conn: Connection, now: datetime, window_s: float, known_after_s: float
) -> list[DictRow]:
    """Calls begun and failed over each trunk within the window."""
    values = {"now": now, "window_s": window_s, "known_after_s": known_after_s}
    return await (await conn.execute(_SQL["trunks"], values)).fetchall()


async def count_trunk_tries(
    conn: Connection, now: datetime, window_s: float, ended_after_s: float, n: int
) -> list[DictRow]:
    """The latest calls over each lowered trunk whose end is known, and those of them that failed."""
    values = {"now": now, "window_s": window_s, "ended_after_s": ended_after_s, "n": n}
    return await (await conn.execute(_SQL["trunk_tries"], values)).fetchall()


async def count_answers(conn: Connection, now: datetime, ended_after_s: float) -> list[DictRow]:
    """Calls and answers of campaigns with an answer-rate floor, or lowered because of one."""
    return await (
        await conn.execute(_SQL["answers"], {"now": now, "ended_after_s": ended_after_s})
    ).fetchall()
