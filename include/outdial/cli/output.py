"""How commands answer: JSON for programs, plain lines and tables for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON on standard output.")]


def print_json(answer: Any) -> None:  # noqa: ANN401 - anything JSON can hold; the rest as its text
    """One JSON document on one line, so that it can be piped; dates and ids as text."""
    print(json.dumps(answer, default=str, ensure_ascii=False), flush=True)


def print_error_json(problems: Sequence[str]) -> None:
    """What went wrong, for programs: `{"errors": […]}`."""
    print_json({"errors": list(problems)})


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows under their headings, as wide as they need to be where the output is no terminal."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(columns, *texts, strict=True)]
    for line in (columns, *texts):
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
