"""Rows of a contact list as they stand in the file, whatever its kind; the import reads them one by one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from outdial.campaigns.lists.delimited_text import open_text
from outdial.campaigns.lists.record import Records
from outdial.campaigns.lists.spreadsheet import open_spreadsheet
from outdial.domain.errors import InvalidInput

_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class ContactFile:
    """A contact list. `encoding` is for text whose own cannot be told; None finds it out."""

    path: Path
    encoding: str | None = None


def open_records(file: ContactFile) -> AbstractContextManager[Records]:
    """The file's rows in order, its header first; blank lines are left out, but counted in the numbering.

    Memory does not grow with the file. Raises InvalidInput where it is no CSV or XLSX file.
    """
    head = _head(file.path)
    if head.startswith(_ZIP):
        return open_spreadsheet(file.path)
    if head.startswith(_OLD_OFFICE):
        raise InvalidInput(f"{file.path} is an old or locked Excel file: save it as XLSX or CSV, unlocked")
    return open_text(file.path, file.encoding)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            head = opened.read(8)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    if not head:
        raise InvalidInput(f"{path} is empty")
    return head
