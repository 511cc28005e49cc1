"""Reads `.sql` files of named statements.

A statement starts at a line `-- name`, followed by comment lines that say in a sentence what it does.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import LiteralString, cast

_NAME_LINE = re.compile(r"^-- ([a-z_]+)$", re.MULTILINE)


def load_queries(noun: str) -> dict[str, LiteralString]:
    """The statements of `storage/<noun>.sql`, by name."""
    text = (resources.files("outdial.storage") / f"{noun}.sql").read_text("utf-8")
    _, *parts = _NAME_LINE.split(text)
    names, bodies = parts[0::2], parts[1::2]
    return {name: cast("LiteralString", body.strip()) for name, body in zip(names, bodies, strict=True)}
