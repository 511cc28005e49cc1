"""Keeps a campaign in step with its `contactSource`: who is new comes in, who left is withdrawn."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from uuid import UUID

from outdial.campaigns.lists.contact_columns import SAMPLE_ROWS, ColumnHints, find_columns
from outdial.campaigns.lists.contact_list import row_rules
from outdial.campaigns.lists.contact_rows import Row, RowRules, read_row
from outdial.campaigns.lists.import_batches import Also, ImportRun, ImportSummary, update_summary
from outdial.campaigns.lists.merge_contacts import require_open
from outdial.campaigns.lists.record import Record
from outdial.campaigns.lists.rejects import open_rejects
from outdial.campaigns.lists.source_query import SourceRows, open_source
from outdial.domain.campaign import ContactSource
from outdial.domain.errors import InvalidInput
from outdial.storage.campaigns import Campaign, lock_campaign, read_campaign
from outdial.storage.imports import (
    FIRST,
    ImportProgress,
    NewImport,
    Sourced,
    begin_import,
    finish_import,
    hold_import,
    note_sourced,
    supersede_queries,
    withdraw_missing,
)
from outdial.storage.pool import Connection, Pool

BATCH_ROWS = 2000
WITHDRAWN_AT_ONCE = 1000
"""Takes PostgreSQL about a tenth of a second, for which the campaign and these contacts are locked."""
SUPERSEDED = "another process reads this campaign's source anew: the rest is withdrawn by that one"
NO_ROWS = "the query gave no rows, so nobody was withdrawn: a source that is empty is likelier to be broken"


async def sync_contacts(
    pool: Pool, campaign_id: UUID, source_dsn: str, now: datetime, rejects_path: Path
) -> ImportSummary:
    """Read the campaign's query from its start; rejected rows go to `rejects_path`.

    Raises InvalidInput where the campaign has no source or is over, or the query is wrong; Unavailable where
    the source does not answer. Whoever came in before that stays, and nobody is withdrawn.
    """
    async with pool.connection() as conn:
        campaign = await read_campaign(conn, campaign_id)
    require_open(campaign)
    source = campaign.config.contact_source
    if source is None:
        raise InvalidInput(f"campaign {campaign.slug} has no contactSource: add one to its config")
    async with open_source(source_dsn, source.query) as rows:
        return await _Sync(pool, campaign, source, now).run(rows, rejects_path)


class _Sync:
    def __init__(self, pool: Pool, campaign: Campaign, source: ContactSource, now: datetime) -> None:
        self._pool = pool
        self._campaign = campaign
        self._source = source
        self._now = now
        self._summary = ImportSummary()

    async def run(self, rows: SourceRows, rejects_path: Path) -> ImportSummary:
        summary = self._summary
        progress = await self._begin()
        run = ImportRun(self._pool, self._campaign, self._now, progress, self._note_sourced(progress.id))
        first = await rows.read(SAMPLE_ROWS)
        with open_rejects(rejects_path) as rejects:
            if first:
                rules = self._rules(rows.header, first)
                summary.phone_column = rules.columns.names[rules.columns.phone]
                rejects.write_header(rules.columns.names)
                async with aclosing(_batches(first, rows, rules)) as batches:
                    async for batch in batches:
                        await run.store(batch)
            await run.write_rejects(rejects)
            summary.rejects_file = rejects.path if rejects.count else None
        update_summary(summary, run.progress)
        await self._finish(run.progress)
        return summary

    async def _begin(self) -> ImportProgress:
        source = self._source
        written = json.dumps([source.connection, source.query, sorted(source.mapping.items())])
        digest = hashlib.sha256(written.encode()).hexdigest()
        async with self._pool.connection() as conn, conn.transaction():
            await supersede_queries(conn, self._campaign.id, self._now)
            new = NewImport(self._campaign.id, "query", source.connection, digest, source.mapping)
            return await begin_import(conn, new, self._now)

    def _rules(self, header: Record, first: Sequence[Record]) -> RowRules:
        hints = ColumnHints(self._source.mapping, self._campaign.config.default_region)
        columns = find_columns([header, *first], hints)
        return row_rules(columns, self._campaign, self._now.year)

    def _note_sourced(self, import_id: UUID) -> Also:
        async def note(conn: Connection, phones: Sequence[str]) -> None:
            if self._source.withdraw_missing:
                self._summary.restored += await note_sourced(conn, self._campaign.id, import_id, phones)

        return note

    async def _finish(self, progress: ImportProgress) -> None:
        if self._source.withdraw_missing and progress.rows:
            await self._withdraw(progress.id)
        elif self._source.withdraw_missing:
            self._summary.notes.append(NO_ROWS)
        async with self._pool.connection() as conn:
            await finish_import(conn, progress.id, self._now)

    async def _withdraw(self, import_id: UUID) -> None:
        """Withdraw who left, some at a time: calls and changes of the campaign get their turn in between.

        Cut off anywhere, the next reading finds those who are still to be withdrawn.
        """
        last: Sourced | None = FIRST
        while last is not None:
            async with self._pool.connection() as conn, conn.transaction():
                require_open(await lock_campaign(conn, self._campaign.id))
                if not await hold_import(conn, import_id):
                    raise InvalidInput(SUPERSEDED)
                piece = await withdraw_missing(conn, self._campaign.id, import_id, last, WITHDRAWN_AT_ONCE)
            self._summary.withdrawn += piece.contacts
            last = piece.last


async def _batches(first: Sequence[Record], rows: SourceRows, rules: RowRules) -> AsyncGenerator[list[Row]]:
    records = list(first)
    while records:
        yield await asyncio.to_thread(_read, records, rules)
        records = await rows.read(BATCH_ROWS)


def _read(records: Sequence[Record], rules: RowRules) -> list[Row]:
    return [read_row(record, rules) for record in records]
