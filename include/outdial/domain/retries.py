"""What follows an attempt: done, tried again at a time, or given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from outdial.domain.calling_windows import CallingWindow, Timetable, next_opening
from outdial.domain.dispositions import UNCOUNTED, UNCOUNTED_CAP, Disposition

NO_WINDOW_BEFORE_END = "no_window_before_end"
ATTEMPTS_EXHAUSTED = "attempts_exhausted"
MINUTE = 60.0
HOUR = 3600.0


@dataclass(frozen=True)
class RetryRule:
    """How an attempt that ended in one way is repeated.

    Not before `delay_seconds`; at most `max_attempts` attempts ending so, None for no limit of its own; with
    `another_part_of_day` at an hour of another kind than the attempt had, where there is one.
    """

    delay_seconds: float
    max_attempts: int | None = None
    another_part_of_day: bool = False


USUAL_RETRIES: Mapping[Disposition, RetryRule] = {
    Disposition.BUSY: RetryRule(15 * MINUTE),
    Disposition.NO_ANSWER: RetryRule(2 * HOUR),
    Disposition.MACHINE: RetryRule(2 * HOUR, another_part_of_day=True),
    Disposition.REJECTED: RetryRule(4 * HOUR),
    Disposition.UNKNOWN: RetryRule(4 * HOUR),
    Disposition.CONGESTION: RetryRule(1 * MINUTE),
    Disposition.TRUNK_DOWN: RetryRule(1 * MINUTE),
    Disposition.CANCELLED: RetryRule(1 * MINUTE),
    Disposition.REFUSED: RetryRule(5 * MINUTE),
}
"""A busy line is soon free, a missed call is better repeated later, and a machine answers again unless
another part of the day is tried. What is absent is never retried."""


PARTS_OF_DAY = ((0, 12), (12, 17), (17, 24))
"""Hours at which people are where they are not in the other parts: morning, afternoon, evening."""

EVERY_DAY = tuple(range(7))
ONE_WEEK = timedelta(days=7)


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
    """How often a contact was tried, this attempt included; `alike` ended in the same way."""

    counted: int
    uncounted: int
    maximum: int
    alike: int = 1


@dataclass(frozen=True)
class CallingTime:
    """When the contact may be called at all: everyone's hours, their zones, and the campaign's end."""

    timetables: Sequence[Timetable]
    zones: Sequence[ZoneInfo]
    end_time: datetime | None = None


def retry_rules(written: Mapping[Disposition, Mapping[str, Any]]) -> dict[Disposition, RetryRule]:
    """The usual rules with a campaign's own wishes put in; naming one more disposition repeats it too."""
    rules = dict(USUAL_RETRIES)
    for disposition, wishes in written.items():
        rules[disposition] = replace(rules.get(disposition, RetryRule(2 * HOUR)), **wishes)
    return rules


def what_follows(
    disposition: Disposition,
    tries: Tries,
    rules: Mapping[Disposition, RetryRule],
    ended_at: datetime,
    time: CallingTime,
) -> Completed | RetryAt | GivenUp:
    """Decide what follows an attempt that ended with `disposition` at `ended_at`.

    A retry is due at the first moment after its delay at which the contact may be called; where none comes
    before the campaign ends, the contact is given up for that reason.
    """
    if disposition is Disposition.ANSWERED:
        return Completed()
    rule = rules.get(disposition)
    if rule is None:
        return GivenUp(disposition.value)
    if tries.counted >= tries.maximum:
        return GivenUp(ATTEMPTS_EXHAUSTED)
    if rule.max_attempts is not None and tries.alike >= rule.max_attempts:
        return GivenUp(disposition.value)
    if disposition in UNCOUNTED and tries.uncounted >= UNCOUNTED_CAP:
        return GivenUp("never_connected")
    due_at = retry_at(rule, ended_at, time)
    return GivenUp(NO_WINDOW_BEFORE_END) if due_at is None else RetryAt(due_at)


def retry_at(rule: RetryRule, ended_at: datetime, time: CallingTime) -> datetime | None:
    """When an attempt that ended at `ended_at` is repeated; None where no window opens before the end."""
    earliest = ended_at + timedelta(seconds=rule.delay_seconds)
    first = next_opening(time.timetables, time.zones, earliest, time.end_time)
    if first is None or not rule.another_part_of_day:
        return first
    return _in_another_part(ended_at, first, time) or first


def _in_another_part(ended_at: datetime, first: datetime, time: CallingTime) -> datetime | None:
    """The first opening within a week in a part of the day that was not tried, wherever the person is."""
    tried = {_part_of_day(ended_at.astimezone(zone).hour) for zone in time.zones}
    others = tuple(
        CallingWindow(day_of_week=EVERY_DAY, start_hour=start, end_hour=end)
        for start, end in PARTS_OF_DAY
        if (start, end) not in tried
    )
    within = min(end for end in (time.end_time, first + ONE_WEEK) if end is not None)
    timetables = (*time.timetables, Timetable("another part of the day", others))
    return next_opening(timetables, time.zones, first, within)


def _part_of_day(hour: int) -> tuple[int, int]:
    return next(part for part in PARTS_OF_DAY if part[0] <= hour < part[1])
