"""XLSX, read row by row; numbers come back as people typed them, whatever the cell's format made of them."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from zipfile import BadZipFile
from zlib import error as ZlibError  # noqa: N812 - it is an exception

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from outdial.campaigns.lists.record import Record, Records
from outdial.domain.errors import InvalidInput

_UNREADABLE = (
    BadZipFile,
    InvalidFileException,
    ParseError,
    ZlibError,
    KeyError,
    ValueError,
    EOFError,
    IndexError,
)
_NO_DURATION = timedelta(days=3_000_000)
"""Longer than any; a telephone number in a column formatted as hours comes to more."""


@contextmanager
def open_spreadsheet(path: Path) -> Generator[Records]:
    """The rows of a workbook's first visible sheet. Raises InvalidInput where it is no XLSX file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # openpyxl's, about styles and extensions it leaves out
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except _UNREADABLE as error:
            raise InvalidInput(
                f"{path} is not an XLSX file that can be read: save it anew or as CSV"
            ) from error
        try:
            sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
            doubt = None
            if len(sheets) > 1:
                doubt = f"only the first sheet, {sheets[0].title!r}, was read; the workbook has {len(sheets)}"
            yield Records(_records(book, sheets[0], path), doubt)
        finally:
            book.close()


class _Parser(WorkSheetParser):
    """Keeps what openpyxl drops: a formula never calculated, a number too large for a date."""

    def parse_cell(self, element: Element) -> dict[str, Any]:
        cell = super().parse_cell(element)
        if cell["value"] is None:
            formula = element.findtext(FORMULA_TAG)
            cell["value"] = f"={formula}" if formula else None
        elif cell["data_type"] == "e" and element.get("t", "n") == "n":
            cell["value"] = float(element.findtext(VALUE_TAG) or 0)
        return cell


def _records(book: Workbook, sheet: ReadOnlyWorksheet, path: Path) -> Iterator[Record]:
    total = sheet.max_row or 0  # as the file states it: many state a wrong one
    number = 0
    try:
        for number, cells in _rows(book, sheet):
            share = number / total if number <= total else None
            record = Record(number, cells, share)
            if not record.is_blank:
                yield record
    except _UNREADABLE as error:
        raise InvalidInput(f"{path} is damaged after row {number}: save it anew or as CSV") from error


def _rows(book: Any, sheet: Any) -> Iterator[tuple[int, tuple[str, ...]]]:  # noqa: ANN401 - untyped inside
    with sheet._get_source() as source:  # noqa: SLF001 - as openpyxl's own read-only sheet reads itself
        parser = _Parser(
            source,
            sheet._shared_strings,  # noqa: SLF001
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        for number, cells in parser.parse():
            yield number, _texts(cells)


def _texts(cells: list[dict[str, Any]]) -> tuple[str, ...]:
    texts = [""] * max((cell["column"] for cell in cells), default=0)
    for cell in cells:
        texts[cell["column"] - 1] = text_of(cell["value"])
    return tuple(texts)


def text_of(cell: object) -> str:
    """A cell's value as text: whole numbers in digits, dates as ISO 8601."""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case date() | time():
            return cell.isoformat()
        case timedelta() if cell > _NO_DURATION:
            return str(cell.days)
        case _:
            return str(cell)
