"""Cells of the files people open in spreadsheets, written so that none of them is run as a formula.

An apostrophe in front makes a cell text in every spreadsheet. `as_it_was` takes it off again, so that our own
files can be mended and imported. Used by the rejects file and by reports.
"""

from __future__ import annotations

import re

# White space and marks nobody sees do not keep a spreadsheet from running what follows them; East Asian
# ones take the full-width signs for the ASCII ones. Apostrophes count, so that ours is never taken for
# one of the list's own.
_UNSEEN = r"[\s\x00-\x20\u00a0\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]*"
_FORMULA = re.compile(rf"'*(?:[\t\r\n]|{_UNSEEN}[=+\-@\uff1d\uff0b\uff0d\uff20])")


def as_plain_text(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def as_it_was(cell: str) -> str:
    """A cell before `as_plain_text`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
