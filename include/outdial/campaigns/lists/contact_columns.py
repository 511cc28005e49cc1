"""Which columns of a contact list hold number, zone, region and line type, and what the others are called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from outdial.campaigns.lists.record import Record
from outdial.campaigns.lists.zone_texts import NotAZone, read_zone
from outdial.domain.errors import InvalidInput
from outdial.domain.line_types import read_line_type
from outdial.domain.phone_numbers import Number, read_number
from outdial.domain.regions import read_region

SAMPLE_ROWS = 200
PHONE, ZONE, REGION, LINE = "phone", "timezone", "region", "lineType"
ZONE_WORDS = frozenset({"tz", "zone", "zeitzone", "olson", "iana"})
REGION_WORDS = frozenset({
    "state",
    "region",
    "usstate",
    "statecode",
    "province",
    "st",
    "stateprovince",
    "bundesland",
})
LINE_WORDS = frozenset({
    "linetype",
    "phonetype",
    "numbertype",
    "phonelinetype",
    "phonenumbertype",
    "teltype",
    "carriertype",
    "telefontyp",
    "anschlussart",
})
PHONE_PARTS = (
    "phone", "mobile", "msisdn", "whatsapp", "telefon", "teléfono", "téléphone", "móvil", "celular",
    "handy", "телефон", "טלפון", "נייד", "هاتف", "جوال", "موبايل", "電話", "电话",
)  # fmt: skip
PHONE_WORDS = frozenset({"tel", "cell", "gsm", "portable", "msisdn"})
WEAK_PHONE_WORDS = frozenset({"number", "numbers", "no", "nr", "contact", "num"})
ENOUGH_NUMBERS = 0.3
FEWEST_DIGITS = 7
_DATE = re.compile(r"\s*(\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{4})\b")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Columns:
    """`names` of all columns, made distinct; the places of number, time zone, region and line type."""

    names: tuple[str, ...]
    phone: int
    zone: int | None
    region: int | None
    has_header: bool
    line: int | None = None


@dataclass(frozen=True)
class ColumnHints:
    """What a person said about the columns, `{target: column}`, and the region of bare numbers.

    Targets are `phone`, `timezone`, `region`, `lineType`, or a new name under which a column's values are
    kept.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    default_region: str | None = None


@dataclass(frozen=True)
class _Sample:
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    region: str | None

    def values(self, column: int) -> list[str]:
        cells = (row[column].strip() for row in self.rows if column < len(row))
        return list(islice((cell for cell in cells if cell), SAMPLE_ROWS))

    def share_of_numbers(self, column: int) -> float:
        values = self.values(column)
        return sum(looks_like_number(value, self.region) for value in values) / len(values) if values else 0.0

    def share_of_zones(self, column: int) -> float:
        values = self.values(column)
        return sum(not isinstance(read_zone(value), NotAZone) for value in values) / max(1, len(values))

    def share_of_regions(self, column: int) -> float:
        values = self.values(column)
        country = self.region or "US"
        return sum(read_region(value, country) is not None for value in values) / max(1, len(values))

    def share_of_lines(self, column: int) -> float:
        values = self.values(column)
        return sum(read_line_type(value) is not None for value in values) / max(1, len(values))


def looks_like_number(text: str, region: str | None) -> bool:
    """Whether a cell could be somebody's telephone number rather than a date, a price or a serial number."""
    if sum(character.isdigit() for character in text) < FEWEST_DIGITS or _DATE.match(text):
        return False
    return isinstance(read_number(text, region or "US"), Number)


def find_columns(first: Sequence[Record], hints: ColumnHints) -> Columns:
    """Read the columns from the first rows of a file, its header among them if it has one.

    Raises InvalidInput where no column, or none of the name given, holds telephone numbers.
    """
    if not first:
        raise InvalidInput("the file has no rows: give it a header and one row for each person")
    has_header = not any(looks_like_number(cell, hints.default_region) for cell in first[0].cells)
    width = max(len(record.cells) for record in first) if not has_header else len(first[0].cells)
    header = first[0].cells if has_header else ("",) * width
    names = _distinct(header)
    sample = _Sample(names, tuple(record.cells for record in first[has_header:]), hints.default_region)
    named = {target: _place(names, column) for target, column in hints.mapping.items()}
    phone, zone, region, line = (named.pop(target, None) for target in (PHONE, ZONE, REGION, LINE))
    return Columns(
        _renamed(names, named),
        _find_phone(sample) if phone is None else phone,
        _find_zone(sample) if zone is None else zone,
        _find_region(sample) if region is None else region,
        has_header,
        _find_line(sample) if line is None else line,
    )


def _find_phone(sample: _Sample) -> int:
    ranks = {column: _phone_rank(sample, column) for column in range(len(sample.header))}
    best = max(ranks, key=lambda column: (*ranks[column], -column))
    has_enough, header_says_so, _ = ranks[best]
    if has_enough or header_says_so > 1:
        return best
    raise InvalidInput(
        "no column of telephone numbers found: name it with --map phone=COLUMN; the columns are "
        + ", ".join(sample.header)
    )


def _phone_rank(sample: _Sample, column: int) -> tuple[bool, int, float]:
    share = sample.share_of_numbers(column)
    return share >= ENOUGH_NUMBERS, _header_strength(sample.header[column]), share


def _header_strength(header: str) -> int:
    """2 where the heading speaks of a telephone, 1 where of some number, else 0."""
    words = _WORD.findall(header.casefold())
    squeezed = "".join(words)
    if any(part in squeezed for part in PHONE_PARTS) or PHONE_WORDS.intersection(words):
        return 2
    return 1 if WEAK_PHONE_WORDS.intersection(words) else 0


def _find_zone(sample: _Sample) -> int | None:
    """A heading `timezone` is taken at its word; `zone` and `tz` may mean a district and must hold zones."""
    for column, header in enumerate(sample.header):
        squeezed = "".join(_WORD.findall(header.casefold()))
        if "timezone" in squeezed:
            return column
        if squeezed in ZONE_WORDS and sample.share_of_zones(column) >= ENOUGH_NUMBERS:
            return column
    return None


def _find_region(sample: _Sample) -> int | None:
    """A heading is not enough: a region may be one of the company's own, as North."""
    for column, header in enumerate(sample.header):
        squeezed = "".join(_WORD.findall(header.casefold()))
        if squeezed in REGION_WORDS and sample.share_of_regions(column) >= ENOUGH_NUMBERS:
            return column
    return None


def _find_line(sample: _Sample) -> int | None:
    for column, header in enumerate(sample.header):
        squeezed = "".join(_WORD.findall(header.casefold()))
        if squeezed in LINE_WORDS and sample.share_of_lines(column) >= ENOUGH_NUMBERS:
            return column
    return None


def _place(names: Sequence[str], wanted: str) -> int:
    folded = [name.casefold() for name in names]
    if wanted.strip().casefold() not in folded:
        raise InvalidInput(f"--map: there is no column {wanted!r}; the columns are {', '.join(names)}")
    return folded.index(wanted.strip().casefold())


def _distinct(header: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for place, cell in enumerate(header, 1):
        name = cell.replace("\x00", "").strip() or f"column {place}"
        while name in names:
            name = f"{name} ({place})"
        names.append(name)
    return tuple(names)


def _renamed(names: Sequence[str], named: Mapping[str, int]) -> tuple[str, ...]:
    targets = {place: target for target, place in named.items()}
    return tuple(targets.get(place, name) for place, name in enumerate(names))
