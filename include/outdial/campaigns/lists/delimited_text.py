"""CSV as people have it: any delimiter, and the encodings spreadsheets write."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from outdial.campaigns.lists.record import Record, Records
from outdial.campaigns.lists.text_encoding import find_encoding, known_encoding
from outdial.domain.errors import InvalidInput

DELIMITERS = ",;\t|^~\x1f"
SAMPLE_CHARS = 65_536
SAMPLE_ROWS = 50
MOST_LINES = 100
"""A row of more lines is no row: somewhere a quote was opened and never closed."""

_NAMED_DELIMITER = re.compile(r'\ufeff?"?sep=(.)"?\r?\n?', re.IGNORECASE)


@dataclass(frozen=True)
class _Layout:
    delimiter: str
    is_named: bool
    """Whether Excel's own first line `sep=;` names it; spreadsheets do not show that line as a row."""


@contextmanager
def open_text(path: Path, encoding: str | None) -> Generator[Records]:
    """The rows of a CSV file. Raises InvalidInput where its text or its quotes cannot be read."""
    found = find_encoding(path) if encoding is None else known_encoding(encoding)
    with path.open(encoding=found.name, newline="") as opened:
        try:
            layout = _find_layout(opened.read(SAMPLE_CHARS))
        except UnicodeError as error:
            raise _not_in(found.name, path) from error
        opened.seek(0)
        if layout.is_named:
            opened.readline()
        yield Records(_records(opened, path, layout.delimiter), found.doubt)


def _not_in(encoding: str, path: Path) -> InvalidInput:
    return InvalidInput(f"{path} is not all {encoding} text: name its encoding with --encoding")


def _find_layout(sample: str) -> _Layout:
    named = _NAMED_DELIMITER.match(sample)
    return _Layout(named[1], is_named=True) if named else _Layout(find_delimiter(sample), is_named=False)


def find_delimiter(sample: str) -> str:
    """What separates the cells: whatever splits the rows most evenly into as many cells as the header has."""
    return max(DELIMITERS, key=lambda delimiter: _evenness(sample, delimiter))


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        widths = [len(cells) for cells, _ in zip(reader, range(SAMPLE_ROWS), strict=False) if cells]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] == 1:
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


def _records(opened: TextIO, path: Path, delimiter: str) -> Iterator[Record]:
    size = max(1, path.stat().st_size)
    reader = csv.reader(opened, delimiter=delimiter)
    line = 0
    for number, cells in enumerate(_readable(reader, path), 1):
        if number == 1 and cells:
            cells[0] = cells[0].removeprefix("\ufeff")
        record = Record(number, tuple(cells), opened.buffer.tell() / size, reader.line_num - line)
        line = reader.line_num
        if record.lines > MOST_LINES:
            raise InvalidInput(
                f"{path} row {number}: a quote is opened and not closed within {MOST_LINES} lines"
            )
        if not record.is_blank:
            yield record


def _readable(reader: Iterable[list[str]], path: Path) -> Iterator[list[str]]:
    number = 1
    try:
        for number, cells in enumerate(reader, 2):  # noqa: B007 - the row the next one fails in
            yield cells
    except csv.Error as error:
        raise InvalidInput(f"{path} row {number}: {error}; look for a quote that is not closed") from error
    except UnicodeDecodeError as error:
        raise _not_in(error.encoding, path) from error
