"""One row of a contact list becomes somebody to call, or the reason why not."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from outdial.campaigns.contact_columns import Columns, zones_by_folded_name
from outdial.campaigns.record import Record
from outdial.domain.phone_numbers import NotANumber, Number, possible_zones, read_number
from outdial.storage.contacts import NewContact

MOST_METADATA_BYTES = 16_384
"""A contact's other columns travel with its dial task, and ten tasks share one SQS request of 1 MiB."""

UNASSIGNED = "number is possible but not assigned"
NO_ZONE = "zone unknown, the campaign's is used"

_SHORTENED = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,2}")
_INTERNATIONAL = re.compile(r"[\s'(]*00[\s-]*(?=[1-9])")


@dataclass(frozen=True)
class RowRules:
    """What the file and the campaign say about every row."""

    columns: Columns
    default_region: str | None
    strict_numbers: bool
    campaign_zone: str


@dataclass(frozen=True)
class ReadRow:
    """Somebody to call, with what is odd about them."""

    contact: NewContact
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class RejectedRow:
    """A row nobody can be called by."""

    record: Record
    reason: str


def read_row(record: Record, rules: RowRules) -> ReadRow | RejectedRow:
    """Read one row by the rules of its file and campaign."""
    cells = [cell.replace("\x00", "").strip() for cell in record.cells]
    misshapen = _why_misshapen(record, cells, rules.columns)
    if misshapen:
        return RejectedRow(record, misshapen)
    cells += [""] * (len(rules.columns.names) - len(cells))
    number = read_written_number(cells[rules.columns.phone], rules.default_region)
    if isinstance(number, NotANumber):
        return RejectedRow(record, f"{rules.columns.names[rules.columns.phone]}: {number.reason}")
    if rules.strict_numbers and not number.assigned:
        return RejectedRow(
            record, "the number is assigned to nobody, and the campaign takes only assigned ones"
        )
    return _with_zone(record, cells, number, rules)


def read_written_number(text: str, default_region: str | None) -> Number | NotANumber:
    """A number as lists have it; 00 before a country code is read as +, wherever the list comes from."""
    if not text:
        return NotANumber("empty")
    if _SHORTENED.fullmatch(text):
        return NotANumber(
            "was shortened by a spreadsheet; format the column as text and write the number anew"
        )
    if _INTERNATIONAL.match(text):
        number = read_number(_INTERNATIONAL.sub("+", text, count=1), default_region)
        if isinstance(number, Number):
            return number
    return read_number(text, default_region)


def _why_misshapen(record: Record, cells: Sequence[str], columns: Columns) -> str | None:
    if any(cells[len(columns.names) :]):
        return f"has {len(cells)} cells, the header {len(columns.names)}: quote cells that hold the delimiter"
    if record.lines > 1 and len(cells) < len(columns.names):
        return "runs over several lines and lacks cells: a quote is opened and not closed"
    return None


def _with_zone(
    record: Record, cells: Sequence[str], number: Number, rules: RowRules
) -> ReadRow | RejectedRow:
    written = "" if rules.columns.zone is None else cells[rules.columns.zone]
    zone = zones_by_folded_name().get(written.casefold().replace(" ", "_"))
    if written and zone is None:
        return RejectedRow(
            record, f"{written!r} is no time zone; write one like America/New_York, or nothing"
        )
    zones = (zone,) if zone else possible_zones(number.e164)
    metadata = _metadata(cells, rules.columns)
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > MOST_METADATA_BYTES:
        return RejectedRow(
            record, f"its other cells hold more than {MOST_METADATA_BYTES // 1024} KiB together"
        )
    odd = (UNASSIGNED if not number.assigned else None, NO_ZONE if not zones else None)
    contact = NewContact(number.e164, zones or (rules.campaign_zone,), metadata)
    return ReadRow(contact, tuple(warning for warning in odd if warning))


def _metadata(cells: Sequence[str], columns: Columns) -> dict[str, str]:
    return {
        name: cells[place]
        for place, name in enumerate(columns.names)
        if cells[place] and place not in {columns.phone, columns.zone}
    }
