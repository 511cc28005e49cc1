"""One row of a contact list becomes somebody to call, or the reason why not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from outdial.campaigns.lists.contact_columns import Columns
from outdial.campaigns.lists.contact_zones import ZoneRules, ZoneUnknown, choose_zones
from outdial.campaigns.lists.record import Record
from outdial.campaigns.lists.zone_texts import NotAZone, read_zone
from outdial.domain.channels import Channel, LineType, Reach
from outdial.domain.errors import InvalidInput
from outdial.domain.line_types import read_line_type, says_nothing
from outdial.domain.phone_numbers import NotANumber, Number, line_type_of, possible_zones, read_number
from outdial.domain.regions import read_region, regions_of_number
from outdial.storage.contacts import NewContact

MOST_METADATA_BYTES = 16_384
"""A contact's other columns travel with its dial task, and ten tasks share one SQS request of 1 MiB."""

UNASSIGNED = "number is possible but not assigned"
UNKNOWN_REGION = "region not understood, the number's is used"
UNKNOWN_LINE = "line type not understood, the number's is used"
CALLED_INSTEAD = "a landline takes no texts: called instead"
NOT_REACHED = "a landline takes no texts: not reached by this campaign"

BY_VOICE = Reach(Channel.VOICE)

_MOST_BYTES_PER_CHARACTER = 6


@dataclass(frozen=True)
class RowRules:
    """What the file and the campaign say about every row."""

    columns: Columns
    default_region: str | None
    strict_numbers: bool
    zones: ZoneRules
    reach: Reach = BY_VOICE


@dataclass(frozen=True, slots=True)
class ReadRow:
    """Somebody to call, with what is odd about them; `number` is the row's, 0 where there is none."""

    contact: NewContact
    warnings: tuple[str, ...]
    number: int = 0


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row nobody can be called by."""

    record: Record
    reason: str


Row = ReadRow | RejectedRow


def read_row(record: Record, rules: RowRules) -> Row:
    """Read one row by the rules of its file and campaign."""
    cells = [
        cell.replace("\x00", "") if "\x00" in cell else cell for cell in record.cells
    ]  # jsonb has no NUL
    try:
        _require_shape(record, cells, rules.columns)
        number = _number(cells[rules.columns.phone], rules)
        return _contact(record.number, cells, number, rules)
    except InvalidInput as refused:
        return RejectedRow(record, refused.problems[0])


def _require_shape(record: Record, cells: list[str], columns: Columns) -> None:
    """Fill a short row up. Raises InvalidInput where its cells cannot be those of the header."""
    width = len(columns.names)
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        raise InvalidInput(f"has {len(cells)} cells, the header {width}: quote cells that hold the delimiter")
    if record.lines > 1 and len(cells) < width:
        raise InvalidInput("runs over several lines and lacks cells: a quote is opened and not closed")
    cells += [""] * (width - len(cells))


def _number(cell: str, rules: RowRules) -> Number:
    number = read_number(cell.strip(), rules.default_region)
    if isinstance(number, NotANumber):
        raise InvalidInput(f"{rules.columns.names[rules.columns.phone]}: {number.reason}")
    if rules.strict_numbers and not number.assigned:
        raise InvalidInput("the number is assigned to nobody, and the campaign takes only assigned ones")
    return number


def _contact(row: int, cells: Sequence[str], number: Number, rules: RowRules) -> ReadRow:
    written = _zone(cells, rules.columns)
    chosen = choose_zones(written, possible_zones(number.e164), rules.zones)
    if isinstance(chosen, ZoneUnknown):
        raise InvalidInput(chosen.reason)
    regions, region_oddity = _regions(cells, number.e164, rules.columns)
    line, line_oddity = _line(cells, number.e164, rules.columns)
    contact = NewContact(number.e164, chosen.zones, _metadata(cells, rules.columns), regions, line)
    oddities = (
        None if number.assigned else UNASSIGNED,
        number.oddity,
        chosen.oddity,
        region_oddity,
        line_oddity,
        _begins_oddly(line, rules.reach),
    )
    return ReadRow(contact, tuple(oddity for oddity in oddities if oddity), row)


def _zone(cells: Sequence[str], columns: Columns) -> str | None:
    text = "" if columns.zone is None else cells[columns.zone].strip()
    zone = read_zone(text) if text else None
    if isinstance(zone, NotAZone):
        raise InvalidInput(zone.reason)
    return zone


def _regions(cells: Sequence[str], e164: str, columns: Columns) -> tuple[tuple[str, ...], str | None]:
    """The number's region and the list's: the law of both holds, since either may be where the person is."""
    of_number = regions_of_number(e164)
    written = "" if columns.region is None else cells[columns.region].strip()
    if not written:
        return of_number, None
    country = of_number[0][:2] if of_number else None
    region = read_region(written, country)
    if region is None:
        return of_number, UNKNOWN_REGION
    regions = {*of_number, region}
    # US adds nothing to US-FL, whose law includes it.
    narrow = {code for code in regions if not any(other.startswith(f"{code}-") for other in regions)}
    return tuple(sorted(narrow)), None


def _line(cells: Sequence[str], e164: str, columns: Columns) -> tuple[LineType, str | None]:
    """What the list says of the line holds, whatever the number says: people take their numbers along."""
    written = "" if columns.line is None else cells[columns.line]
    if not written or says_nothing(written):
        return line_type_of(e164), None
    line = read_line_type(written)
    return (line_type_of(e164), UNKNOWN_LINE) if line is None else (line, None)


def _begins_oddly(line: LineType, reach: Reach) -> str | None:
    if line is not LineType.LANDLINE or reach.first is not Channel.SMS:
        return None
    return NOT_REACHED if reach.begins_on(line) is None else CALLED_INSTEAD


def _metadata(cells: Sequence[str], columns: Columns) -> dict[str, str]:
    """The other cells, byte for byte. Raises InvalidInput where a dial task could not carry them."""
    metadata = {
        name: cells[place]
        for place, name in enumerate(columns.names)
        if place not in (columns.phone, columns.zone) and cells[place].strip()
    }
    if _bytes_at_most(metadata) > MOST_METADATA_BYTES and _bytes(metadata) > MOST_METADATA_BYTES:
        raise InvalidInput(f"its other cells hold more than {MOST_METADATA_BYTES // 1024} KiB together")
    return metadata


def _bytes_at_most(metadata: Mapping[str, str]) -> int:
    characters = sum(len(name) + len(value) + 2 for name, value in metadata.items())
    return characters * _MOST_BYTES_PER_CHARACTER


def _bytes(metadata: Mapping[str, str]) -> int:
    return len(json.dumps(metadata, ensure_ascii=False).encode())
