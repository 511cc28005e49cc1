"""Registries: whole copies of lists that others keep, each of a date, none older than campaigns allow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from outdial.blacklist.cache import NO_CACHE, ListedCache
from outdial.blacklist.importing import ImportChanges, ListImport, Tell, ignore_progress, import_listings
from outdial.domain.campaign import RequiredRegistry
from outdial.domain.errors import InvalidInput
from outdial.storage.blacklist import Scope
from outdial.storage.pool import Connection, Pool
from outdial.storage.registries import Registry, finish_copy, hold_import, read_registries
from outdial.storage.staged_listings import Comparison, StagedListing, Unsaid

SMALLEST_SHARE = 0.5
"""A copy with less than this of the present one's numbers is more likely cut short than right."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_NAME = 60


@dataclass(frozen=True)
class RegistryCopy:
    """Which registry a file is a copy of, when it was drawn, and what holds where the file says nothing.

    `accept_smaller` takes a copy much smaller than the present one.
    """

    name: str
    as_of: date
    unsaid: Unsaid
    accept_smaller: bool = False
    on_progress: Tell = ignore_progress


async def import_registry(
    pool: Pool,
    batches: Iterable[Sequence[StagedListing]],
    copy: RegistryCopy,
    now: datetime,
    cache: ListedCache = NO_CACHE,
) -> ImportChanges:
    """Make our copy of a registry the one in `batches`; its date moves when all of it is in.

    Raises InvalidInput, before anything changes, where the copy is older than ours, of a day to come, empty,
    or suspiciously small, or where another import of the registry is going on.
    """
    _check_name(copy.name)
    async with pool.connection() as holding, hold_import(holding, copy.name) as alone:
        if not alone:
            raise InvalidInput(f"another import of registry {copy.name} is going on: wait until it has ended")
        ours = (await read_registries(holding))[copy.name]
        await holding.commit()
        _check_date(ours, copy, now)
        wanted = ListImport(
            Scope(registry=copy.name),
            copy.unsaid,
            is_whole=True,
            check=partial(_check_size, ours, copy),
            on_progress=copy.on_progress,
        )
        changes = await import_listings(pool, batches, wanted, now, cache)
        async with holding.transaction():
            await finish_copy(holding, copy.name, copy.as_of, copy.unsaid.listed_by, now)
    return changes


async def registry_problems(
    conn: Connection, required: Sequence[RequiredRegistry], now: datetime
) -> list[str]:
    """One sentence for each required registry whose copy is missing or too old, and what mends it."""
    if not required:
        return []
    ours = await read_registries(conn)
    return [problem for one in required if (problem := _problem(one, ours.get(one.name), now))]


def age_in_days(registry: Registry, now: datetime) -> int | None:
    """How old our copy is; None where there is none."""
    return None if registry.as_of is None else (now.date() - registry.as_of).days


def _problem(required: RequiredRegistry, ours: Registry | None, now: datetime) -> str | None:
    mend = f"`outdial blacklist import FILE --registry {required.name} --as-of DATE`"
    limit = f"the limit is {_days(required.max_age_days)}"
    age = None if ours is None else age_in_days(ours, now)
    if ours is None or age is None:
        return f"registries: there is no copy of {required.name} ({limit}); import one with {mend}"
    if age > required.max_age_days:
        return (
            f"registries: the copy of {required.name} is {_days(age)} old, of {ours.as_of}; {limit}: "
            f"import a newer one with {mend}"
        )
    return None


def _days(n: int) -> str:
    return f"{n} day{'' if n == 1 else 's'}"


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise InvalidInput(f"--registry {name!r}: write small letters, digits and hyphens, as in us-dnc")


def _check_date(ours: Registry, copy: RegistryCopy, now: datetime) -> None:
    # Where the copy was drawn it may be tomorrow already.
    if copy.as_of > now.date() + timedelta(days=1):
        raise InvalidInput(f"--as-of {copy.as_of} is still to come: give the day on which the copy was drawn")
    if ours.as_of is not None and copy.as_of < ours.as_of:
        raise InvalidInput(
            f"the copy of {copy.as_of} is older than ours of {copy.name}, which is of {ours.as_of}: "
            "nothing was changed"
        )


def _check_size(ours: Registry, copy: RegistryCopy, comparison: Comparison) -> None:
    if not comparison.entries:
        raise InvalidInput(f"the copy of {copy.name} holds no numbers: nothing was changed")
    if comparison.entries < ours.numbers * SMALLEST_SHARE and not copy.accept_smaller:
        raise InvalidInput(
            f"the copy of {copy.name} holds {comparison.entries:,} numbers and ours {ours.numbers:,}: "
            "it may be cut short, so nothing was changed; where it is right, add --accept-smaller"
        )
