"""`--with FIELD=VALUE`: what is known of a contact, for commands that try a flow or a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from outdial.domain.errors import InvalidInput

FieldValues = Annotated[
    list[str] | None,
    typer.Option(
        "--with", metavar="FIELD=VALUE", help="What is known of the contact, for branches and texts."
    ),
]


def read_field_values(written: Iterable[str] | None) -> dict[str, str]:
    """The fields, by name. Raises InvalidInput for one without a name or an equals sign."""
    return dict(_pair(pair) for pair in written or ())


def _pair(written: str) -> tuple[str, str]:
    name, equals, value = written.partition("=")
    if not equals or not name.strip():
        raise InvalidInput(f"--with {written!r} is no FIELD=VALUE; write one like language=he")
    return name.strip(), value
