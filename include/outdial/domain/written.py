"""What all parts of a written campaign share: camelCase, nothing unknown, faults said in a sentence each."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Discriminator, ValidationError
from pydantic.alias_generators import to_camel

WORD, LONGHAND = "a word", "in full"


class Written(BaseModel):
    """A part of a campaign's file."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


def _kind_of(written: object) -> str:
    return WORD if isinstance(written, str) else LONGHAND


WORD_OR_LONGHAND = Discriminator(_kind_of)
"""Tells forms tagged WORD and LONGHAND apart, so that what is wrong is said of the one that was meant."""


def field_problems(error: ValidationError) -> list[str]:
    """One sentence for each wrong field: its path, what is wrong, and what stands there."""
    problems = error.errors()
    # A list whose only item is wrong is also "too short": the item says it better.
    wrong_inside = {problem["loc"][:depth] for problem in problems for depth in range(len(problem["loc"]))}
    return [
        _sentence(problem["loc"], problem["msg"], problem.get("input"))
        for problem in problems
        if not (problem["type"] == "too_short" and problem["loc"] in wrong_inside)
    ]


def _sentence(path: tuple[int | str, ...], message: str, given: Any) -> str:  # noqa: ANN401 - any input
    place = ".".join(str(part) for part in path if part not in {WORD, LONGHAND}) or "the file"
    message = message.removeprefix("Value error, ")
    shown = "" if isinstance(given, dict | list) or given is None else f" (given: {str(given)[:60]!r})"
    return f"{place}: {message}{shown}"
