"""Geometry of the page's drawings; the template turns it into SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from outdial.reports.figures import HourTotals

WIDTH = 720
HEIGHT = 210
_LEFT = 46
_RIGHT = 4
_TOP = 22
_FLOOR = 182
_GAP = 5
_TICKS = 4


@dataclass(frozen=True)
class Column:
    """One hour: all calls, and over them those a person answered."""

    x: float
    width: float
    label: str
    calls: int
    answered: int
    calls_top: float
    answered_top: float

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Tick:
    """A line across the chart at a round number of calls."""

    y: float
    calls: int


@dataclass(frozen=True)
class HourChart:
    """Twenty-four columns in a box of `width` by `height` units."""

    columns: list[Column]
    ticks: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    floor: int = _FLOOR


def hour_chart(hours: Sequence[HourTotals]) -> HourChart:
    """A column for each of `hours`, scaled so that the largest reaches close to the top."""
    step = round_step(max((hour.originates for hour in hours), default=0))
    top = step * _TICKS
    room = (WIDTH - _LEFT - _RIGHT) / len(hours)
    columns = [
        Column(
            x=_LEFT + index * room + _GAP / 2,
            width=room - _GAP,
            label=f"{hour.hour:02}",
            calls=hour.originates,
            answered=hour.answered,
            calls_top=_height_of(hour.originates, top),
            answered_top=_height_of(hour.answered, top),
        )
        for index, hour in enumerate(hours)
    ]
    return HourChart(columns, [Tick(_height_of(step * n, top), step * n) for n in range(_TICKS + 1)])


def round_step(most: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … of which four reach `most`."""
    magnitude = 1
    while True:
        for factor in (1, 2, 5):
            if factor * magnitude * _TICKS >= most:
                return factor * magnitude
        magnitude *= 10


def _height_of(calls: int, top: int) -> float:
    return round(_FLOOR - (_FLOOR - _TOP) * calls / top, 1)
