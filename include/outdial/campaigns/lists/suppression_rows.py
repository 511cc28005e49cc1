"""Rows of a suppression file made entries of a list: bare numbers, or what a list of ours was exported as."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from outdial.campaigns.lists.contact_columns import PHONE, ColumnHints, find_columns
from outdial.campaigns.lists.record import Record
from outdial.campaigns.lists.rejects import REASON, ROW
from outdial.domain.canonical_numbers import known_e164
from outdial.domain.errors import InvalidInput
from outdial.domain.moments import LAST_YEAR
from outdial.domain.phone_numbers import NotANumber, read_number
from outdial.domain.plain_text import as_it_was
from outdial.storage.staged_listings import StagedListing

KIND, PREFIX, NUMBER = "kind", "prefix", "number"
SAID = ("reason", "source", "listed_by", "until")
"""Columns that a row may have of its own, by the names an export gives them."""

_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}")


@dataclass(frozen=True)
class SuppressionRules:
    """How rows are read, at `now`: the region of bare numbers, and the end of entries that name none."""

    now: datetime
    region: str | None = None
    until: datetime | None = None
    allows_prefixes: bool = True


@dataclass(frozen=True)
class SuppressionColumns:
    """Where the number stands, in one column or several to be put together, and what else is said."""

    names: tuple[str, ...]
    number: tuple[int, ...]
    has_header: bool
    said: Mapping[str, int] = field(default_factory=dict[str, int])


def find_suppression_columns(
    first: Sequence[Record], column: str | None, region: str | None
) -> SuppressionColumns:
    """Read the columns from the first rows of a file, its header among them if it has one.

    `column` names the number's; `A+B` puts a number together from two. Raises InvalidInput where there is no
    such column, or none that holds telephone numbers.
    """
    parts = column.split("+") if column else []
    if len(parts) > 1:
        return _of_parts(first, parts)
    found = find_columns(first, ColumnHints({PHONE: column} if column else {}, region))
    header = first[0].cells if found.has_header else found.names
    return SuppressionColumns(header, (found.phone,), found.has_header, _said(header))


def read_suppression(
    record: Record, columns: SuppressionColumns, rules: SuppressionRules
) -> StagedListing | NotANumber:
    """The entry a row asks for, or why it cannot be one."""
    cells = record.cells
    text = "".join(cells[place] for place in columns.number if place < len(cells)).strip()
    if not columns.said:
        number = known_e164(text, rules.region) or _read(text, rules.region)
        return number if isinstance(number, NotANumber) else StagedListing(number, until=rules.until)
    said = {
        name: as_it_was(cells[place].strip()) or None
        for name, place in columns.said.items()
        if place < len(cells)
    }
    return _with_what_it_says(as_it_was(text), said, rules)


def _with_what_it_says(
    text: str, said: Mapping[str, str | None], rules: SuppressionRules
) -> StagedListing | NotANumber:
    is_prefix = (said.get(KIND) or NUMBER).casefold() == PREFIX
    number = (
        _read_prefix(text, rules)
        if is_prefix
        else known_e164(text, rules.region) or _read(text, rules.region)
    )
    if isinstance(number, NotANumber):
        return number
    until = _read_until(said.get("until"), rules)
    if isinstance(until, NotANumber):
        return until
    return StagedListing(
        number, is_prefix, said.get("reason"), said.get("source"), said.get("listed_by"), until
    )


def _of_parts(first: Sequence[Record], parts: Sequence[str]) -> SuppressionColumns:
    if not first:
        raise InvalidInput("the file has no rows")
    header = [cell.strip().casefold() for cell in first[0].cells]
    numbered = [f"column {place}" for place in range(1, len(header) + 1)]
    wanted = [part.strip().casefold() for part in parts]
    has_header = all(part in header for part in wanted)
    names = header if has_header else numbered
    if not all(part in names for part in wanted):
        raise InvalidInput(f"--column: there is no {'+'.join(parts)}; the columns are {', '.join(names)}")
    return SuppressionColumns(first[0].cells, tuple(names.index(part) for part in wanted), has_header)


def _said(header: Sequence[str]) -> dict[str, int]:
    names = [cell.strip().casefold() for cell in header]
    if names[:2] == [ROW, REASON]:
        names[:2] = ["", ""]  # a rejects file that was mended: its reason is why the row was rejected
    return {name: names.index(name) for name in (KIND, *SAID) if name in names}


def _read(text: str, region: str | None) -> str | NotANumber:
    number = read_number(text, region)
    if not isinstance(number, NotANumber):
        return number.e164
    if number.reason.startswith("has no country code"):
        return NotANumber("has no country code: name its region with --region")
    return number


def _read_prefix(text: str, rules: SuppressionRules) -> str | NotANumber:
    if not rules.allows_prefixes:
        return NotANumber("is a prefix; a registry holds whole numbers")
    return text if _PREFIX.fullmatch(text) else NotANumber("is no prefix; write it as +1900")


def _read_until(written: str | None, rules: SuppressionRules) -> datetime | NotANumber | None:
    if written is None:
        return rules.until
    try:
        until = datetime.fromisoformat(written)
    except ValueError:
        return NotANumber(f"its end {written!r} is no ISO 8601 time")
    if until.year > LAST_YEAR:
        return None  # 9999-12-31 is how lists write that there is no end
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return until if until > rules.now else NotANumber("its end has passed")
