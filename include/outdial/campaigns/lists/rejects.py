"""The rejects file: every row not taken, with its number and the reason, to be mended and given again."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

from outdial.campaigns.lists.record import Record
from outdial.domain.errors import InvalidInput
from outdial.domain.plain_text import as_it_was, as_plain_text

ROW, REASON = "row", "reason"
"""The two columns a rejects file has before those of the list."""


class RejectsFile:
    """Takes rejected rows one by one; `count` is how many."""

    def __init__(self, path: Path) -> None:
        """Opens a file beside `path`. Raises InvalidInput where nothing may be written there."""
        self.path = path
        self.count = 0
        self._partial = path.with_name(path.name + ".part")
        try:
            # With a byte order mark, since spreadsheets take UTF-8 without one for something else.
            self._opened = self._partial.open(
                "w", encoding="utf-8-sig", newline="", errors="backslashreplace"
            )
        except OSError as error:
            raise InvalidInput(
                f"rejected rows cannot be written to {path} ({error.strerror}): say where with --rejects PATH"
            ) from error
        self._writer = csv.writer(self._opened)

    def write_header(self, names: Sequence[str]) -> None:
        """The original columns, after the row's number and the reason."""
        self._write([ROW, REASON, *names])

    def write(self, number: int, reason: str, cells: Sequence[str]) -> None:
        """One rejected row, its cells as they were."""
        self.count += 1
        self._write([str(number), reason, *cells])

    def close(self) -> None:
        """Give the file its name, or leave none where every row was taken."""
        self._opened.close()
        if self.count:
            self._partial.replace(self.path)
        else:
            self._partial.unlink()

    def _write(self, cells: Sequence[str]) -> None:
        self._writer.writerow([as_plain_text(cell) for cell in cells])


@contextmanager
def open_rejects(path: Path) -> Generator[RejectsFile]:
    """A rejects file that is complete, however the import ends."""
    rejects = RejectsFile(path)
    try:
        yield rejects
    finally:
        rejects.close()


def as_given(rows: Iterator[Record]) -> Iterator[Record]:
    """The rows of a list; of a mended rejects file those of the list it came from, our marks taken off."""
    first = next(rows, None)
    if first is None:
        return
    if first.cells[:2] != (ROW, REASON):
        yield from chain((first,), rows)
        return
    for record in chain((first,), rows):
        yield replace(record, cells=tuple(as_it_was(cell) for cell in record.cells[2:]))
