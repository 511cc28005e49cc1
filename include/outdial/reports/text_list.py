"""`texts.csv`: every text of a campaign with its times, for a spreadsheet.

What it said is not in it: it is what the list knows of a person, in other words, and no list of calls has
that either. Such files go round by e-mail; `outdial campaign explain --contact` shows the words of one.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from outdial.reports.cells import append_lines, time_cell

_TIMES = ("begun_at", "sent_at", "delivered_at", "ended_at")

COLUMNS = (
    "textId",
    "contactId",
    "origin",
    "phoneNumber",
    "carrier",
    "sender",
    "state",
    "failure",
    "carrierSaid",
    "begunAt",
    "sentAt",
    "deliveredAt",
    "endedAt",
    "begunAtUtc",
    "sentAtUtc",
    "deliveredAtUtc",
    "endedAtUtc",
    "encoding",
    "parts",
    "pricePerPart",
    "tries",
    "links",
    "clicks",
    "replies",
    "optedOut",
)
"""The header. Times without `Utc` are on the campaign's clock, with its offset."""


async def write_text_list(path: Path, batches: AsyncIterable[list[dict[str, Any]]], zone: ZoneInfo) -> int:
    """Write rows of `sms_records` to `path` as they come; returns how many there were."""
    texts = 0
    append_lines(path, [COLUMNS])
    async for batch in batches:
        append_lines(path, [_cells(row, zone) for row in batch])
        texts += len(batch)
    return texts


def _cells(row: dict[str, Any], zone: ZoneInfo) -> tuple[object, ...]:
    return (
        row["id"],
        row["contact_id"],
        row["origin"],
        row["phone"],
        row["carrier"],
        row["sender"],
        row["state"],
        row["failure"],
        row["carrier_said"],
        *(time_cell(row[name], zone) for name in _TIMES),
        *(time_cell(row[name], UTC) for name in _TIMES),
        row["encoding"],
        row["parts"],
        row["price_per_part"],
        row["tries"],
        row["links"],
        row["clicks"],
        row["replies"],
        row["opted_out"],
    )
