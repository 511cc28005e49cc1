"""Stores an import batch by batch, each in one transaction with its line of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from outdial.campaigns.lists.contact_rows import ReadRow, RejectedRow, Row
from outdial.campaigns.lists.merge_contacts import store_batch
from outdial.campaigns.lists.record import Record
from outdial.campaigns.lists.rejects import RejectsFile
from outdial.domain.errors import InvalidInput
from outdial.storage.campaigns import Campaign
from outdial.storage.erasure import find_erased
from outdial.storage.imports import ImportProgress, KeptReject, advance_import, keep_rejects, read_rejects
from outdial.storage.pool import Connection, Pool

REJECTS_AT_ONCE = 5000
ERASED = "the data of this number's owner was erased and is not stored again: take the row out of the list"


@dataclass
class ImportSummary:
    """What became of the rows; `rows` = `imported` + `duplicates` + `rejected`, at every moment.

    `warnings` counts imported rows with something odd about them, `oddities` how often each was seen.
    `resumed_at` is how many rows an earlier, interrupted run had done; `notes` are sentences about the whole.
    """

    rows: int = 0
    imported: int = 0
    duplicates: int = 0
    rejected: int = 0
    warnings: int = 0
    oddities: Counter[str] = field(default_factory=Counter)
    rejects_file: Path | None = None
    phone_column: str = ""
    resumed_at: int = 0
    notes: list[str] = field(default_factory=list)
    restored: int = 0
    withdrawn: int = 0


Also = Callable[[Connection, Sequence[str]], Awaitable[None]]
"""What else belongs into a batch's transaction: is given the numbers that stand in the batch."""


async def nothing_else(_conn: Connection, _phones: Sequence[str]) -> None:
    """For lists that nobody keeps in step."""


@dataclass
class ImportRun:
    """One import on its way. `progress` is what is committed."""

    pool: Pool
    campaign: Campaign
    now: datetime
    progress: ImportProgress
    also: Also = nothing_else

    async def store(self, rows: Sequence[Row]) -> None:
        """Store a batch and count it, both or neither.

        Raises InvalidInput where the campaign is over, or another process goes on with the same import.
        """
        async with self.pool.connection() as conn, conn.transaction():
            rows = await _refuse_erased(conn, rows)
            read = [row for row in rows if isinstance(row, ReadRow)]
            stored = await store_batch(conn, self.campaign.id, read, self.now)
            await self.also(conn, [row.contact.phone for row in read])
            after = _after(self.progress, rows, len(read), stored)
            if not await advance_import(conn, self.progress, after, self.now):
                raise InvalidInput(
                    "another process is importing this list into this campaign: wait for it, or stop it first"
                )
            await keep_rejects(conn, self.progress.id, _rejects(rows))
        self.progress = after

    async def write_rejects(self, rejects: RejectsFile) -> None:
        """Write every row rejected so far, those of earlier runs among them."""
        last = -1
        async with self.pool.connection() as conn:
            while kept := await read_rejects(conn, self.progress.id, last, REJECTS_AT_ONCE):
                for reject in kept:
                    rejects.write(reject.row_number, reject.reason, reject.cells)
                last = kept[-1].row_number


async def _refuse_erased(conn: Connection, rows: Sequence[Row]) -> list[Row]:
    """The rows, those of people whose data was erased among the rejected ones: without what they say."""
    erased = await find_erased(conn, [row.contact.phone for row in rows if isinstance(row, ReadRow)])
    return [
        RejectedRow(Record(row.number, ()), ERASED)
        if isinstance(row, ReadRow) and row.contact.phone in erased
        else row
        for row in rows
    ]


def update_summary(summary: ImportSummary, progress: ImportProgress) -> None:
    """Make the summary say what is committed."""
    for name in ("rows", "imported", "duplicates", "rejected", "warnings"):
        setattr(summary, name, getattr(progress, name))
    summary.oddities = Counter(progress.oddities)


def _after(
    before: ImportProgress, rows: Sequence[Row], read: int, stored: Sequence[ReadRow]
) -> ImportProgress:
    seen = Counter(warning for row in stored for warning in row.warnings)
    return replace(
        before,
        rows=before.rows + len(rows),
        imported=before.imported + len(stored),
        duplicates=before.duplicates + read - len(stored),
        rejected=before.rejected + len(rows) - read,
        warnings=before.warnings + sum(bool(row.warnings) for row in stored),
        oddities=dict(Counter(before.oddities) + seen),
    )


def _rejects(rows: Sequence[Row]) -> list[KeptReject]:
    return [
        KeptReject(row.record.number, row.reason, [cell.replace("\x00", "") for cell in row.record.cells])
        for row in rows
        if isinstance(row, RejectedRow)
    ]
