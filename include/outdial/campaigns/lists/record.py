"""One row of a contact list, before anybody knows what its columns mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """`number` is the row's as a spreadsheet shows it (the header is 1).

    `share` is how much of the file has been read by then, 0 to 1, where that is known;
    `lines` is more than 1 where quoted cells hold line breaks.
    """

    number: int
    cells: tuple[str, ...]
    share: float | None = None
    lines: int = 1

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in any cell."""
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True)
class Records:
    """The rows of a list in order; `doubt` is a sentence where how they were read is a guess."""

    rows: Iterator[Record]
    doubt: str | None = None
