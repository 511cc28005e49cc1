"""`report.csv`: every call of a campaign with its times, for a spreadsheet."""

from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from outdial.domain.plain_text import as_plain_text

_TIMES = ("begun_at", "ringing_at", "answered_at", "ended_at")

COLUMNS = (
    "callId",
    "contactId",
    "attemptNo",
    "phoneNumber",
    "disposition",
    "counted",
    "begunAt",
    "ringingAt",
    "answeredAt",
    "endedAt",
    "begunAtUtc",
    "ringingAtUtc",
    "answeredAtUtc",
    "endedAtUtc",
    "ringSeconds",
    "talkSeconds",
    "converted",
    "optedOut",
    "ivrPath",
    "detected",
    "machineMessage",
    "hangupCause",
    "techCause",
    "trunk",
    "callerId",
    "annotation",
)
"""The header. Times without `Utc` are on the campaign's clock, with its offset."""

# A plus and digits alone compute nothing, and whoever joins the list by number needs it unchanged.
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def safe_cell(text: str) -> str:
    """`text` with a leading apostrophe where a spreadsheet would take it for a formula."""
    return text if _E164.fullmatch(text) else as_plain_text(text)


async def write_call_list(path: Path, batches: AsyncIterable[list[dict[str, Any]]], zone: ZoneInfo) -> int:
    """Write rows of `call_records` to `path` as they come; returns how many there were."""
    calls = 0
    _append(path, [list(COLUMNS)])
    async for batch in batches:
        _append(path, [_cells(row, zone) for row in batch])
        calls += len(batch)
    return calls


def _append(path: Path, lines: list[list[str]]) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)


def _cells(row: dict[str, Any], zone: ZoneInfo) -> list[str]:
    ring_ended = row["answered_at"] or row["ended_at"]
    talked = row["answered_at"] if row["disposition"] == "answered" else None
    values = (
        row["call_id"],
        row["contact_id"],
        row["attempt_no"],
        row["phone"],
        row["disposition"],
        row["counted"],
        *(_time(row[name], zone) for name in _TIMES),
        *(_time(row[name], UTC) for name in _TIMES),
        _seconds(row["ringing_at"], ring_ended),
        _seconds(talked, row["ended_at"]),
        row["converted"],
        row["opted_out"],
        " > ".join(map(str, row["ivr_path"])),
        row["detected"],
        row["machine_message"],
        row["hangup_cause"],
        row["tech_cause"],
        row["trunk"],
        row["caller_id"],
        row["annotation"],
    )
    return [safe_cell(_text(value)) for value in values]


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _time(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else at.astimezone(zone).isoformat(timespec="milliseconds")


def _seconds(start: datetime | None, end: datetime | None) -> str:
    return "" if start is None or end is None else f"{(end - start).total_seconds():.3f}"
