"""Gathers the figures the pace is judged by from the calls in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import DictRow

from outdial.domain.answer_rate import AnswerRateFloor
from outdial.pacing.figures import AnswerFigures, TrunkFigures
from outdial.pacing.requests import campaign_key
from outdial.storage.pace_figures import count_answers, count_trunk_calls, count_trunk_tries
from outdial.storage.pool import Connection


@dataclass(frozen=True)
class Windows:
    """How far back calls are counted, in seconds."""

    trunk_window_s: float = 120
    trunk_known_after_s: float = 10
    """By then a congested call has ended, and one that goes well has not."""
    tries_window_s: float = 900
    latest_tries: int = 10
    ended_after_s: float = 130
    """No phone rings longer (ringTimeoutSeconds is at most 120): who is still on the line has answered."""


async def gather_trunks(conn: Connection, windows: Windows, now: datetime) -> dict[str, TrunkFigures]:
    """Figures of every trunk that was used lately or is lowered, by its name."""
    calls = await count_trunk_calls(conn, now, windows.trunk_window_s, windows.trunk_known_after_s)
    tries = await count_trunk_tries(
        conn, now, windows.tries_window_s, windows.ended_after_s, windows.latest_tries
    )
    begun, tried = _by_trunk(calls), _by_trunk(tries)
    return {
        name: TrunkFigures(
            begun=begun.get(name, {}).get("begun", 0),
            failed=begun.get(name, {}).get("failed", 0),
            tried=tried.get(name, {}).get("tried", 0),
            tried_in_vain=tried.get(name, {}).get("in_vain", 0),
        )
        for name in begun.keys() | tried.keys()
    }


async def gather_answers(conn: Connection, windows: Windows, now: datetime) -> dict[str, AnswerFigures]:
    """Figures of every campaign with an answer-rate floor or lowered by one, by the key of its pace."""
    rows = await count_answers(conn, now, windows.ended_after_s)
    return {campaign_key(row["id"]): _answers(row) for row in rows}


def _answers(row: DictRow) -> AnswerFigures:
    has_floor = row["floor"] is not None and row["status"] not in {"completed", "cancelled"}
    floor = AnswerRateFloor.model_validate(row["floor"]) if has_floor else None
    return AnswerFigures(
        floor=floor.share if floor else None,
        minimum_calls=floor.minimum_calls if floor else 0,
        calls=row["calls"],
        answered=row["answered"],
    )


def _by_trunk(rows: list[DictRow]) -> Mapping[str, DictRow]:
    return {row["trunk"]: row for row in rows}
