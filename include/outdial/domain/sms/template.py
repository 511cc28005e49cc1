"""The text for one contact, from the campaign's template: whole, counted and split, or not at all.

How places are written is `outdial.domain.templates`, for texts that are spoken and sent alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outdial.domain.sms.encoding import SplitText, split_text
from outdial.domain.sms.plain import in_plain_characters
from outdial.domain.templates import fill, template_problem


def message_problem(template: str) -> str | None:
    """Why no text can be made of the template, in words that follow its field; None where one can."""
    if not template.strip():
        return "is empty; write what is to be sent"
    return template_problem(template)


def message_for(metadata: Mapping[str, Any], template: str, *, plain: bool = False) -> SplitText:
    """The text for a contact; where `plain`, with plain characters for typographic ones if that saves parts.

    Raises ValueMissing, which names the field the contact lacks, and InvalidInput for what cannot be sent.
    """
    text = fill(template, metadata)
    return split_text(in_plain_characters(text) if plain else text)
