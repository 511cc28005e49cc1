"""Geometry of the page's drawings; the template turns it into SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """One hour: all that was begun, and over it what reached people."""

    x: float
    width: float
    label: str
    begun: int
    reached: int
    begun_top: float
    reached_top: float

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Tick:
    """A line across the chart at a round number."""

    y: float
    number: int


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


def hour_chart(hours: Sequence[tuple[int, int]]) -> HourChart:
    """A column for what was begun and what reached people in each hour of a day, from midnight on.

    Scaled so that the largest reaches close to the top.
    """
    step = round_step(max((begun for begun, _ in hours), default=0))
    top = step * _TICKS
    room = (WIDTH - _LEFT - _RIGHT) / len(hours)
    columns = [
        Column(
            x=_LEFT + hour * room + _GAP / 2,
            width=room - _GAP,
            label=f"{hour:02}",
            begun=begun,
            reached=reached,
            begun_top=_height_of(begun, top),
            reached_top=_height_of(reached, top),
        )
        for hour, (begun, reached) in enumerate(hours)
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


def _height_of(number: int, top: int) -> float:
    return round(_FLOOR - (_FLOOR - _TOP) * number / top, 1)
