"""How long a campaign takes: a list worked off at a pace, while areas open and close."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from outdial.domain.calling_windows import closes_at, next_opening
from outdial.domain.number_caps import DAY, WEEK, NumberCaps
from outdial.domain.retries import CallingTime

HALF_A_CALL = 0.5


@dataclass(frozen=True)
class Span:
    """An open stretch; `closes` None is without end."""

    opens: datetime
    closes: datetime | None


@dataclass(frozen=True)
class Crowd:
    """People who may be called in the same hours, from `since` on; `hours` names these hours."""

    people: int
    since: datetime
    hours: int


@dataclass(frozen=True)
class FirstPass:
    """Everybody called once: when the last call is placed, and how many calls do not fit in before."""

    ends_at: datetime | None
    calls: int
    left: int


def open_spans(hours: CallingTime, after: datetime) -> Iterator[Span]:
    """The open stretches from `after` on, in order, none beyond the campaign's end."""
    opens = next_opening(hours.timetables, hours.zones, after, hours.end_time)
    while opens is not None:
        closes = closes_at(hours.timetables, hours.zones, opens)
        if hours.end_time is not None and (closes is None or closes > hours.end_time):
            closes = hours.end_time
        yield Span(opens, closes)
        if closes is None:
            return
        opens = next_opening(hours.timetables, hours.zones, closes, hours.end_time)


def first_pass(
    crowds: Iterable[Crowd],
    spans_of: Callable[[int], Iterator[Span]],
    cps: float,
    now: datetime,
    before: datetime,
) -> FirstPass:
    """Place one call to each, `cps` a second, shared by everybody who may be called at the time.

    `spans_of` gives the open stretches of each crowd's hours from `now` on; nothing is placed from `before`.
    """
    arrivals = deque(sorted(crowds, key=lambda crowd: crowd.since))
    total = sum(crowd.people for crowd in arrivals)
    work = _Work(spans_of, cps)
    at, ends_at = now, None
    while at < before and (arrivals or work.is_left):
        while arrivals and arrivals[0].since <= at:
            work.add(arrivals.popleft())
        edges = [edge for edge in (work.next_edge(at), _first_since(arrivals)) if edge is not None]
        until = min([*edges, before])
        worked_until = work.place(at, until)
        ends_at = worked_until or ends_at
        at = until
    left = work.left + sum(crowd.people for crowd in arrivals)
    return FirstPass(None if left else ends_at, total - left, left)


def calls_within(caps: NumberCaps, time: timedelta, wanted: int) -> int:
    """How many of `wanted` calls to one number its caps allow within `time`, each as soon as it may be."""
    calls: list[timedelta] = []
    for _ in range(wanted):
        free = [
            calls[-cap] + span
            for cap, span in ((caps.per_24_hours, DAY), (caps.per_7_days, WEEK))
            if cap is not None and len(calls) >= cap
        ]
        calls.append(max([*free, *calls[-1:]], default=timedelta()))
    return sum(call < time for call in calls)


def _first_since(arrivals: Sequence[Crowd]) -> datetime | None:
    return arrivals[0].since if arrivals else None


class _Work:
    """Who is left to be called, by their hours, and where in their open stretches each stands."""

    def __init__(self, spans_of: Callable[[int], Iterator[Span]], cps: float) -> None:
        self._spans_of = spans_of
        self._cps = cps
        self._left: dict[int, float] = {}
        self._spans: dict[int, Iterator[Span]] = {}
        self._span: dict[int, Span | None] = {}

    @property
    def is_left(self) -> bool:
        """Whether anybody who has arrived may still be called before their hours end."""
        return any(self._span[hours] is not None for hours, left in self._left.items() if left > 0)

    @property
    def left(self) -> int:
        """How many of those who have arrived are not called yet."""
        return round(sum(self._left.values()))

    def add(self, crowd: Crowd) -> None:
        """More people."""
        if crowd.hours not in self._left:
            self._left[crowd.hours] = 0
            self._spans[crowd.hours] = self._spans_of(crowd.hours)
            self._span[crowd.hours] = next(self._spans[crowd.hours], None)
        self._left[crowd.hours] += crowd.people

    def next_edge(self, at: datetime) -> datetime | None:
        """When hours with people left next open or close."""
        edges: list[datetime] = []
        for hours in [hours for hours, left in self._left.items() if left > 0]:
            span = self._span_at(hours, at)
            if span is not None:
                edges += [edge for edge in (span.opens, span.closes) if edge is not None and edge > at]
        return min(edges, default=None)

    def place(self, at: datetime, until: datetime) -> datetime | None:
        """Call from `at` to `until`, between which nothing opens or closes; when the last call was."""
        is_open = [hours for hours, left in self._left.items() if left > 0 and self._is_open(hours, at)]
        waiting = sum(self._left[hours] for hours in is_open)
        if not waiting:
            return None
        room = (until - at).total_seconds() * self._cps
        done = min(1.0, room / waiting)
        if waiting - room < HALF_A_CALL:
            done = 1.0
        for hours in is_open:
            self._left[hours] *= 1 - done
        return until if done < 1 else min(until, at + timedelta(seconds=waiting / self._cps))

    def _is_open(self, hours: int, at: datetime) -> bool:
        span = self._span_at(hours, at)
        return span is not None and span.opens <= at

    def _span_at(self, hours: int, at: datetime) -> Span | None:
        """The stretch of `hours` that lies around `at`, or the next one."""
        span = self._span[hours]
        while span is not None and span.closes is not None and span.closes <= at:
            span = self._span[hours] = next(self._spans[hours], None)
        return span
