"""What fields of a scenario file are made of; both networks, of calls and of texts, are written in them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field


def _as_range(value: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    return (value, value) if isinstance(value, int | float) else value


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= value[0] <= value[1]:
        raise ValueError("must be one number or [least, most], neither negative")
    return value


def some_weight(weights: dict[str, float]) -> dict[str, float]:
    """Refuse weights of which nothing can be drawn."""
    if not sum(weights.values()):
        raise ValueError("at least one must have a weight above 0")
    return weights


Seconds = Annotated[tuple[float, float], BeforeValidator(_as_range), AfterValidator(_ordered)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]


STRICT = ConfigDict(extra="forbid", frozen=True)  # a field that a scenario does not know is a mistake
