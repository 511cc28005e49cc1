"""Cells of the lists for spreadsheets: no formula, numbers unchanged, times on two clocks."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path

from outdial.domain.plain_text import as_plain_text

# A plus and digits alone compute nothing, and whoever joins the list by number needs it unchanged.
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def append_lines(path: Path, lines: Sequence[Sequence[object]]) -> None:
    """Add lines to a CSV file; every value as a spreadsheet may safely show it."""
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([safe_cell(_text(value)) for value in line] for line in lines)


def safe_cell(text: str) -> str:
    """`text` with a leading apostrophe where a spreadsheet would take it for a formula."""
    return text if _E164.fullmatch(text) else as_plain_text(text)


def time_cell(at: datetime | None, zone: tzinfo) -> str:
    """An instant on the clock of `zone`, with its offset."""
    return "" if at is None else at.astimezone(zone).isoformat(timespec="milliseconds")


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case _:
            return str(value)
