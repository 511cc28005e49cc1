"""Plan one hour for each contact so that the most answers come out of what each hour can take.

Everybody's own best hour is much the same hour, which cannot take everybody. So each hour gets a price (what
one more place in it is worth, in answers) and a contact goes where probability minus price is highest. The
plan, the achievable bound and the evaluation call this.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ml.hour_prices import SOFTNESS, nudge_prices, settle_prices

Floats: TypeAlias = NDArray[np.float32]
Hours: TypeAlias = NDArray[np.int8]
Flags: TypeAlias = NDArray[np.bool_]

UNPLANNED = -1
PRICE_SAMPLE = 30_000
"""Contacts that are asked for prices; what they get wrong of the whole list's, the repair puts right."""
MARGINAL = 20_000
"""Contacts nearly indifferent: of a large list the only ones worth moving out of a full hour."""
NUDGES = 2  # of a sample's prices by the whole list
TIE = 5 * SOFTNESS[-1]  # answers
IMPROVEMENTS = 500  # moves between hours none of which is too full; a list of some thousands wants fewer
RING = 4096  # contacts that change places among full hours in one move, if each of the changes gains
STEPS = 8  # an excess is moved in parts this small, so that each part sees what the one before has changed
GAIN = 1e-7  # answers; what is less is rounding of float32


def hour_prices(
    probabilities: Floats, capacity: NDArray[np.integer], legal: Flags | None = None
) -> NDArray[np.float64]:
    """What one more place in each hour is worth, in answers.

    `probabilities` and `legal` are (contacts, hours), or `legal` (hours,); `capacity` (hours,) counts calls.
    Large lists are priced by a sample of them, always the same one.
    """
    count = len(probabilities)
    prices = np.zeros(len(capacity))
    for size in (PRICE_SAMPLE // 10, PRICE_SAMPLE):
        rows = _sample(count, size)
        gains = _gains(probabilities[rows], _rows_of(legal, rows)).astype(np.float64)
        prices = settle_prices(gains, (capacity * (len(rows) / max(count, 1))).astype(np.float64), prices)
        if len(rows) == count:
            break
    return prices


def assign(
    probabilities: Floats, legal: Flags | None, capacity: NDArray[np.integer], prices: NDArray[np.float64]
) -> Hours:
    """An hour for each contact, -1 where none is left that the rules allow.

    No hour gets more than its capacity. The best plan there is for lists of up to `MARGINAL` contacts; for
    larger ones within a hair of it (`answers_bound` says how near).
    """
    gains = _gains(probabilities, legal)
    net = np.zeros((len(gains), len(capacity) + 1), np.float32)
    places = _wanted(gains, prices, net)
    room = _room_left(capacity, places)
    for _ in range(NUDGES if len(gains) > MARGINAL else 0):
        prices = _nudged(gains, prices, room[:-1])
        places = _wanted(gains, prices, net)
        room = _room_left(capacity, places)
    if _needs_repair(room, prices):
        _repair(gains, net, places, room, prices)
    return np.where(places == len(capacity), UNPLANNED, places).astype(np.int8)


def plan_hours(probabilities: Floats, capacity: NDArray[np.integer], legal: Flags | None = None) -> Hours:
    """`assign` at the `hour_prices` of the same list."""
    return assign(probabilities, legal, capacity, hour_prices(probabilities, capacity, legal))


def answers_bound(
    probabilities: Floats,
    capacity: NDArray[np.integer],
    prices: NDArray[np.float64],
    legal: Flags | None = None,
) -> float:
    """Answers that no plan can exceed (weak duality): how far a plan is from the best, unseen."""
    best = (_gains(probabilities, legal) - prices.astype(np.float32)).max(axis=1)
    return float(np.maximum(best, 0).sum(dtype=np.float64) + (capacity * prices).sum())


def planned_values(values: Floats, hours: Hours) -> Floats:
    """Each contact's value at its hour; nothing for those without one."""
    at_hour = values[np.arange(len(hours)), np.maximum(hours, 0)]
    return np.where(hours == UNPLANNED, np.float32(0), at_hour)


def _gains(probabilities: Floats, legal: Flags | None) -> Floats:
    gains = probabilities.astype(np.float32, copy=False)
    return gains if legal is None else np.where(legal, gains, np.float32(-np.inf))


def _wanted(gains: Floats, prices: NDArray[np.float64], net: Floats) -> NDArray[np.intp]:
    """The hour each contact wants at these prices, the last place being none; `net` is overwritten."""
    np.subtract(gains, prices.astype(np.float32), out=net[:, :-1])
    places = net.argmax(axis=1)
    if len(net) > MARGINAL:
        _share_ties(net, places)
    return places


def _room_left(capacity: NDArray[np.integer], places: NDArray[np.intp]) -> NDArray[np.integer]:
    return np.append(capacity, len(places)) - np.bincount(places, minlength=len(capacity) + 1)


def _nudged(gains: Floats, prices: NDArray[np.float64], room: NDArray[np.integer]) -> NDArray[np.float64]:
    """Prices put right by what the whole list wants beyond what its sample did."""
    rows = _sample(len(gains), PRICE_SAMPLE)
    want = (-room * (len(rows) / len(gains))).astype(np.float64)
    return nudge_prices(gains[rows].astype(np.float64), prices, want)


def _share_ties(net: Floats, places: NDArray[np.intp]) -> None:
    """Spreads those to whom hours are all but equal over them, as the softened prices count on."""
    everybody = np.arange(len(net))
    best = net[everybody, places]
    net[everybody, places] = -np.inf
    tied = np.flatnonzero(best - net.max(axis=1) < TIE)
    net[everybody, places] = best
    luck = (
        np.random.default_rng(len(net)).gumbel(0, SOFTNESS[-1], (len(tied), net.shape[1])).astype(np.float32)
    )
    places[tied] = (net[tied] + luck).argmax(axis=1)


def _rows_of(legal: Flags | None, rows: NDArray[np.intp]) -> Flags | None:
    return legal if legal is None or legal.ndim == 1 else legal[rows]


def _sample(count: int, size: int) -> NDArray[np.intp]:
    if count <= size:
        return np.arange(count)
    return np.sort(np.random.default_rng(count).choice(count, size, replace=False))


def _needs_repair(room: NDArray[np.integer], prices: NDArray[np.float64]) -> bool:
    return bool((room < 0).any() or ((room[:-1] > 0) & (prices > 0)).any())


def _repair(
    gains: Floats,
    net: Floats,
    places: NDArray[np.intp],
    room: NDArray[np.integer],
    prices: NDArray[np.float64],
) -> None:
    """Moves contacts, those first that lose least, until no hour is too full and no move gains anything."""
    worth = np.append(prices, 0.0)
    floors = np.subtract.outer(worth, worth) if len(net) > MARGINAL else np.full((len(worth),) * 2, -np.inf)
    size = max(MARGINAL, 6 * int(-room[room < 0].sum()))
    for rows in _most_indifferent(net, places, size):
        values = np.concatenate([gains[rows], np.zeros((len(rows), 1), np.float32)], axis=1)
        moving = _Moving(values, places[rows], room, floors, np.full_like(floors, np.inf))
        moving.settle()
        places[rows] = moving.places
        if (room >= 0).all():
            return


def _most_indifferent(net: Floats, places: NDArray[np.intp], size: int) -> list[NDArray[np.intp]]:
    everybody = np.arange(len(net))
    if len(net) <= size:
        return [everybody]
    best = net[everybody, places]
    net[everybody, places] = -np.inf
    margin = best - net.max(axis=1)
    sizes = [tried for tried in (size, 4 * size) if tried < len(net)]
    return [*(np.argpartition(margin, tried)[:tried] for tried in sizes), everybody]


@dataclass(slots=True)
class _Moving:
    """Successive shortest paths over the hours (and, last, the place of those without one).

    An edge a → b costs what the contact in a who minds least loses by going to b. Starting from the best
    plan for its own counts, each cheapest path out of a full hour leaves the best for its counts.
    `floors` bound the costs from below for large lists, by the prices: else rings gain next to nothing.
    """

    worth: Floats
    places: NDArray[np.intp]
    room: NDArray[np.integer]
    floors: NDArray[np.float64]
    edges: NDArray[np.float64]

    def settle(self) -> None:
        """Moves until none is left to make; once no hour is too full, `IMPROVEMENTS` times at most."""
        self._price_edges(range(len(self.room)))
        left = IMPROVEMENTS
        while self._step() and left:
            left -= bool((self.room >= 0).all())

    def _step(self) -> bool:
        """One move along one path; false when there is none left to make."""
        too_full = self.room < 0
        route, cost = self._cheapest_route(too_full if too_full.any() else np.ones_like(too_full))
        if not route or (not too_full.any() and cost > -GAIN):
            return False
        moved = self._move(route, forced=bool(too_full.any()))
        if not moved and too_full.any():
            route = self._straight_way(too_full)
            moved = self._move(route, forced=True)
        self._price_edges(route)
        return moved > 0

    def _straight_way(self, too_full: Flags) -> list[int]:
        """Out of a full hour to one with room, where rounding has made a ring that gains nothing."""
        ways = np.where(too_full[:, None] & (self.room > 0), self.edges, np.inf)
        start, goal = np.unravel_index(int(ways.argmin()), ways.shape)
        return [int(start), int(goal)]

    def _price_edges(self, hours: list[int] | range) -> None:
        for hour in hours:
            members = np.flatnonzero(self.places == hour)
            self.edges[hour] = np.maximum(
                self._losses(members, hour).min(axis=0, initial=np.inf), self.floors[hour]
            )
            self.edges[hour, hour] = np.inf

    def _losses(self, members: NDArray[np.intp], hour: int) -> Floats:
        return self.worth[members, hour][:, None] - self.worth[members]

    def _cheapest_route(self, sources: Flags) -> tuple[list[int], float]:
        cost = np.where(sources, 0.0, np.inf)
        origin = np.full(len(cost), -1)
        for _ in cost:
            through = cost[:, None] + self.edges
            nearer = through.min(axis=0) < cost - GAIN
            if not nearer.any():
                break
            origin[nearer] = through.argmin(axis=0)[nearer]
            cost = np.minimum(cost, through.min(axis=0))
        goal = int(np.where((self.room > 0) & (origin >= 0), cost, np.inf).argmin())
        if origin[goal] < 0 or self.room[goal] <= 0:
            return [], 0.0
        return _walk_back(origin, goal), float(cost[goal])

    def _move(self, route: list[int], *, forced: bool) -> int:
        """Along the whole route at once, so that only its ends change their counts; a ring changes none."""
        start, goal = route[0], route[-1]
        forced = forced and start != goal
        ranked = [self._least_losers(a, b, self._share(start, goal)) for a, b in pairwise(route)]
        share = min(len(losses) for _, losses in ranked)
        total = np.sum([losses[:share] for _, losses in ranked], axis=0)
        share = share if forced else int((total < 0).sum())
        for (members, _), hour in zip(ranked, route[1:], strict=True):
            self.places[members[:share]] = hour
        self.room[start] += share
        self.room[goal] -= share
        return share

    def _share(self, start: int, goal: int) -> int:
        if start == goal:
            return RING
        places = self.room[goal] if self.room[start] >= 0 else min(-self.room[start], self.room[goal])
        return int(min(places, max(1, places // STEPS)))

    def _least_losers(self, hour: int, to: int, share: int) -> tuple[NDArray[np.intp], Floats]:
        members = np.flatnonzero(self.places == hour)
        losses = self.worth[members, hour] - self.worth[members, to]
        if share < len(members):
            nearest = np.argpartition(losses, share)[:share]
            members, losses = members[nearest], losses[nearest]
        order = np.argsort(losses, kind="stable")
        order = order[np.isfinite(losses[order])]
        return members[order], losses[order]


def _walk_back(origin: NDArray[np.intp], goal: int) -> list[int]:
    """The way to `goal`, or the ring met on it (one that gains: going round it is a move of its own)."""
    route = [goal]
    while origin[route[-1]] >= 0:
        route.append(int(origin[route[-1]]))
        if route[-1] in route[:-1]:
            route = route[route.index(route[-1]) :]
            break
    return route[::-1]
