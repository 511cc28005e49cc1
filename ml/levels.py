"""Traits as small whole numbers: which level of each trait a contact has, as learned from a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.columns import Segment

Levels = NDArray[np.int32]

UNKNOWN = 0
"""The level of what training never saw, or too seldom."""
FEWEST_ROWS = 20
"""A value seen less often says nothing of its own."""
MOST_LEVELS = 1000
MOST_VALUES_OF_NUMBERS = 24
"""Numbers of more different values than these are cut into bands."""
BANDS = 12


@dataclass(frozen=True)
class Trait:
    """How one column becomes levels: by its values or, where these are many numbers, by bands of them."""

    name: str
    values: NDArray[np.str_]
    edges: NDArray[np.float64]

    @property
    def size(self) -> int:
        """How many levels there are, with UNKNOWN."""
        return 1 + (len(self.edges) + 1 if len(self.edges) else len(self.values))

    def levels_of(self, column: Segment | None, rows: int) -> Levels:
        """(rows,) levels; UNKNOWN where the column is missing, empty or says something new."""
        if column is None:
            return np.zeros(rows, dtype=np.int32)
        return np.append(self._levels_of_values(column), UNKNOWN)[column.codes]

    def _levels_of_values(self, column: Segment) -> Levels:
        if len(self.edges):
            return (1 + np.digitize(_numbers_of(column), self.edges)).astype(np.int32) * _is_number(column)
        texts = column.texts()
        where = np.minimum(np.searchsorted(self.values, texts), len(self.values) - 1)
        return np.where(self.values[where] == texts, 1 + where, UNKNOWN).astype(np.int32)


def learn_traits(segments: Mapping[str, Segment]) -> list[Trait]:
    """How to read every column that tells people apart; the same value for everybody tells nothing."""
    found = [trait for name in sorted(segments) for trait in _learn(name, segments[name])]
    return [trait for trait in found if trait.size > 1]


def _learn(name: str, column: Segment) -> list[Trait]:
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values))
    if not column.of_numbers or len(column.values) <= MOST_VALUES_OF_NUMBERS:
        return _by_values(name, column, counts)
    banded = _in_bands(name, column, counts)
    whole = bool((column.values == np.rint(column.values)).all())
    # Whole numbers may be codes, as those of areas are: their values speak beside their bands.
    return banded + (_by_values(name, column, counts) if whole else [])


def _by_values(name: str, column: Segment, counts: NDArray[Any]) -> list[Trait]:
    often = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    kept = np.sort(column.texts()[often[counts[often] >= FEWEST_ROWS]])
    return [Trait(name, kept, np.array([]))] if len(kept) else []


def _in_bands(name: str, column: Segment, counts: NDArray[Any]) -> list[Trait]:
    share = np.cumsum(counts) / max(counts.sum(), 1)
    wanted = np.arange(1, BANDS) / BANDS
    edges = np.unique(column.values[np.minimum(np.searchsorted(share, wanted), len(share) - 1)])
    return [Trait(name, np.array([], dtype=np.str_), edges)]


def _numbers_of(column: Segment) -> NDArray[np.float64]:
    if column.of_numbers:
        return column.values
    return np.array([_number(text) for text in column.values.tolist()])


def _is_number(column: Segment) -> NDArray[np.bool_]:
    return ~np.isnan(_numbers_of(column))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
