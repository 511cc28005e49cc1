"""XLSX, read row by row; numbers come back as people saw them, not as 5.55E+10."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from outdial.campaigns.record import Record
from outdial.domain.errors import InvalidInput

_UNREADABLE = (BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, EOFError)


@contextmanager
def open_spreadsheet(path: Path) -> Generator[Iterator[Record]]:
    """The rows of a workbook's first sheet. Raises InvalidInput where it is no XLSX file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # openpyxl's, about styles and extensions it leaves out
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except _UNREADABLE as error:
            raise InvalidInput(
                f"{path} is not an XLSX file that can be read: save it anew or as CSV"
            ) from error
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # many writers state wrong ones
            yield _records(sheet.iter_rows(values_only=True), path)
        finally:
            book.close()


def _records(rows: Iterable[tuple[object, ...]], path: Path) -> Iterator[Record]:
    number = 0
    try:
        for number, cells in enumerate(rows, 1):
            record = Record(number, tuple(text_of(cell) for cell in cells))
            if not record.is_blank:
                yield record
    except _UNREADABLE as error:
        raise InvalidInput(f"{path} is damaged after row {number}: save it anew or as CSV") from error


def text_of(cell: object) -> str:
    """A cell's value as text: whole numbers in digits, dates as ISO 8601."""
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)
