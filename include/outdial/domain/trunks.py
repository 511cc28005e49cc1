"""The trunks of a campaign: their limits, and whose turn it is. `config.trunks` of a campaign file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from outdial.domain.written import Written

FAILING = 0.1
"""A trunk whose pace was lowered this far has lost nearly all its calls for a while."""

_NAME = r"^[A-Za-z0-9_.-]{1,64}$"


class Trunk(Written):
    """One trunk, named as Asterisk names its endpoint; a name alone is a trunk without limits of its own.

    `cps` is the most calls begun a second and `channels` the most at once, by all campaigns together.
    Calls are shared out by `weight`; a trunk of weight 0 stands by for when no other can take calls.
    """

    name: Annotated[str, StringConstraints(pattern=_NAME)]
    cps: float | None = Field(default=None, gt=0, le=10_000)
    channels: int | None = Field(default=None, ge=1, le=100_000)
    weight: float = Field(default=1, ge=0, le=1000)

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, written: object) -> object:
        if not isinstance(written, str):
            return written
        if not re.match(_NAME, written):
            raise ValueError("a trunk's name has up to 64 letters, digits, dots, hyphens and underscores")
        return {"name": written}


def _fit_together(trunks: tuple[Trunk, ...]) -> tuple[Trunk, ...]:
    names = [trunk.name for trunk in trunks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"{', '.join(twice)} stands there more than once; write all about a trunk in one place"
        )
    if not any(trunk.weight for trunk in trunks):
        raise ValueError("every trunk only stands by (weight 0); give one of them a weight")
    return trunks


Trunks = Annotated[tuple[Trunk, ...], Field(min_length=1), AfterValidator(_fit_together)]


def shares_of(trunks: Sequence[Trunk], health: Mapping[str, float]) -> dict[str, float]:
    """The share of calls each trunk is to get now, by name; trunks that get none are left out.

    `health` is between 0 (takes no calls) and 1 for each trunk, 1 where nothing is said. Trunks that stand
    by get calls only while every other fails or takes none; one that fails keeps its small share, by whose
    calls it is seen to recover.
    """
    weighted = {trunk.name: trunk.weight * health.get(trunk.name, 1) for trunk in trunks if trunk.weight}
    shares = {name: share for name, share in weighted.items() if share > 0}
    if any(health.get(name, 1) > FAILING for name in shares):
        return shares
    usual = max(trunk.weight for trunk in trunks)
    standing_by = {trunk.name: usual * health.get(trunk.name, 1) for trunk in trunks if not trunk.weight}
    return shares | {name: share for name, share in standing_by.items() if share > 0}


class TrunkTurns:
    """Takes trunks in turn by their shares, as evenly mixed as can be (smooth weighted round robin)."""

    def __init__(self) -> None:
        self._credit: dict[str, float] = {}

    def take(self, shares: Mapping[str, float]) -> str:
        """The trunk whose turn it is; `shares` names at least one."""
        # A trunk that was away for a while has nothing to make up for.
        self._credit = {name: self._credit.get(name, 0) + share for name, share in shares.items()}
        chosen = max(self._credit, key=lambda name: self._credit[name])
        self._credit[chosen] -= sum(shares.values())
        return chosen
