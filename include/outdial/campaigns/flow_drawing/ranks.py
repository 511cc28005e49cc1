"""Which column of a drawing each node stands in, and in what order: ways lead right, few lines cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 12

Item = str | tuple[int, int]
"""What takes up room in a column: a node, or the place where the nth way passes through column c."""


@dataclass(frozen=True, slots=True)
class Link:
    """The nth way of the drawing: from a node's port (from 0) to a node."""

    nth: int
    source: str
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Ranks:
    """Columns from the left, each from the top; `stops` are the items a way comes by, both ends included.

    A way whose target is not further right has no stops: it goes back.
    """

    start_id: str
    columns: tuple[tuple[Item, ...], ...]
    column_of: Mapping[str, int]
    stops: Mapping[int, tuple[Item, ...]]


def rank(node_ids: Sequence[str], start_id: str, links: Sequence[Link]) -> Ranks:
    """Columns for the nodes; what nobody reaches stands in the first."""
    ordered = [start_id, *(node_id for node_id in node_ids if node_id != start_id)]
    forward = _forward(ordered, links)
    column_of = _columns(ordered, forward)
    stops = {link.nth: _stops(link, column_of) for link in forward}
    columns: list[list[Item]] = [[] for _ in range(max(column_of.values(), default=0) + 1)]
    for node_id in ordered:
        columns[column_of[node_id]].append(node_id)
    for way in stops.values():
        for item in way[1:-1]:
            assert not isinstance(item, str)  # noqa: S101 - between its ends a way has places only
            columns[item[1]].append(item)
    return Ranks(
        start_id, _uncrossed(columns, stops, {link.nth: link.port for link in links}), column_of, stops
    )


def _forward(node_ids: Sequence[str], links: Sequence[Link]) -> list[Link]:
    """The ways that do not lead back to where a walk has been."""
    out: dict[str, list[Link]] = {node_id: [] for node_id in node_ids}
    for link in links:
        out[link.source].append(link)
    forward: list[Link] = []
    done: set[str] = set()
    on_the_way: set[str] = set()

    def visit(node_id: str) -> None:
        done.add(node_id)
        on_the_way.add(node_id)
        for link in out[node_id]:
            if link.target not in on_the_way:
                forward.append(link)
                if link.target not in done:
                    visit(link.target)
        on_the_way.discard(node_id)

    for node_id in node_ids:
        if node_id not in done:
            visit(node_id)
    return forward


def _columns(node_ids: Sequence[str], forward: Sequence[Link]) -> dict[str, int]:
    """As far right as the longest way there."""
    column_of = dict.fromkeys(node_ids, 0)
    for _ in node_ids:
        for link in forward:
            column_of[link.target] = max(column_of[link.target], column_of[link.source] + 1)
    return column_of


def _stops(link: Link, column_of: Mapping[str, int]) -> tuple[Item, ...]:
    between = range(column_of[link.source] + 1, column_of[link.target])
    return (link.source, *((link.nth, column) for column in between), link.target)


def _uncrossed(
    columns: list[list[Item]], stops: Mapping[int, tuple[Item, ...]], ports: Mapping[int, int]
) -> tuple[tuple[Item, ...], ...]:
    """Each item where the middle of its neighbours is, by turns from the left and from the right."""
    pairs = [
        (a, b, ports[nth] / 100 if isinstance(a, str) else 0.0)
        for nth, way in stops.items()
        for a, b in pairwise(way)
    ]
    best = [list(column) for column in columns]
    least = _crossings(best, pairs)
    for sweep in range(SWEEPS):
        leftwards = sweep % 2 == 1
        for column in reversed(columns) if leftwards else columns:
            _sort(column, columns, pairs, leftwards=leftwards)
        crossings = _crossings(columns, pairs)
        if crossings < least:
            best, least = [list(column) for column in columns], crossings
    return tuple(tuple(column) for column in best)


_Pairs = Sequence[tuple[Item, Item, float]]


def _sort(column: list[Item], columns: Sequence[Sequence[Item]], pairs: _Pairs, *, leftwards: bool) -> None:
    place = _places(columns)

    def middle(item: Item) -> float:
        if leftwards:
            near = [place[b] for a, b, _ in pairs if a == item]
        else:
            near = [place[a] + port for a, b, port in pairs if b == item]
        return sum(near) / len(near) if near else place[item]

    column.sort(key=middle)


def _crossings(columns: Sequence[Sequence[Item]], pairs: _Pairs) -> int:
    place = _places(columns)
    column_of = {item: nth for nth, column in enumerate(columns) for item in column}
    drawn = [(column_of[a], place[a] + port, place[b]) for a, b, port in pairs]
    return sum(
        one[0] == other[0] and (one[1] - other[1]) * (one[2] - other[2]) < 0
        for nth, one in enumerate(drawn)
        for other in drawn[nth + 1 :]
    )


def _places(columns: Sequence[Sequence[Item]]) -> dict[Item, float]:
    return {item: float(nth) for column in columns for nth, item in enumerate(column)}
