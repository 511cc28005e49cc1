"""A contact list goes into a campaign: streamed, batch by batch, each row accounted for.

An import that was interrupted, even killed, goes on after its last committed row when it is started again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from outdial.campaigns.lists.contact_columns import ColumnHints
from outdial.campaigns.lists.contact_list import (
    ContactList,
    fingerprint,
    read_ahead,
    read_list,
    row_rules,
    skip_rows,
)
from outdial.campaigns.lists.contact_records import ContactFile, open_records
from outdial.campaigns.lists.import_batches import ImportRun, ImportSummary, update_summary
from outdial.campaigns.lists.merge_contacts import require_open
from outdial.campaigns.lists.rejects import RejectsFile, open_rejects
from outdial.domain.errors import InvalidInput
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.imports import (
    ImportProgress,
    NewImport,
    begin_import,
    drop_import,
    finish_import,
    unfinished_import,
)
from outdial.storage.pool import Pool

BATCH_ROWS = 2000

Tell = Callable[[ImportSummary, float | None], None]
"""Is told the summary so far, and which share of the file was read where that is known."""


def ignore_progress(_summary: ImportSummary, _share: float | None) -> None:
    """For imports nobody watches."""


@dataclass(frozen=True)
class ImportOptions:
    """How to read the file, where rejected rows go, and whom to tell of progress.

    `again` starts an interrupted import from its first row instead of going on with it.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    rejects_path: Path | None = None
    encoding: str | None = None
    on_progress: Tell = ignore_progress
    again: bool = False


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
        hints = ColumnHints(options.mapping, campaign.config.default_region)
        contact_list = await asyncio.to_thread(read_list, records, hints)
        progress = await _begin(pool, campaign, path, now, options)
        run = ImportRun(pool, campaign, now, progress)
        return await _import(run, contact_list, rejects, options.on_progress)


def _rejects_path(path: Path, options: ImportOptions) -> Path:
    rejects_path = options.rejects_path or path.with_name(f"{path.stem}.rejects.csv")
    if rejects_path.absolute() == path.absolute():
        raise InvalidInput(f"--rejects {rejects_path} is the list itself: name another file")
    return rejects_path


async def _begin(
    pool: Pool, campaign: Campaign, path: Path, now: datetime, options: ImportOptions
) -> ImportProgress:
    """The ledger's line of this import: the one that was interrupted, else a new one."""
    digest = await asyncio.to_thread(fingerprint, path, options.mapping, options.encoding)
    async with pool.connection() as conn, conn.transaction():
        interrupted = await unfinished_import(conn, campaign.id, digest)
        if interrupted and not options.again:
            return interrupted
        if interrupted:
            await drop_import(conn, interrupted.id)
        return await begin_import(
            conn, NewImport(campaign.id, "file", path.name, digest, options.mapping), now
        )


async def _import(
    run: ImportRun, contact_list: ContactList, rejects: RejectsFile, tell: Tell
) -> ImportSummary:
    columns = contact_list.columns
    summary = ImportSummary(phone_column=columns.names[columns.phone], resumed_at=run.progress.rows)
    if contact_list.doubt:
        summary.notes.append(contact_list.doubt)
    rejects.write_header(columns.names)
    try:
        await _store_all(run, contact_list, summary, tell)
    finally:
        # Of an import that ends early, too: its campaign may be over and nobody resume it.
        await run.write_rejects(rejects)
    async with run.pool.connection() as conn:
        await finish_import(conn, run.progress.id, run.now)
    update_summary(summary, run.progress)
    summary.rejects_file = rejects.path if rejects.count else None
    return summary


async def _store_all(run: ImportRun, contact_list: ContactList, summary: ImportSummary, tell: Tell) -> None:
    rules = row_rules(contact_list.columns, run.campaign, run.now.year)
    await asyncio.to_thread(skip_rows, contact_list.rows, run.progress.rows)
    async with aclosing(read_ahead(contact_list.rows, rules, BATCH_ROWS)) as batches:
        async for batch in batches:
            await run.store(batch.rows)
            update_summary(summary, run.progress)
            tell(summary, batch.share)
