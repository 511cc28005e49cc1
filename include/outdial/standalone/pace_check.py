"""The doctor's look at the pace: what is lowered and why, and whether anybody judges it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import DictRow, dict_row

from outdial.domain.errors import Unavailable
from outdial.settings import Settings
from outdial.standalone.findings import Finding
from outdial.storage.pace_factors import PaceFactor, PaceWatch, read_pace_factors, read_pace_watch

NAME = "pace"
JUDGED_WITHIN = timedelta(seconds=60)


async def check_pace(settings: Settings, now: datetime) -> Finding:
    """Names each lowered pace. Raises Unavailable where the database or its tables cannot be had."""
    try:
        async with await psycopg.AsyncConnection[DictRow].connect(
            settings.database_dsn, connect_timeout=5, row_factory=dict_row
        ) as conn:
            lowered, watch = await read_pace_factors(conn), await read_pace_watch(conn)
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
        raise Unavailable(str(error)) from None
    judged = watch if watch is not None and now - watch.looked_at < JUDGED_WITHIN else None
    found = "; ".join([*map(_in_words, lowered), _cpu_in_words(settings, judged)])
    return Finding(NAME, found, _fix(lowered, judged))


def _in_words(one: PaceFactor) -> str:
    return f"{one.key} at {one.factor * 100:.3g}% ({one.why.rstrip('.')})"


def _cpu_in_words(settings: Settings, judged: PaceWatch | None) -> str:
    if not settings.telephony_metrics_url:
        return "not judged by the telephony host's CPU: TELEPHONY_METRICS_URL is not set"
    if judged is None:
        return "no dialer judges it"
    return "the telephony host's CPU is " + (
        "not known" if judged.cpu_share is None else f"{judged.cpu_share:.0%} busy"
    )


def _fix(lowered: Sequence[PaceFactor], judged: PaceWatch | None) -> str:
    if judged is not None and judged.problems:
        return f"{judged.problems[0]} Until then no pace rises."
    if any(not one.is_held for one in lowered):
        return "`outdial pace` tells why and since when; it rises by itself once its figures are good again."
    return ""
