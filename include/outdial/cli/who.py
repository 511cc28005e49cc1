"""Who gives a command: asked by every command whose doing is written down."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

By = Annotated[str | None, typer.Option(help="Who does it. Default: you.")]


def who(by: str | None) -> str:
    """The name to write down: the one that was given, else the user of this machine."""
    if by and by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "command line"
