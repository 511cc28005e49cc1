"""`report.csv`: every call of a campaign with its times, for a spreadsheet."""

from __future__ import annotations

from collections.abc import AsyncIterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from outdial.reports.cells import append_lines, time_cell

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


async def write_call_list(path: Path, batches: AsyncIterable[list[dict[str, Any]]], zone: ZoneInfo) -> int:
    """Write rows of `call_records` to `path` as they come; returns how many there were."""
    calls = 0
    append_lines(path, [COLUMNS])
    async for batch in batches:
        append_lines(path, [_cells(row, zone) for row in batch])
        calls += len(batch)
    return calls


def _cells(row: dict[str, Any], zone: ZoneInfo) -> tuple[object, ...]:
    ring_ended = row["answered_at"] or row["ended_at"]
    talked = row["answered_at"] if row["disposition"] == "answered" else None
    return (
        row["call_id"],
        row["contact_id"],
        row["attempt_no"],
        row["phone"],
        row["disposition"],
        row["counted"],
        *(time_cell(row[name], zone) for name in _TIMES),
        *(time_cell(row[name], UTC) for name in _TIMES),
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


def _seconds(start: datetime | None, end: datetime | None) -> str:
    return "" if start is None or end is None else f"{(end - start).total_seconds():.3f}"
