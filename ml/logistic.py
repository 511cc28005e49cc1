"""Logistic regression whose terms are tables of level x hour: smooth over the day, shrunk as the data says.

A table's row is a sum of waves over the day, for weekdays and for how weekends differ, with normal priors.
How wide these are is itself estimated (empirical Bayes, MacKay 1992), so that a trait that does not matter
costs nothing and a rough one may be rough. As tables, a million contacts are scored by adding up rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from ml.attempts import HOURS

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]

SLOTS = 2 * HOURS
"""The hours of a weekday, then those of a day of the weekend."""
ROUNDS = 3
"""How often the widths of priors are estimated: they settle after two."""
ENOUGH_FOR_WIDTHS = 150_000
"""Rows from which the widths are as good as from all."""
NARROWEST, WIDEST = 0.003, 2.0
FIRST_SLOPE = 0.3
FIRST_WIDTHS = (0.5, 0.2, 0.05)
"""Before anything is known: a level's mean, waves of 24, 12 and 8 hours, and shorter waves."""
SLOW_WAVES = 3
WEEKEND = 3
"""Three groups of rows share widths for all days, and three more for how weekends differ."""
MOST_STEPS = 150
STEP_ENOUGH = 1e-8
"""Stop where a step gains less than this share of the loss: far below what the data can tell."""


@dataclass(frozen=True)
class Term:
    """One table's shape: how many levels, and how many waves over the day (0: the hour does not matter)."""

    size: int
    waves: int


@dataclass(frozen=True)
class Rows:
    """What is learned from: levels (terms, n), slots (n,), numbers (n, k) and outcomes (n,)."""

    levels: Sequence[Ints]
    slot: Ints
    numbers: Floats
    answered: NDArray[np.bool_]

    def every(self, step: int) -> Rows:
        """Each so-manieth row."""
        rows = slice(None, None, step)
        return Rows(
            [level[rows] for level in self.levels], self.slot[rows], self.numbers[rows], self.answered[rows]
        )


@dataclass(frozen=True)
class Logistic:
    """Log odds = base + the tables' entries + numbers @ slopes; `tables[t]` is (levels, SLOTS)."""

    base: float
    tables: tuple[Floats, ...]
    slopes: Floats

    def log_odds(self, levels: Sequence[Ints], slot: Ints, numbers: Floats) -> Floats:
        """Of each row in its own slot."""
        total = self.base + numbers @ self.slopes
        for table, level in zip(self.tables, levels, strict=True):
            total += table[level, slot]
        return total

    def log_odds_by_hour(self, levels: Sequence[Ints], *, weekend: bool) -> NDArray[np.float32]:
        """(n, 24) of each row at every hour of such a day, before its numbers are added."""
        slots = slice(HOURS, SLOTS) if weekend else slice(HOURS)
        total = np.full((len(levels[0]), HOURS), self.base, dtype=np.float32)
        for table, level in zip(self.tables, levels, strict=True):
            total += table[:, slots].astype(np.float32)[level]
        return total


Widths = tuple[Floats, ...]
"""How wide the priors are, in log odds: of the slopes, then for each term of each row of its basis."""


def fit_logistic(rows: Rows, terms: Sequence[Term]) -> Logistic:
    """Learn from rows, and how wide the priors ought to be. Numbers come centred, with a spread of one."""
    sample = rows.every(-(-len(rows.slot) // ENOUGH_FOR_WIDTHS))
    widths = (np.full(rows.numbers.shape[1], FIRST_SLOPE), *(_first_widths(term) for term in terms))
    found = None
    for _ in range(ROUNDS - 1):
        problem = _Problem(sample, terms, widths)
        place = problem.solved_from(problem.place_of(found))
        found, widths = problem.answer(place), problem.new_widths(place)
    problem = _Problem(rows, terms, widths)
    return problem.answer(problem.solved_from(problem.place_of(found)))


def _first_widths(term: Term) -> Floats:
    mean, slow, quick = FIRST_WIDTHS
    usual = np.array([mean, slow, quick])[_group_of(term) % WEEKEND]
    return np.where(_group_of(term) < WEEKEND, usual, usual / 2)


def _group_of(term: Term) -> Ints:
    """Which rows of the basis share a width: mean, slow and quick waves, then the same of the weekend."""
    waves = np.repeat(np.arange(1, term.waves + 1), 2)
    groups = np.concatenate([[0], np.where(waves <= SLOW_WAVES, 1, 2)])
    return np.concatenate([groups, groups + WEEKEND]) if term.waves else groups


def _basis(term: Term) -> Floats:
    """(rows, SLOTS): a constant, each wave's sine and cosine, and again with the sign of the weekend."""
    if not term.waves:
        return np.ones((1, SLOTS))
    turn = 2 * np.pi * np.arange(HOURS) / HOURS
    waves = [part(wave * turn) for wave in range(1, term.waves + 1) for part in (np.sin, np.cos)]
    day = np.stack([np.ones(HOURS), *waves])
    return np.vstack([np.hstack([day, day]), np.hstack([-day, day])])


class _Problem:
    """The penalised likelihood as a function of one vector: base, slopes, then each table's heights / widths.

    The search moves in units of how well each of them is determined: else it zigzags.
    """

    def __init__(self, rows: Rows, terms: Sequence[Term], widths: Widths) -> None:
        self.rows, self.terms, self.widths = rows, terms, widths
        self.numbers = rows.numbers * widths[0]
        self.bases = [_basis(term) * width[:, None] for term, width in zip(terms, widths[1:], strict=True)]
        self.cells = [level.astype(np.intp) * SLOTS + rows.slot for level in rows.levels]
        answers, count = rows.answered.sum() + 0.5, len(rows.slot) + 1
        self.usual = float(np.log(answers / (count - answers)))
        self.unit = 1 / np.sqrt(
            1 + self._curvature(np.full(len(rows.slot), answers / count * (1 - answers / count)))
        )

    def place_of(self, start: Logistic | None) -> Floats:
        """The vector where the search begins."""
        if start is None:
            return np.zeros(len(self.unit))
        heights = [
            np.linalg.lstsq(basis.T, table.T, rcond=None)[0].T
            for basis, table in zip(self.bases, start.tables, strict=True)
        ]
        return _packed(start.base - self.usual, start.slopes / self.widths[0], heights)

    def solved_from(self, place: Floats) -> Floats:
        """The most probable vector."""
        options = {"maxiter": MOST_STEPS, "maxcor": 20, "ftol": STEP_ENOUGH, "gtol": 1e-6}
        found = minimize(self._loss, place / self.unit, jac=True, method="L-BFGS-B", options=options)
        return found.x * self.unit

    def answer(self, place: Floats) -> Logistic:
        """The vector as tables."""
        base, slopes, heights = self._unpacked(place)
        tables = tuple(height @ basis for height, basis in zip(heights, self.bases, strict=True))
        return Logistic(self.usual + base, tables, slopes * self.widths[0])

    def new_widths(self, place: Floats) -> Widths:
        """Priors as wide as the heights call for: their spread, over how many of them the data determines."""
        chance = expit(self._log_odds(place))
        curvature = self._curvature(chance * (1 - chance))
        _, sloping, determined = self._unpacked(curvature / (1 + curvature))
        _, slopes, heights = self._unpacked(place)
        alike = np.zeros(len(slopes), dtype=np.intp)
        return (
            _new_widths(alike, self.widths[0], slopes[None], sloping[None]),
            *(
                _new_widths(_group_of(term), old, height, share)
                for term, old, height, share in zip(
                    self.terms, self.widths[1:], heights, determined, strict=True
                )
            ),
        )

    def _curvature(self, weight: Floats) -> Floats:
        """How sharply the likelihood bends along each coordinate, each row weighing p (1 - p)."""
        heights = [
            _sums(cells, weight, term) @ (basis**2).T
            for cells, term, basis in zip(self.cells, self.terms, self.bases, strict=True)
        ]
        return _packed(weight.sum(), weight @ self.numbers**2, heights)

    def _loss(self, steps: Floats) -> tuple[float, Floats]:
        place = steps * self.unit
        odds = self._log_odds(place)
        chance = expit(odds)
        likelihood = -np.log(np.where(self.rows.answered, chance, 1 - chance) + 1e-300).sum()
        excess = chance - self.rows.answered
        heights = [
            _sums(cells, excess, term) @ basis.T
            for cells, term, basis in zip(self.cells, self.terms, self.bases, strict=True)
        ]
        slope = _packed(excess.sum(), excess @ self.numbers, heights) + place
        count = len(odds)
        return float(likelihood + 0.5 * place @ place) / count, slope * self.unit / count

    def _log_odds(self, place: Floats) -> Floats:
        base, slopes, heights = self._unpacked(place)
        odds = self.usual + base + self.numbers @ slopes
        for cells, height, basis in zip(self.cells, heights, self.bases, strict=True):
            odds += (height @ basis).ravel().take(cells)
        return odds

    def _unpacked(self, place: Floats) -> tuple[float, Floats, list[Floats]]:
        at = 1 + self.numbers.shape[1]
        heights: list[Floats] = []
        for term, basis in zip(self.terms, self.bases, strict=True):
            heights.append(place[at : at + term.size * len(basis)].reshape(term.size, -1))
            at += term.size * len(basis)
        return float(place[0]), place[1 : 1 + self.numbers.shape[1]], heights


def _sums(cells: Ints, weight: Floats, term: Term) -> Floats:
    return np.bincount(cells, weight, term.size * SLOTS).astype(np.float64).reshape(term.size, SLOTS)


def _new_widths(groups: Ints, old: Floats, height: Floats, determined: Floats) -> Floats:
    new = old.copy()
    for group in np.unique(groups):
        rows = groups == group
        spread = ((height[:, rows] * old[rows]) ** 2).sum() / max(determined[:, rows].sum(), 1e-9)
        new[rows] = np.clip(np.sqrt(spread), NARROWEST, WIDEST)
    return new


def _packed(base: float, slopes: Floats, heights: Sequence[NDArray[np.floating]]) -> Floats:
    return np.concatenate([[base], slopes, *(height.ravel() for height in heights)])
