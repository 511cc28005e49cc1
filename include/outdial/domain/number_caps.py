"""How often one number may be called in a day and in a week, by all campaigns together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class NumberCaps:
    """The most calls within any 24 hours and any 7 days; None is no cap."""

    per_24_hours: int | None = None
    per_7_days: int | None = None

    def narrowed(self, per_24_hours: int | None) -> NumberCaps:
        """The stricter of this cap on 24 hours and another one."""
        caps = [cap for cap in (self.per_24_hours, per_24_hours) if cap is not None]
        return NumberCaps(min(caps, default=None), self.per_7_days)


def capped_until(calls: Sequence[datetime], caps: NumberCaps, now: datetime) -> datetime | None:
    """When a number called at `calls` may be called again; None where it may be called now.

    `calls` are those that may have disturbed somebody, by whatever campaign; one begun by a machine whose
    clock is ahead of ours counts too. The function `capped_until` of the database is the same rule for
    thousands of numbers at a time.
    """
    newest_first = sorted(calls, reverse=True)
    free = [
        newest_first[cap - 1] + span
        for cap, span in ((caps.per_24_hours, DAY), (caps.per_7_days, WEEK))
        if cap is not None and len(newest_first) >= cap
    ]
    return max((at for at in free if at > now), default=None)
