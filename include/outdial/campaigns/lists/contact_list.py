"""A contact list whose columns are known, read batch by batch while the last batch is being stored."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from outdial.campaigns.lists.contact_columns import SAMPLE_ROWS, ColumnHints, Columns, find_columns
from outdial.campaigns.lists.contact_rows import Row, RowRules, read_row
from outdial.campaigns.lists.contact_zones import ZoneRules
from outdial.campaigns.lists.record import Record, Records
from outdial.campaigns.lists.rejects import as_given
from outdial.storage.campaigns import Campaign

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class ContactList:
    """The rows below the header. `sample` are the first of them, which `rows` gives as well."""

    columns: Columns
    rows: Iterator[Record]
    sample: Sequence[Record]
    doubt: str | None


@dataclass(frozen=True)
class Batch:
    """Some rows as they were read; `share` is how much of the file lies behind them, where that is known."""

    rows: Sequence[Row]
    share: float | None


def read_list(records: Records, hints: ColumnHints) -> ContactList:
    """Find the columns by the first rows. Raises InvalidInput where none holds telephone numbers."""
    rows = as_given(records.rows)
    first = list(islice(rows, SAMPLE_ROWS))
    columns = find_columns(first, hints)
    sample = first[columns.has_header :]
    return ContactList(columns, chain(sample, rows), sample, records.doubt)


def row_rules(columns: Columns, campaign: Campaign, year: int) -> RowRules:
    """What a campaign says about the rows of a list; clocks of zones are compared over `year`."""
    config = campaign.config
    zones = ZoneRules(campaign.timezone, config.unknown_zones, year)
    return RowRules(columns, config.default_region, config.strict_numbers, zones, campaign.reach)


def skip_rows(rows: Iterator[Record], n: int) -> None:
    """Read over the first `n` rows."""
    deque(islice(rows, n), maxlen=0)


def read_batch(rows: Iterator[Record], rules: RowRules, n: int) -> Batch:
    """The next `n` rows, or fewer at the end."""
    records = list(islice(rows, n))
    return Batch([read_row(record, rules) for record in records], records[-1].share if records else None)


async def read_ahead(rows: Iterator[Record], rules: RowRules, n: int) -> AsyncGenerator[Batch]:
    """Batch after batch, the next being read in a thread while the caller works on the last."""
    reading = asyncio.create_task(asyncio.to_thread(read_batch, rows, rules, n))
    try:
        while (batch := await reading).rows:
            reading = asyncio.create_task(asyncio.to_thread(read_batch, rows, rules, n))
            yield batch
    finally:
        await asyncio.wait([reading])  # the file must not be closed under the thread


def fingerprint(path: Path, mapping: Mapping[str, str], encoding: str | None) -> str:
    """A digest of a file's content and of how it is to be read."""
    digest = hashlib.sha256(json.dumps([sorted(mapping.items()), encoding]).encode())
    with path.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
