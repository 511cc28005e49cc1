"""What follows an attempt: done, tried again at a time, or given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from outdial.domain.dispositions import UNCOUNTED, UNCOUNTED_CAP, Disposition

DEFAULT_DELAY_S: Mapping[Disposition, float] = {
    Disposition.BUSY: 15 * 60,
    Disposition.NO_ANSWER: 2 * 3600,
    Disposition.MACHINE: 5 * 3600,
    Disposition.REJECTED: 4 * 3600,
    Disposition.UNKNOWN: 4 * 3600,
    Disposition.CONGESTION: 60,
    Disposition.TRUNK_DOWN: 60,
    Disposition.CANCELLED: 60,
    Disposition.REFUSED: 5 * 60,
}
"""Seconds until the next try: a busy line is soon free, a missed call is better repeated later, and a
machine answers again unless another part of the day is tried. What is absent is never retried."""


@dataclass(frozen=True)
class Completed:
    """A person was reached."""


@dataclass(frozen=True)
class RetryAt:
    """Try again, not before `due_at`."""

    due_at: datetime


@dataclass(frozen=True)
class GivenUp:
    """No further attempt; `reason` is a word for the report."""

    reason: str


@dataclass(frozen=True)
class Tries:
    """How often a contact was tried, this attempt included."""

    counted: int
    uncounted: int
    maximum: int


def what_follows(
    disposition: Disposition, tries: Tries, delays_s: Mapping[Disposition, float], ended_at: datetime
) -> Completed | RetryAt | GivenUp:
    """Decide what follows an attempt that ended with `disposition` at `ended_at`.

    `delays_s` are the campaign's own delays; where it names none, `DEFAULT_DELAY_S` holds.
    """
    if disposition is Disposition.ANSWERED:
        return Completed()
    delay_s = delays_s.get(disposition, DEFAULT_DELAY_S.get(disposition))
    if delay_s is None:
        return GivenUp(disposition.value)
    if tries.counted >= tries.maximum:
        return GivenUp("attempts_exhausted")
    if disposition in UNCOUNTED and tries.uncounted >= UNCOUNTED_CAP:
        return GivenUp("never_connected")
    return RetryAt(ended_at + timedelta(seconds=delay_s))
