"""Who may not be called because somebody said so: the rule of lists and registries, for one number.

The functions `listed_until` and `registries_are_fresh` of the database are the same rules for thousands of
numbers at a time; these are the reference they are held against.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from outdial.domain.campaign import RequiredRegistry

FOR_GOOD = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ListEntry:
    """A number, or everything under a prefix, that may not be called `until` then; None is for good.

    It holds everywhere, in one campaign, or in the campaigns that require a registry.
    """

    number: str
    is_prefix: bool = False
    campaign_id: UUID | None = None
    registry: str | None = None
    until: datetime | None = None

    def speaks_of(self, number: str) -> bool:
        """Whether `number` is the one listed, or falls under the prefix."""
        return number.startswith(self.number) if self.is_prefix else number == self.number


def listed_until(
    entries: Iterable[ListEntry],
    number: str,
    campaign_id: UUID | None,
    registries: Collection[str],
    at: datetime,
) -> datetime | None:
    """Until when a campaign that requires `registries` may not call `number`; None where it may at `at`.

    FOR_GOOD as soon as one entry has no end, else the latest end. Without a campaign only entries that hold
    everywhere count, and no registry.
    """
    return max(
        (
            entry.until or FOR_GOOD
            for entry in entries
            if entry.speaks_of(number)
            and entry.campaign_id in {None, campaign_id}
            and (entry.registry is None or entry.registry in registries)
            and (entry.until is None or entry.until > at)
        ),
        default=None,
    )


def are_registries_fresh(
    required: Iterable[RequiredRegistry], copies: Mapping[str, date | None], at: datetime
) -> bool:
    """Whether of every required registry a copy is here that was no older than its limit on the day in UTC.

    `copies` are the dates on which they were drawn; None until a whole one is in.
    """
    today = at.astimezone(UTC).date()
    return all(
        (drawn := copies.get(registry.name)) is not None
        and today - drawn <= timedelta(days=registry.max_age_days)
        for registry in required
    )
