"""Where everything of a drawn flow stands: cards in columns, each way a line of its own between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from outdial.campaigns.flow_drawing.cards import Card
from outdial.campaigns.flow_drawing.heights import LANE, MARGIN, Heights
from outdial.campaigns.flow_drawing.ranks import Link, Ranks, rank

CARD_WIDTH = 250.0
LEAST_GAP = 46.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A way as it is drawn: from its port to an arrow at its target."""

    link: Link
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Upper left corners of the cards, lines, and how large it all is."""

    corners: Mapping[str, Point]
    lines: tuple[Line, ...]
    width: float
    height: float


def lay_out(cards: Sequence[Card], start_id: str) -> Layout:
    """Place cards and lines."""
    by_id = {card.node_id: card for card in cards}
    ways = [
        (card.node_id, nth, port.target)
        for card in by_id.values()
        for nth, port in enumerate(card.ports)
        if port.target is not None
    ]
    links = [Link(nth, source, port, target) for nth, (source, port, target) in enumerate(ways)]
    ranks = rank(list(by_id), start_id if start_id in by_id else cards[0].node_id, links)
    heights = Heights(by_id, links, ranks)
    gaps = _Gaps(links, ranks, heights)
    corners = {
        node_id: (gaps.left(column), heights.top[node_id]) for node_id, column in ranks.column_of.items()
    }
    lines = tuple(Line(link, tuple(gaps.points(link))) for link in links)
    return Layout(corners, lines, gaps.width, heights.lowest)


@dataclass(frozen=True, slots=True)
class _Upright:
    """The part of a line that runs up or down in a gap; gap g is right of column g."""

    nth: int
    gap: int
    begins: float
    ends: float


class _Gaps:
    """The gaps between columns, each as wide as the upright lines in it need."""

    def __init__(self, links: Sequence[Link], ranks: Ranks, heights: Heights) -> None:
        self._ranks = ranks
        self._uprights = {link.nth: list(_uprights(link, ranks, heights)) for link in links}
        self._ends = {link.nth: heights.of(link)[-1] for link in links}
        self._lanes: dict[int, list[_Upright]] = {gap: [] for gap in range(-1, len(ranks.columns))}
        for uprights in self._uprights.values():
            for upright in uprights:
                self._lanes[upright.gap].append(upright)
        self._lanes = {gap: _in_order(lines) for gap, lines in self._lanes.items()}

    @property
    def width(self) -> float:
        """Of the whole drawing."""
        last = len(self._ranks.columns) - 1
        return self.left(last) + CARD_WIDTH + LANE * (len(self._lanes[last]) + 1) + MARGIN

    def left(self, column: int) -> float:
        """The left side of a column's cards."""
        before = MARGIN + CARD_WIDTH * column
        return before + sum(max(LEAST_GAP, LANE * (len(self._lanes[gap]) + 2)) for gap in range(-1, column))

    def points(self, link: Link) -> list[Point]:
        """The corners of a line."""
        uprights = self._uprights[link.nth]
        points = [(self.left(self._ranks.column_of[link.source]) + CARD_WIDTH, uprights[0].begins)]
        for upright in uprights:
            x = self._lane(upright)
            points += [(x, upright.begins), (x, upright.ends)]
        return [*points, (self.left(self._ranks.column_of[link.target]), self._ends[link.nth])]

    def _lane(self, upright: _Upright) -> float:
        gap_left = self.left(upright.gap) + CARD_WIDTH if upright.gap >= 0 else MARGIN
        return gap_left + LANE * (self._lanes[upright.gap].index(upright) + 1.5)


def _uprights(link: Link, ranks: Ranks, heights: Heights) -> Sequence[_Upright]:
    """A line to the right turns in each gap on its way; one that goes back, where it leaves and arrives."""
    source, target = ranks.column_of[link.source], ranks.column_of[link.target]
    pairs = list(pairwise(heights.of(link)))
    gaps = range(source, target) if link.nth in ranks.stops else (source, target - 1)
    return [_Upright(link.nth, gap, begins, ends) for gap, (begins, ends) in zip(gaps, pairs, strict=True)]


def _in_order(lines: Sequence[_Upright]) -> list[_Upright]:
    """From left to right: few lines cross, and none runs over another where it comes in or goes out."""
    placed = sorted(lines, key=_crossing_least)
    for _ in lines:
        for line in list(placed):
            # What leaves at the height at which another arrives must turn off before it.
            over = [one for one in placed[: placed.index(line)] if abs(line.begins - one.ends) < LANE / 2]
            if over:
                placed.remove(line)
                placed.insert(placed.index(over[0]), line)
    return placed


def _crossing_least(line: _Upright) -> tuple[bool, float]:
    """Lines that go down stand right to left as they begin, those that go up left to right."""
    goes_down = line.ends > line.begins
    return (goes_down, -line.begins if goes_down else line.begins)
