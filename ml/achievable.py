"""How much any model could reach on a simulated history, and what scores are worth when hours take so much.

Nobody can see people's rhythms; one who knew how the simulator makes them could still only infer them from
the attempts. What that learner reaches is the yardstick: an oracle's value is out of anybody's reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from ml.assignment import plan_hours, planned_values
from ml.simulated import FIRST_DAY, LEGAL_HOURS, Dials, SimulatedHistory, is_weekend, sigmoid, worn_logits
from ml.worlds import EMPLOYMENTS, LINES, draw_latents, unseen_logits

PARTICLES = 400
"""People imagined for each kind; more change little."""
BLOCK = 500


@dataclass(frozen=True)
class Worth:
    """Mean chance of an answer per contact when each is called once and all hours take equally many."""

    planned: float
    random: float

    @property
    def uplift(self) -> float:
        """By how much the planned order beats a random one: 0.36 is 36 % more answers."""
        return self.planned / self.random - 1


def equal_capacity(contacts: int, hours: NDArray[np.intp] = LEGAL_HOURS) -> NDArray[np.int64]:
    """Calls each of 24 hours takes so that everybody has one, and no hour more than another."""
    capacity = np.zeros(24, dtype=np.int64)
    capacity[hours] = -(-contacts // len(hours))
    return capacity


def worth_of(scores: NDArray[np.float32], truth: NDArray[np.float32]) -> Worth:
    """What planning by any `scores` (contacts, 24) is worth under equal capacity, judged by the `truth`.

    Scores need only order each contact's hours against one another and other contacts'; their level is free.
    """
    capacity = equal_capacity(len(scores))
    lifted = scores - scores[:, LEGAL_HOURS].min() + np.float32(1)
    planned = planned_values(truth, plan_hours(lifted, capacity, capacity > 0))
    return Worth(float(planned.mean()), float(truth[:, LEGAL_HOURS].mean()))


def achievable_probabilities(
    history: SimulatedHistory, on: date, seed: int = 0, particles: int = PARTICLES
) -> NDArray[np.float32]:
    """Chances at each hour of a day (contacts, 24) for one who knows the world but must infer each person.

    Imagines people of each kind and weighs them, contact by contact, by how well they explain the attempts
    before the day. The days' own effects are not known to the learner either.
    """
    day = (on - FIRST_DAY).days
    rng = np.random.default_rng(seed)
    expected = np.zeros(history.seen.shape, dtype=np.float32)
    before, failed_hour = history.standing(day)
    past = _by_contact(history.dials.select(history.dials.day < day))
    for employment in range(len(EMPLOYMENTS)):
        latents = draw_latents(np.full(particles, employment), rng)
        for line in range(len(LINES)):
            lines = np.full(particles, line)
            kinds = [unseen_logits(history.world, latents, lines, weekend=end) for end in (False, True)]
            alike = (history.traits.employment == employment) & (history.traits.line == line)
            for who in _blocks(np.flatnonzero(alike)):
                base = worn_logits(history.seen[who], before[who], failed_hour[who], 0.0)
                weights = _weights(history, past, who, np.stack(kinds))
                expected[who] = _expected(base, kinds[int(is_weekend(day))], weights)
    return expected


def _blocks(rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return np.array_split(rows, range(BLOCK, len(rows), BLOCK))


def _by_contact(dials: Dials) -> Dials:
    return dials.select(np.argsort(dials.contact, kind="stable"))


def _weights(
    history: SimulatedHistory, past: Dials, who: NDArray[np.intp], kinds: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How likely each imagined person is to be each of these contacts, (contacts, particles)."""
    first = np.searchsorted(past.contact, who)
    last = np.searchsorted(past.contact, who, side="right")
    rows = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    fit = np.zeros((len(who), kinds.shape[1]), dtype=np.float32)
    tries = past.select(rows)
    each = np.repeat(np.arange(len(who)), last - first)
    for attempt in range(int((last - first).max(initial=0))):
        at = np.flatnonzero(
            np.arange(len(rows)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
            == attempt
        )
        fit[each[at]] += _fit(history, tries.select(at), kinds)
    weights = np.exp(fit - fit.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _fit(history: SimulatedHistory, tries: Dials, kinds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log likelihood of each attempt's outcome under each imagined person, (attempts, particles)."""
    known = worn_logits(history.seen[tries.contact], tries.before, tries.failed_hour, 0.0)
    logits = (
        known[np.arange(len(tries.hour)), tries.hour][:, None] + kinds[is_weekend(tries.day), :, tries.hour]
    )
    return -np.log1p(np.exp(np.where(tries.answered[:, None], -logits, logits)))


def _expected(
    base: NDArray[np.float32], kind: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    chances = np.zeros_like(base)
    for hour in LEGAL_HOURS:
        chances[:, hour] = (weights * sigmoid(base[:, hour, None] + kind[None, :, hour])).sum(axis=1)
    return chances
