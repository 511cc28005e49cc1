"""Small histories with a plain truth: older people answer in the morning, younger ones in the evening."""

from __future__ import annotations

import numpy as np

from ml.attempts import Attempts, Contacts, attempts_of
from ml.columns import Segment, segment_of

DAY_S = 86_400
FIRST_DAY = 20_454
"""2026-01-01."""


def people(count: int, seed: int = 0) -> tuple[np.ndarray, dict[str, Segment], np.ndarray]:
    """Ids, segments, and who is old."""
    random = np.random.default_rng(seed)
    old = random.random(count) < 0.5
    area = random.integers(0, 30, count)
    ids = np.array([f"c{number:05d}" for number in range(count)])
    return ids, {"age": segment_of(np.where(old, "old", "young")), "area": segment_of(area * 1.0)}, old


def history(count: int = 800, attempts: int = 6000, days: int = 28, seed: int = 0) -> Attempts:
    """Attempts at 8 to 20 o'clock in UTC, in no order."""
    random = np.random.default_rng(seed)
    ids, segments, old = people(count, seed)
    contact = random.integers(0, count, attempts)
    day, hour = random.integers(0, days, attempts), random.integers(8, 21, attempts)
    level = random.normal(0, 0.7, count)
    odds = -1.6 + level[contact] + np.where(old[contact], 14 - hour, hour - 14) * 0.25
    answered = random.random(attempts) < 1 / (1 + np.exp(-odds))
    moments = (FIRST_DAY + day) * DAY_S + hour * 3600 + random.integers(0, 3600, attempts)
    zones = segment_of(np.full(attempts, "UTC"))
    chosen = {name: column.select(contact) for name, column in segments.items()}
    return attempts_of(ids[contact], moments, zones, answered, None, chosen)


def contacts(count: int = 800, seed: int = 0) -> Contacts:
    """The same people as in `history`, as a list to score."""
    ids, segments, _ = people(count, seed)
    return Contacts(ids, segment_of(np.full(count, "UTC")), segments)
