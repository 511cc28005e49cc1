"""Lines of text as wide as the terminal, for answers that are sentences."""

from __future__ import annotations

import shutil
import textwrap
from datetime import datetime
from zoneinfo import ZoneInfo

WIDEST = 100


def width() -> int:
    """Columns to write in: the terminal's, but no more than are easily read."""
    return min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)


def paragraph(text: str, first: str = "", rest: str | None = None) -> str:
    """`text` over as many lines as it needs, the first after `first`, the others indented alike."""
    indent = " " * len(first) if rest is None else rest
    return textwrap.fill(
        text,
        max(width(), len(indent) + 20),
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def moment(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """An instant on the wall clock of `zone`; the year only where it is not this one."""
    there = at.astimezone(zone)
    year = "" if there.year == now.astimezone(zone).year else f" {there.year}"
    return f"{there:%a %-d %b}{year} {there:%H:%M}"
