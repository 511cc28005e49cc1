"""Every IANA zone with every change of its offset from 2024 to 2030, and instants around those changes.

The changes are found by sampling and halving, and walls are computed from them with naive datetimes: the
code under test asks `astimezone`, so that both cannot be wrong in the same way.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

FIRST = datetime(2024, 1, 1)  # noqa: DTZ001 - naive UTC, as everything here
LAST = datetime(2031, 1, 1)  # noqa: DTZ001
_MARGIN = timedelta(days=410)
_STEP = timedelta(days=6)  # no zone keeps an offset for less than a month
_SECOND = timedelta(seconds=1)
_A_DAY_OF_SECONDS = 26 * 3600

ZONES = sorted(available_timezones())

OffsetTable = tuple[tuple[datetime, ...], tuple[timedelta, ...]]
"""Instants (naive UTC) from which on an offset holds, and the offsets."""


@cache
def offset_table(name: str) -> OffsetTable:
    """The zone's offsets from 2023 to 2032, each with the instant it holds from."""
    zone = ZoneInfo(name)
    at = FIRST - _MARGIN
    instants, offsets = [at], [_offset(zone, at)]
    while at < LAST + _MARGIN:
        after = at + _STEP
        if _offset(zone, after) != offsets[-1]:
            instants.append(_first_of(zone, at, after))
            offsets.append(_offset(zone, instants[-1]))
        else:
            at = after
    return tuple(instants), tuple(offsets)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    offset = at.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _first_of(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first second in (low, high] with another offset than at `low`."""
    before = _offset(zone, low)
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


@cache
def changes_of(name: str) -> tuple[datetime, ...]:
    """The instants (UTC) from 2024 to 2030 at which the zone's offset changes."""
    return tuple(at.replace(tzinfo=UTC) for at in offset_table(name)[0] if FIRST <= at < LAST)


def wall_of(name: str, at: datetime) -> datetime:
    """What clocks in the zone show at `at`, as a naive datetime."""
    instants, offsets = offset_table(name)
    naive = at.astimezone(UTC).replace(tzinfo=None)
    return naive + offsets[bisect_right(instants, naive) - 1]


_NEAR = (0, -1, 1, -60, 60, -1800, 1800, -3600, 3600, -7200, 7200)
raw_instant = st.tuples(
    st.booleans(),
    st.integers(0, int((LAST - FIRST).total_seconds()) - 1),
    st.integers(-_A_DAY_OF_SECONDS, _A_DAY_OF_SECONDS),
)


def instant_near(name: str, near: bool, second: int, apart: int) -> datetime:
    """An instant from 2024 to 2030, `near` an offset change of the zone where it has any."""
    changes = changes_of(name)
    if not near or not changes:
        return (FIRST + timedelta(seconds=second)).replace(tzinfo=UTC)
    closely = apart % 2 == 0
    return changes[second % len(changes)] + timedelta(seconds=_NEAR[apart % len(_NEAR)] if closely else apart)


def instants_near_changes(name: str) -> st.SearchStrategy[datetime]:
    """Instants from 2024 to 2030, half of them around an offset change of the zone where it has any."""
    return raw_instant.map(lambda raw: instant_near(name, *raw))
