"""A contact list goes into a campaign: streamed, in transactions of a thousand rows, each row accounted for.

An import that was interrupted is repeated: what is already there counts as duplicates.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from uuid import UUID

from outdial.campaigns.contact_columns import SAMPLE_ROWS, ColumnHints, Columns, find_columns
from outdial.campaigns.contact_records import ContactFile, open_records
from outdial.campaigns.contact_rows import ReadRow, RejectedRow, RowRules, read_row
from outdial.campaigns.merge_contacts import require_open, store_batch
from outdial.campaigns.record import Record
from outdial.campaigns.rejects import RejectsFile, open_rejects
from outdial.domain.errors import InvalidInput
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.pool import Pool

BATCH_ROWS = 1000

Row = ReadRow | RejectedRow


@dataclass
class ImportSummary:
    """What became of the rows; `rows` = `imported` + `duplicates` + `rejected`, at every moment.

    `warnings` counts imported rows with something odd about them, `oddities` how often each was seen.
    """

    rows: int = 0
    imported: int = 0
    duplicates: int = 0
    rejected: int = 0
    warnings: int = 0
    oddities: Counter[str] = field(default_factory=Counter)
    rejects_file: Path | None = None
    phone_column: str = ""


Tell = Callable[[ImportSummary, float | None], None]
"""Is told the summary so far, and which share of the file was read where that is known."""


def ignore_progress(_summary: ImportSummary, _share: float | None) -> None:
    """For imports nobody watches."""


@dataclass(frozen=True)
class ImportOptions:
    """How to read the file, where rejected rows go, and whom to tell of progress."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    rejects_path: Path | None = None
    encoding: str | None = None
    on_progress: Tell = ignore_progress


async def import_contacts(
    pool: Pool, campaign_id: UUID, path: Path, now: datetime, options: ImportOptions | None = None
) -> ImportSummary:
    """Import the CSV or XLSX file at `path`.

    Raises InvalidInput where the file cannot be read, shows no column of numbers, or the campaign is over.
    """
    options = options or ImportOptions()
    async with pool.connection() as conn:
        campaign = await read_campaign(conn, campaign_id)
    require_open(campaign)
    with (
        open_records(ContactFile(path, options.encoding)) as records,
        open_rejects(_rejects_path(path, options)) as rejects,
    ):
        return await _Import(pool, campaign, now, rejects, options).run(records)


def _rejects_path(path: Path, options: ImportOptions) -> Path:
    rejects_path = options.rejects_path or path.with_name(f"{path.stem}.rejects.csv")
    if rejects_path.absolute() == path.absolute():
        raise InvalidInput(f"--rejects {rejects_path} is the list itself: name another file")
    return rejects_path


@dataclass
class _Import:
    pool: Pool
    campaign: Campaign
    now: datetime
    rejects: RejectsFile
    options: ImportOptions
    summary: ImportSummary = field(default_factory=ImportSummary)

    async def run(self, records: Iterator[Record]) -> ImportSummary:
        first = await asyncio.to_thread(lambda: list(islice(records, SAMPLE_ROWS)))
        hints = ColumnHints(self.options.mapping, self.campaign.config.default_region)
        columns = find_columns(first, hints)
        self.summary.phone_column = columns.names[columns.phone]
        self.rejects.write_header(columns.names)
        rows = chain(first[columns.has_header :], records)
        rules = self._rules(columns)
        while batch := await asyncio.to_thread(_read_batch, rows, rules):
            await self._store([row for _, row in batch])
            self.options.on_progress(self.summary, batch[-1][0].share)
        return self.summary

    def _rules(self, columns: Columns) -> RowRules:
        config = self.campaign.config
        return RowRules(columns, config.default_region, config.strict_numbers, self.campaign.timezone)

    async def _store(self, batch: Sequence[Row]) -> None:
        """Store a batch and count it; what the summary says is committed."""
        read = [row for row in batch if isinstance(row, ReadRow)]
        async with self.pool.connection() as conn, conn.transaction():
            stored = await store_batch(conn, self.campaign.id, read, self.now)
        summary = self.summary
        for row in batch:
            if isinstance(row, RejectedRow):
                self.rejects.write(row.record.number, row.reason, row.record.cells)
        summary.rows += len(batch)
        summary.imported += len(stored)
        summary.duplicates += len(read) - len(stored)
        summary.rejected = self.rejects.count
        summary.warnings += sum(bool(row.warnings) for row in stored)
        summary.oddities.update(warning for row in stored for warning in row.warnings)
        summary.rejects_file = self.rejects.path if self.rejects.count else None


def _read_batch(records: Iterator[Record], rules: RowRules) -> list[tuple[Record, Row]]:
    return [(record, read_row(record, rules)) for record in islice(records, BATCH_ROWS)]
