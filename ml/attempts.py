"""The history of attempts and the list of contacts, as columns; read from the files analysts have.

Hours and days are the contact's own: they come from UTC moments and IANA time zones, here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.columns import (
    Segment,
    Unusable,
    moments_s,
    pc,
    read_table,
    refuse_rows,
    required,
    segment,
    segment_of,
    shares,
    texts,
    truths,
    write_table,
)

HOURS = 24
DAY_S = 86_400
OFFSETS_CHANGE_ON_S = 900
"""No zone has changed its clocks at anything finer than a quarter of an hour since 1972."""
THURSDAY = 3
"""1970-01-01, day 0, was one; Monday is 0."""


@dataclass(frozen=True)
class Attempts:
    """What happened, one row per attempt, in any order.

    `contact` (n,) points into `contact_ids`, distinct and sorted; `attempted_at_s` is UTC seconds;
    `local_day` is days since 1970-01-01 and `local_hour` 0 to 23, both on the contact's clock; `propensity`
    is the logged probability with which that hour was chosen (NaN unknown; None where nobody logged any).
    `zones` and `segments` have a code for each attempt.
    """

    contact_ids: NDArray[np.str_]
    contact: NDArray[np.int32]
    attempted_at_s: NDArray[np.int64]
    local_day: NDArray[np.int32]
    local_hour: NDArray[np.int8]
    answered: NDArray[np.bool_]
    propensity: NDArray[np.float64] | None
    zones: Segment
    segments: Mapping[str, Segment]

    def __len__(self) -> int:
        """How many attempts."""
        return len(self.contact)

    @property
    def local_weekday(self) -> NDArray[np.int8]:
        """Monday 0 to Sunday 6."""
        return weekday_of(self.local_day)

    def select(self, rows: NDArray[Any]) -> Attempts:
        """These rows only (a mask or indices); `contact_ids` and codes keep their meaning."""
        return replace(
            self,
            contact=self.contact[rows],
            attempted_at_s=self.attempted_at_s[rows],
            local_day=self.local_day[rows],
            local_hour=self.local_hour[rows],
            answered=self.answered[rows],
            propensity=None if self.propensity is None else self.propensity[rows],
            zones=self.zones.select(rows),
            segments={name: column.select(rows) for name, column in self.segments.items()},
        )


@dataclass(frozen=True)
class Contacts:
    """Whom to score, one row each, in the order of the file; a zone of code -1 is unknown."""

    ids: NDArray[np.str_]
    zones: Segment
    segments: Mapping[str, Segment]

    def __len__(self) -> int:
        """How many contacts."""
        return len(self.ids)


def attempts_of(
    ids: NDArray[Any],
    attempted_at_s: NDArray[np.int64],
    zones: Segment,
    answered: NDArray[np.bool_],
    propensity: NDArray[np.float64] | None = None,
    segments: Mapping[str, Segment] | None = None,
) -> Attempts:
    """A history from its plain columns; works out the local hours and days."""
    known = segment_of(ids)
    local_s = attempted_at_s + _offsets_s(attempted_at_s, zones)
    return Attempts(
        contact_ids=known.values,
        contact=known.codes,
        attempted_at_s=attempted_at_s,
        local_day=(local_s // DAY_S).astype(np.int32),
        local_hour=(local_s % DAY_S // 3600).astype(np.int8),
        answered=answered,
        propensity=propensity,
        zones=zones,
        segments=segments or {},
    )


def weekday_of(local_day: NDArray[Any]) -> NDArray[np.int8]:
    """Monday 0 to Sunday 6, of days since 1970-01-01."""
    return ((local_day + THURSDAY) % 7).astype(np.int8)


def read_attempts(path: Path) -> Attempts:
    """A history from CSV or Parquet.

    Columns `contact_id, attempted_at` (UTC, ISO 8601), `timezone` (IANA) and `answered`,
    optionally `propensity`; any other column is a segment. Raises Unusable.
    """
    table = read_table(path)
    if not table.num_rows:
        raise Unusable(f"{path} holds no attempts: a model needs a history")
    zones = segment(required(table, "timezone", path))
    _refuse_unknown_zones(zones, path)
    logged = (
        shares(table.column("propensity"), path, "propensity") if "propensity" in table.column_names else None
    )
    return attempts_of(
        ids=_ids(table, path),
        attempted_at_s=moments_s(required(table, "attempted_at", path), path, "attempted_at"),
        zones=zones,
        answered=truths(required(table, "answered", path), path, "answered"),
        propensity=logged,
        segments=_segments(table, {"contact_id", "attempted_at", "timezone", "answered", "propensity"}),
    )


def read_contacts(path: Path) -> Contacts:
    """Contacts from CSV or Parquet: `contact_id`, optionally `timezone`, and segments. Raises Unusable."""
    table = read_table(path)
    if not table.num_rows:
        raise Unusable(f"{path} holds no contacts: nobody to score")
    ids = _ids(table, path)
    unknown = Segment(np.full(len(ids), -1, dtype=np.int32), np.array([], dtype=np.str_))
    zones = segment(table.column("timezone")) if "timezone" in table.column_names else unknown
    _refuse_unknown_zones(zones, path)
    return Contacts(ids, zones, _segments(table, {"contact_id", "timezone"}))


def with_zones_of(contacts: Contacts, attempts: Attempts) -> Contacts:
    """Contacts whose unknown time zones are those of their last attempts."""
    order = np.argsort(attempts.attempted_at_s, kind="stable")
    last = np.full(len(attempts.contact_ids) + 1, -1, dtype=np.int32)
    last[attempts.contact[order]] = attempts.zones.codes[order]
    theirs = np.append(attempts.zones.texts(), "")[last[codes_in(attempts.contact_ids, contacts.ids)]]
    given = np.append(contacts.zones.texts(), "")[contacts.zones.codes]
    return replace(contacts, zones=segment_of(np.where(given == "", theirs, given)))


def codes_in(known_ids: NDArray[np.str_], ids: NDArray[Any]) -> NDArray[np.int64]:
    """Where each id stands among the known ones; -1 where it does not."""
    codes = pc.index_in(pa.array(ids, pa.string()), pa.array(known_ids, pa.string())).fill_null(-1)
    return codes.to_numpy(zero_copy_only=False).astype(np.int64)


def write_attempts(attempts: Attempts, path: Path) -> None:
    """The same columns `read_attempts` takes, as CSV or Parquet."""
    moments = pa.array(attempts.attempted_at_s, pa.timestamp("s", "UTC"))
    table = {
        "contact_id": pa.array(attempts.contact_ids).take(pa.array(attempts.contact)),
        "attempted_at": moments,
        "timezone": _written(attempts.zones),
        "answered": pa.array(attempts.answered.astype(np.int8)),
    }
    if attempts.propensity is not None:
        table["propensity"] = pa.array(attempts.propensity, from_pandas=True)
    write_table(pa.table(table | _written_segments(attempts.segments)), path)


def write_contacts(contacts: Contacts, path: Path) -> None:
    """The same columns `read_contacts` takes, as CSV or Parquet."""
    table = {"contact_id": pa.array(contacts.ids), "timezone": _written(contacts.zones)}
    write_table(pa.table(table | _written_segments(contacts.segments)), path)


def _ids(table: pa.Table, path: Path) -> NDArray[Any]:
    return texts(required(table, "contact_id", path)).combine_chunks().to_numpy(zero_copy_only=False)


def _segments(table: pa.Table, others: set[str]) -> dict[str, Segment]:
    return {name: segment(table.column(name)) for name in sorted(set(table.column_names) - others)}


def _refuse_unknown_zones(zones: Segment, path: Path) -> None:
    for code, name in enumerate(zones.texts().tolist()):
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # the first is what zoneinfo does not find
            problem = f"{name} is no time zone: write an IANA name such as America/New_York"
            refuse_rows(pa.chunked_array([pa.array(zones.codes == code)]), path, "timezone", problem)


def _offsets_s(moments: NDArray[np.int64], zones: Segment) -> NDArray[np.int64]:
    """What to add to UTC seconds for the local clock, looked up once for each quarter of an hour and zone."""
    offsets = np.zeros(len(moments), dtype=np.int64)
    for code, name in enumerate(zones.texts().tolist()):
        rows = zones.codes == code
        quarters, which = np.unique(moments[rows] // OFFSETS_CHANGE_ON_S, return_inverse=True)
        offsets[rows] = _zone_offsets_s(quarters, ZoneInfo(name))[which]
    return offsets


def _zone_offsets_s(quarters: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    known = [_offset_s(int(quarter) * OFFSETS_CHANGE_ON_S, zone) for quarter in quarters]
    return np.array(known, dtype=np.int64)


def _offset_s(moment_s: int, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(moment_s, zone)
    return int((local.utcoffset() or timedelta()).total_seconds())


def _written(column: Segment) -> pa.Array:
    values = pa.array(column.values)
    return values.take(pa.array(column.codes, mask=column.codes < 0))


def _written_segments(segments: Mapping[str, Segment]) -> dict[str, pa.Array]:
    return {name: _written(column) for name, column in segments.items()}
