"""A file of numbers that must not be called goes onto a list: streamed, each of its rows accounted for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from outdial.blacklist.cache import NO_CACHE, ListedCache
from outdial.blacklist.importing import ImportChanges, ListImport, import_listings
from outdial.blacklist.registries import RegistryCopy, import_registry
from outdial.campaigns.lists.contact_columns import SAMPLE_ROWS
from outdial.campaigns.lists.contact_records import ContactFile, open_records
from outdial.campaigns.lists.record import Record
from outdial.campaigns.lists.rejects import RejectsFile, open_rejects
from outdial.campaigns.lists.suppression_rows import (
    SuppressionColumns,
    SuppressionRules,
    find_suppression_columns,
    read_suppression,
)
from outdial.domain.errors import InvalidInput
from outdial.domain.phone_numbers import NotANumber
from outdial.storage.blacklist import EVERYWHERE, Scope
from outdial.storage.pool import Pool
from outdial.storage.staged_listings import StagedListing, Unsaid

BATCH_ROWS = 5000
REJECTED_AT_MOST = 0.01
"""Of a registry's rows: more are no misprints but a column, a region or a file that is wrong."""

TellStep = Callable[[str, int, float | None], None]
"""Is told the step ("reading", "listing"), how many rows or entries are done, and which share that is."""


def ignore_steps(_step: str, _done: int, _share: float | None) -> None:
    """For imports nobody watches."""


@dataclass(frozen=True)
class RegistryOf:
    """The registry a file is a copy of, and the day on which it was drawn."""

    name: str
    as_of: date
    accept_smaller: bool = False


@dataclass(frozen=True)
class SuppressionFile:
    """A file, how to read it, what holds where it says nothing, and the registry it is a whole copy of."""

    path: Path
    unsaid: Unsaid
    scope: Scope = EVERYWHERE
    registry: RegistryOf | None = None
    column: str | None = None
    region: str | None = None
    until: datetime | None = None
    encoding: str | None = None
    rejects_path: Path | None = None
    on_step: TellStep = ignore_steps


@dataclass
class SuppressionSummary:
    """What became of the rows: `rows` = `entries` + `repeated` + `rejected`; and what of the list."""

    rows: int = 0
    rejected: int = 0
    rejects_file: Path | None = None
    changes: ImportChanges = field(default_factory=ImportChanges)

    @property
    def repeated(self) -> int:
        """Rows that name an entry again, or somebody whose data was erased."""
        return self.rows - self.rejected - self.changes.entries

    def facts(self) -> dict[str, Any]:
        """The summary as programs read it."""
        changes = self.changes
        return {
            "rows": self.rows,
            "rejected": self.rejected,
            "repeated": self.repeated,
            "entries": changes.entries,
            "listed": changes.listed,
            "renewed": changes.renewed,
            "unchanged": changes.unchanged,
            "unlisted": changes.unlisted,
            "contacts_marked": changes.swept.marked,
            "contacts_made_to_wait": changes.swept.made_to_wait,
            "rejects_file": None if self.rejects_file is None else str(self.rejects_file),
        }


async def import_suppressions(
    pool: Pool, file: SuppressionFile, now: datetime, cache: ListedCache = NO_CACHE
) -> SuppressionSummary:
    """Import a CSV or XLSX file, or a plain list with a number on each line.

    Raises InvalidInput, with nothing changed, where the file cannot be read or shows no column of numbers;
    for a registry where `import_registry` does, or where too many rows were rejected.
    """
    with (
        open_records(ContactFile(file.path, file.encoding)) as records,
        open_rejects(_rejects_path(file)) as rejects,
    ):
        reading = _Reading(file, now, records.rows, rejects)
        changes = await _import(pool, file, reading.batches(), now, cache)
    reading.summary.changes = changes
    reading.summary.rejects_file = rejects.path if rejects.count else None
    return reading.summary


async def _import(
    pool: Pool,
    file: SuppressionFile,
    batches: Iterator[Sequence[StagedListing]],
    now: datetime,
    cache: ListedCache,
) -> ImportChanges:
    def tell(changes: ImportChanges, share: float) -> None:
        file.on_step("listing", changes.listed + changes.renewed + changes.unlisted, share)

    if file.registry is None:
        wanted = ListImport(file.scope, file.unsaid, on_progress=tell)
        return await import_listings(pool, batches, wanted, now, cache)
    of = file.registry
    copy = RegistryCopy(of.name, of.as_of, file.unsaid, of.accept_smaller, tell)
    return await import_registry(pool, batches, copy, now, cache)


def _rejects_path(file: SuppressionFile) -> Path:
    path = file.rejects_path or file.path.with_name(f"{file.path.stem}.rejects.csv")
    if path.absolute() == file.path.absolute():
        raise InvalidInput(f"--rejects {path} is the list itself: name another file")
    return path


@dataclass
class _Reading:
    file: SuppressionFile
    now: datetime
    records: Iterator[Record]
    rejects: RejectsFile
    summary: SuppressionSummary = field(default_factory=SuppressionSummary)

    def batches(self) -> Generator[list[StagedListing]]:
        first = list(islice(self.records, SAMPLE_ROWS))
        columns = find_suppression_columns(first, self.file.column, self.file.region)
        self.rejects.write_header(columns.names)
        rules = SuppressionRules(
            self.now, self.file.region, self.file.until, allows_prefixes=self.file.registry is None
        )
        rows = chain(first[columns.has_header :], self.records)
        while batch := list(islice(rows, BATCH_ROWS)):
            yield self._read(batch, columns, rules)
            self.file.on_step("reading", self.summary.rows, batch[-1].share)
        if self.file.registry and self.summary.rejected > self.summary.rows * REJECTED_AT_MOST:
            raise InvalidInput(
                f"{self.summary.rejected:,} of {self.summary.rows:,} rows hold no number: too many for a "
                "registry, and nothing was changed; name the column with --column, or the region of bare "
                f"numbers with --region; the rows are in {self.rejects.path}"
            )

    def _read(
        self, batch: Sequence[Record], columns: SuppressionColumns, rules: SuppressionRules
    ) -> list[StagedListing]:
        listings: list[StagedListing] = []
        for record in batch:
            read = read_suppression(record, columns, rules)
            if isinstance(read, NotANumber):
                self.rejects.write(record.number, read.reason, record.cells)
            else:
                listings.append(read)
        self.summary.rows += len(batch)
        self.summary.rejected = self.rejects.count
        return listings
