"""Texts with places for what is known of a contact: `Hello {{firstName|friend}}`; spoken, and sent.

After the bar stands what is said where the contact has no such field. A text is filled whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from outdial.domain.errors import InvalidInput

_SLOT = re.compile(r"\{\{([^{}|]*)(?:\|([^{}]*))?\}\}")
_BRACES = re.compile(r"\{\{|\}\}")


class ValueMissing(InvalidInput):
    """The contact has no such field, and the text no default for it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a text; `default` None where the text gives none."""

    field: str
    default: str | None


def slots_of(text: str) -> tuple[Slot, ...]:
    """The places of a text, in their order."""
    return tuple(_slot(match) for match in _SLOT.finditer(text))


def template_problem(text: str) -> str | None:
    """What is wrong with how places are written; None for a text that can be filled."""
    if any(not slot.field for slot in slots_of(text)):
        return "has {{}} without a field; write {{firstName}}, or {{firstName|friend}}"
    if _BRACES.search(_SLOT.sub("", text)):
        return "has a {{ or }} without its other half; write {{firstName}}, or {{firstName|friend}}"
    return None


def fill(text: str, metadata: Mapping[str, Any], takes: Callable[[str], bool] = lambda _value: True) -> str:
    """The text for one contact. A value that `takes` refuses counts as missing.

    Raises ValueMissing, which names the field.
    """

    def value_of(match: re.Match[str]) -> str:
        slot = _slot(match)
        value = as_text(metadata.get(slot.field))
        if value and takes(value):
            return value
        if slot.default is None:
            raise ValueMissing(f'the contact has no "{slot.field}", and the text has no default for it')
        return slot.default

    return _SLOT.sub(value_of, text)


def as_text(value: object) -> str:
    """A field's value as it is read out: on one line, whole numbers without a point; empty for none."""
    if value is None or isinstance(value, bool | dict | list):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())


def _slot(match: re.Match[str]) -> Slot:
    default = match.group(2)
    return Slot(match.group(1).strip(), default if default is None else default.strip())
