"""Writes lists as CSV that `outdial blacklist import` takes back and no spreadsheet runs."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg.rows import DictRow

from outdial.campaigns.lists.suppression_rows import KIND, NUMBER, PREFIX
from outdial.domain.errors import InvalidInput
from outdial.domain.plain_text import as_plain_text
from outdial.storage.blacklist import Scope, stream_lists
from outdial.storage.pool import Pool

COLUMNS = (NUMBER, KIND, "campaign", "registry", "reason", "source", "listed_by", "listed_at", "until")


async def export_suppressions(pool: Pool, scope: Scope, path: Path) -> int:
    """Write one list, or all of them for EVERYWHERE, to `path`; returns how many entries.

    The file appears when it is whole. Raises InvalidInput where it cannot be written.
    """
    partial = path.with_name(path.name + ".part")
    try:
        count = await _write(pool, scope, partial)
        partial.replace(path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
    return count


async def _write(pool: Pool, scope: Scope, path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        async with pool.connection() as conn:
            async for rows in stream_lists(conn, scope):
                writer.writerows(map(_cells, rows))
                count += len(rows)
    return count


def _cells(row: DictRow) -> list[str]:
    known: dict[str, Any] = row | {KIND: PREFIX if row["is_prefix"] else NUMBER}
    # A number's plus runs nothing, and whoever reads the list wants the number as it is.
    return [known[name] if name == NUMBER else as_plain_text(_text(known[name])) for name in COLUMNS]


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case _:
            return str(value)
