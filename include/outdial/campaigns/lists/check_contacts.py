"""Reads a contact list as an import would and says what would become of it; writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from outdial.campaigns.lists.contact_columns import LINE, PHONE, REGION, ZONE, ColumnHints, Columns
from outdial.campaigns.lists.contact_list import ContactList, read_list, row_rules
from outdial.campaigns.lists.contact_records import ContactFile, open_records
from outdial.campaigns.lists.contact_rows import RejectedRow, Row, RowRules, read_row
from outdial.campaigns.lists.contact_zones import ZoneRules
from outdial.storage.campaigns import Campaign

SAMPLES = 3
EXAMPLES = 5
MOST_REASONS = 50


@dataclass(frozen=True)
class ProposedColumn:
    """A column of the list, what it would be taken for, and its first values."""

    name: str
    taken_for: str
    samples: tuple[str, ...]


@dataclass
class Reason:
    """Why rows would be rejected, or what is odd about them: how many, and the first of them by number."""

    times: int = 0
    example_rows: list[int] = field(default_factory=list)


@dataclass
class CheckedList:
    """What an import would do. `rows` = `importable` + `duplicates` + `rejected`."""

    columns: tuple[ProposedColumn, ...]
    notes: tuple[str, ...]
    rows: int = 0
    importable: int = 0
    duplicates: int = 0
    rejected: int = 0
    reasons: dict[str, Reason] = field(default_factory=dict)
    oddities: dict[str, Reason] = field(default_factory=dict)


def check_contacts(
    file: ContactFile, hints: ColumnHints, campaign: Campaign | None, year: int
) -> CheckedList:
    """Look at a whole list by the rules of `campaign`, or by the usual ones for numbers of the hints' region.

    Duplicates are those within the list. Raises InvalidInput as an import does.
    """
    with open_records(file) as records:
        contact_list = read_list(records, hints)
        notes = (contact_list.doubt,) if contact_list.doubt else ()
        checked = CheckedList(_proposed(contact_list), notes)
        seen: set[int] = set()
        for row, number in _read(contact_list, _rules(contact_list.columns, hints, campaign, year)):
            _count(checked, row, number, seen)
    return checked


def _rules(columns: Columns, hints: ColumnHints, campaign: Campaign | None, year: int) -> RowRules:
    if campaign is not None:
        return row_rules(columns, campaign, year)
    zones = ZoneRules("UTC", "strictest", year)
    return RowRules(columns, hints.default_region, strict_numbers=False, zones=zones)


def _read(contact_list: ContactList, rules: RowRules) -> Iterator[tuple[Row, int]]:
    return ((read_row(record, rules), record.number) for record in contact_list.rows)


def _count(checked: CheckedList, row: Row, number: int, seen: set[int]) -> None:
    checked.rows += 1
    if isinstance(row, RejectedRow):
        checked.rejected += 1
        _note(checked.reasons, row.reason, number)
        return
    for warning in row.warnings:
        _note(checked.oddities, warning, number)
    phone = int(row.contact.phone[1:])  # a quarter of the memory of the text, for a million of them
    if phone in seen:
        checked.duplicates += 1
    else:
        checked.importable += 1
        seen.add(phone)


def _note(reasons: dict[str, Reason], text: str, number: int) -> None:
    key = text if text in reasons or len(reasons) < MOST_REASONS else "other reasons"
    reason = reasons.setdefault(key, Reason())
    reason.times += 1
    if len(reason.example_rows) < EXAMPLES:
        reason.example_rows.append(number)


def _proposed(contact_list: ContactList) -> tuple[ProposedColumn, ...]:
    columns = contact_list.columns
    taken = {columns.phone: PHONE, columns.zone: ZONE, columns.region: REGION, columns.line: LINE}
    return tuple(
        ProposedColumn(name, taken.get(place, "kept as it is"), _samples(contact_list, place))
        for place, name in enumerate(columns.names)
    )


def _samples(contact_list: ContactList, place: int) -> tuple[str, ...]:
    values = (record.cells[place] for record in contact_list.sample if place < len(record.cells))
    return tuple(dict.fromkeys(value for value in values if value.strip()))[:SAMPLES]
