"""The numbers a campaign calls from: which may be shown to whom, how often, and whose turn it is.

`config.callerIds` of a campaign file. A use is a call begun with the number, by whatever campaign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from outdial.domain.dial_task import E164
from outdial.domain.regions import is_shaped_as_region
from outdial.domain.written import Written

A_SECOND = timedelta(seconds=1)
DAY = timedelta(hours=24)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class UseLimit:
    """At most `uses` within any stretch of time as long as `within`."""

    uses: int
    within: timedelta


def _shaped_as_region(code: str) -> str:
    if not is_shaped_as_region(code):
        raise ValueError("write a country or its part in capitals, as US or US-NY")
    return code


class CallerId(Written):
    """One number to call from; a number alone is one for everybody, without limits.

    `regions` are those it is shown in: a country, or its part (`US`, `US-NY`). `daily_cap` counts any 24
    hours and not a calendar day: campaigns that share a number need not agree on when a day begins, and no
    midnight lets twice the cap through.
    """

    number: E164
    regions: tuple[Annotated[str, AfterValidator(_shaped_as_region)], ...] = ()
    cps: float | None = Field(default=None, ge=0.001, le=10_000)
    daily_cap: int | None = Field(default=None, ge=1, le=1_000_000)

    @model_validator(mode="before")
    @classmethod
    def _by_number(cls, written: object) -> object:
        if not isinstance(written, str):
            return written
        if not re.match(r"^\+[1-9]\d{6,14}$", written):
            raise ValueError("write a number with its country code, as +12125550100")
        return {"number": written}

    @property
    def per_second(self) -> UseLimit | None:
        """What `cps` means: so many in any second; below one, one in so many seconds."""
        if self.cps is None:
            return None
        return UseLimit(int(self.cps), A_SECOND) if self.cps >= 1 else UseLimit(1, A_SECOND / self.cps)

    @property
    def limits(self) -> tuple[UseLimit, ...]:
        """All limits of its own; none where it has none."""
        per_day = None if self.daily_cap is None else UseLimit(self.daily_cap, DAY)
        return tuple(limit for limit in (self.per_second, per_day) if limit is not None)

    def fit(self, regions: Iterable[str]) -> int | None:
        """How well it fits somebody who may be in `regions`: 2 for their part of a country, 1 for their
        country, 0 for one that fits everybody, None where it does not fit.
        """
        if not self.regions:
            return 0
        known = set(regions)
        if any("-" in region for region in known.intersection(self.regions)):
            return 2
        countries = {region.partition("-")[0] for region in known}
        return 1 if countries.intersection(self.regions) else None


def _once_each(caller_ids: tuple[CallerId, ...]) -> tuple[CallerId, ...]:
    numbers = [one.number for one in caller_ids]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise ValueError(
            f"{', '.join(twice)} stands there more than once; write all about a number in one place"
        )
    return caller_ids


CallerIds = Annotated[tuple[CallerId, ...], AfterValidator(_once_each)]


@dataclass(frozen=True)
class Candidate:
    """A caller id that fits a contact. `spent_until` is when its limits allow the next use, if not now."""

    number: str
    fit: int
    last_used_at: datetime | None = None
    spent_until: datetime | None = None


def fitting(caller_ids: Sequence[CallerId], regions: Iterable[str]) -> list[tuple[CallerId, int]]:
    """Those that may be shown to somebody who may be in `regions`, each with how well it fits."""
    regions = tuple(regions)
    found = ((one, one.fit(regions)) for one in caller_ids)
    return [(one, fit) for one, fit in found if fit is not None]


def spent_until(
    limits: Sequence[UseLimit], earlier: Sequence[datetime | None], now: datetime
) -> datetime | None:
    """When the next use is allowed; None where it is now.

    `earlier` has for each limit the use that its next one must leave behind: the last but `uses - 1`.
    """
    free = [use + limit.within for limit, use in zip(limits, earlier, strict=True) if use is not None]
    return max((at for at in free if at > now), default=None)


def choose(candidates: Iterable[Candidate]) -> Candidate | None:
    """The one to call from: the best fit among those that may be used, the one used longest ago first."""
    usable = [one for one in candidates if one.spent_until is None]
    return min(usable, key=lambda one: (-one.fit, one.last_used_at or LONG_AGO), default=None)


def pool_cps(caller_ids: Sequence[CallerId]) -> float | None:
    """The most calls a second that all can be used for together; None where one has no CPS."""
    limits = [one.per_second for one in caller_ids]
    known = [limit.uses / limit.within.total_seconds() for limit in limits if limit is not None]
    return sum(known) if known and len(known) == len(limits) else None
