"""Texts with places for what is known of a contact: `Hello {{firstName|friend}}`; spoken, and sent.

After the bar stands what is said where the contact has no such field. A text is filled whole or not at all.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from outdial.domain.errors import InvalidInput

_SLOT = re.compile(r"\{\{([^{}|]*)(?:\|([^{}]*))?\}\}")
_BRACES = re.compile(r"\{\{|\}\}")

_NEVER_IN_A_VALUE = {"Cc", "Cs"}
"""Control characters, and halves of characters: what a broken export leaves behind."""

_UNSEEN = frozenset("\u00ad\u200b\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks nobody reads: byte order, places to break a line, and those that turn around what comes after them.

The single marks of direction and the joiners stay: names in Hebrew, Arabic and Persian are written with them.
"""


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


def unknown_fields(text: str, columns: Collection[str]) -> list[str]:
    """One sentence for each field of the text that no column of the list is, in words that follow its place.

    Fields with a default count: where no contact can have the field, the name is as likely a slip.
    """
    unknown = dict.fromkeys(slot.field for slot in slots_of(text) if slot.field not in columns)
    return [f'names "{field}", which the list has not; {_advice(field, columns)}' for field in unknown]


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
    """A field's value as it is said and sent: on one line, whole numbers without a point; empty for none."""
    if value is None or isinstance(value, bool | dict | list):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join("".join(map(_kept, str(value))).split())


def _kept(character: str) -> str:
    if character in _UNSEEN:
        return ""
    return " " if unicodedata.category(character) in _NEVER_IN_A_VALUE else character


def _advice(field: str, columns: Collection[str]) -> str:
    by_letters = {column.casefold(): column for column in columns}
    near = difflib.get_close_matches(field.casefold(), by_letters, n=1)
    return f'write "{by_letters[near[0]]}"' if near else "correct the name, or import the field"


def _slot(match: re.Match[str]) -> Slot:
    default = match.group(2)
    return Slot(match.group(1).strip(), default if default is None else default.strip())
