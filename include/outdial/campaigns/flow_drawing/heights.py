"""How high everything of a drawn flow stands: cards below each other, lines as straight as can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from outdial.campaigns.flow_drawing.cards import Card
from outdial.campaigns.flow_drawing.ranks import Item, Link, Ranks

HEADER, LINE, PORT, PADDING = 30.0, 18.0, 22.0, 6.0
CARD_GAP, WAY_HEIGHT = 28.0, 16.0
ENTRY_FIRST, ENTRY_STEP = 15.0, 10.0
MARGIN = 24.0
LANE = 11.0
PASSES = 6


def card_height(card: Card) -> float:
    """Its head, its lines and its ports."""
    return _ports_begin(card) + PORT * len(card.ports) + PADDING


def port_offset(card: Card, port: int) -> float:
    """How far below the card's top a port's line begins."""
    return _ports_begin(card) + PORT * (port + 0.5)


def _ports_begin(card: Card) -> float:
    return HEADER + LINE * len(card.lines) + (PADDING if card.lines else 0)


class Heights:
    """The tops of cards and passing lines, and where each line leaves, runs and arrives."""

    def __init__(self, cards: Mapping[str, Card], links: Sequence[Link], ranks: Ranks) -> None:
        """`ranks` has put the cards into columns, in order."""
        self._cards = cards
        self._links = links
        self._ranks = ranks
        self.top = self._tops()
        self._lowest = max(self.top[item] + self._height(item) for item in self.top)
        self._entry = {nth: y for node_id in cards for nth, y in self._entries(node_id)}
        backward = [link for link in links if link.nth not in ranks.stops]
        # The longest lies lowest, so that they lie within each other.
        backward.sort(key=lambda one: (ranks.column_of[one.source] - ranks.column_of[one.target], one.nth))
        self._below = {link.nth: self._lowest + CARD_GAP + LANE * nth for nth, link in enumerate(backward)}

    @property
    def lowest(self) -> float:
        """The height below which nothing is drawn."""
        return max([self._lowest, *self._below.values()]) + MARGIN

    def of(self, link: Link) -> list[float]:
        """The heights at which a line runs: from its port, past each column or below all, to its target."""
        begins = self.top[link.source] + port_offset(self._cards[link.source], link.port)
        ends = self._entry[link.nth]
        if link.nth in self._below:
            return [begins, self._below[link.nth], ends]
        return [begins, *(self.top[item] + WAY_HEIGHT / 2 for item in self._passing(link)), ends]

    def _passing(self, link: Link) -> Sequence[Item]:
        return self._ranks.stops[link.nth][1:-1]

    def _height(self, item: Item) -> float:
        return card_height(self._cards[item]) if isinstance(item, str) else WAY_HEIGHT

    def _tops(self) -> dict[Item, float]:
        columns = self._ranks.columns
        top: dict[Item, float] = {}
        for column in columns:
            self._stack(column, dict.fromkeys(column, 0.0), top)
        for nth in range(PASSES):
            leftwards = nth % 2 == 1
            for column in columns[::-1] if leftwards else columns:
                wished = {item: self._wish(item, top, leftwards=leftwards) for item in column}
                self._stack(column, wished, top)
        for way in self._ranks.stops.values():
            self._straighten(way[1:-1], top)
        highest = min(top.values())
        return {item: y - highest + MARGIN for item, y in top.items()}

    def _stack(self, column: Sequence[Item], wished: Mapping[Item, float], top: dict[Item, float]) -> None:
        """One below the other, each as near to its wish as those above let it, then all moved to fit best."""
        free_from = float("-inf")
        for item in column:
            top[item] = max(wished[item], free_from)
            free_from = top[item] + self._height(item) + CARD_GAP
        shift = sum(wished[item] - top[item] for item in column) / max(len(column), 1)
        for item in column:
            top[item] += shift

    def _wish(self, item: Item, top: Mapping[Item, float], *, leftwards: bool) -> float:
        """Where its lines would be straight."""
        wishes: list[float] = []
        for link in self._links:
            for a, b in pairwise(self._ranks.stops.get(link.nth, ())):
                if b == item and not leftwards:
                    wishes.append(top[a] + self._leaves(a, link) - _enters(b))
                elif a == item and leftwards:
                    wishes.append(top[b] + _enters(b) - self._leaves(a, link))
        return sum(wishes) / len(wishes) if wishes else top[item]

    def _leaves(self, item: Item, link: Link) -> float:
        return port_offset(self._cards[item], link.port) if isinstance(item, str) else WAY_HEIGHT / 2

    def _straighten(self, passing: Sequence[Item], top: dict[Item, float]) -> None:
        """Let a way pass through all its columns at one height, where there is one that is free in each."""
        columns = [column for column in self._ranks.columns if any(item in column for item in passing)]
        edges = {y for column in columns for other in column for y in self._beside(other, top)}
        for y in sorted(edges, key=lambda y: (sum(abs(top[item] - y) for item in passing), y)):
            if all(self._is_free(item, y, top) for item in passing):
                top.update(dict.fromkeys(passing, y))
                return

    def _beside(self, item: Item, top: Mapping[Item, float]) -> Sequence[float]:
        return (top[item], top[item] - WAY_HEIGHT, top[item] + self._height(item))

    def _is_free(self, item: Item, y: float, top: Mapping[Item, float]) -> bool:
        column = next(column for column in self._ranks.columns if item in column)
        return all(
            y + WAY_HEIGHT <= top[other] or y >= top[other] + self._height(other)
            for other in column
            if other != item
        )

    def _entries(self, node_id: str) -> list[tuple[int, float]]:
        """Where each line meets a card's left side: one below the other, as they come."""
        coming = sorted((link for link in self._links if link.target == node_id), key=self._comes_from)
        # The beginning of a walk comes in above them.
        first = 1 if node_id == self._ranks.start_id else 0
        room = card_height(self._cards[node_id]) - 2 * ENTRY_FIRST
        step = min(ENTRY_STEP, room / max(len(coming) + first - 1, 1))
        top = self.top[node_id] + ENTRY_FIRST
        return [(link.nth, top + nth * step) for nth, link in enumerate(coming, start=first)]

    def _comes_from(self, link: Link) -> float:
        way = self._ranks.stops.get(link.nth)
        return float("inf") if way is None else self.top[way[-2]] + self._leaves(way[-2], link)


def _enters(item: Item) -> float:
    return ENTRY_FIRST if isinstance(item, str) else WAY_HEIGHT / 2
