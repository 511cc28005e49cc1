"""What the law of a place allows of a call: hours, holidays and how many calls a day, as data with sources.

The entries are in `jurisdictions.toml`. A jurisdiction can only narrow what a campaign allows: each one
that applies is asked, and all of them must agree.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from outdial.domain.calling_windows import CallingWindow


class Nature(StrEnum):
    """What kind of rule an entry is."""

    LAW = "law"
    CODE_OF_PRACTICE = "code of practice"
    CAUTION = "caution"
    """Ours, where no rule was found: people are not called at night or on their day of rest."""


class Evidence(StrEnum):
    """What was read when the entry was checked."""

    PRIMARY = "primary"
    """The text of the law or code itself, in a public copy."""
    SECONDARY = "secondary"
    """Only what others write about it."""


class Jurisdiction(BaseModel):
    """The rule of one place. `code` is ISO 3166 (`US`, `US-FL`); None in `calls_per_24_hours` is no limit.

    Where `closed_on_holidays`, the public holidays of the place (the calendar of the same code) are closed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    name: str = Field(min_length=1)
    windows: tuple[CallingWindow, ...] = Field(min_length=1)
    closed_on_holidays: bool = False
    calls_per_24_hours: int | None = Field(None, ge=1)
    nature: Nature = Nature.LAW
    source: str = Field(min_length=1)
    url: str = ""
    evidence: Evidence
    note: str = Field(min_length=1)
    checked: date


@cache
def known_jurisdictions() -> Mapping[str, Jurisdiction]:
    """Every entry by its code: a country before its parts, the parts in alphabetical order."""
    text = (resources.files("outdial.domain") / "jurisdictions.toml").read_text("utf-8")
    written = TypeAdapter(dict[str, dict[str, object]]).validate_python(tomllib.loads(text))
    entries = {code: Jurisdiction.model_validate({"code": code, **entry}) for code, entry in written.items()}
    return MappingProxyType(dict(sorted(entries.items())))


def jurisdictions_of(regions: Iterable[str]) -> tuple[Jurisdiction, ...]:
    """Those that apply to someone who may be in any of `regions`; `US-FL` stands under both US and US-FL.

    Each once, a country before its parts. A region without an entry has only what its country has, if any.
    """
    codes = {code for region in regions for code in (region.partition("-")[0], region)}
    return tuple(entry for code, entry in known_jurisdictions().items() if code in codes)
