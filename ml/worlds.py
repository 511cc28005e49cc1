"""Invented people who answer by hours we know: traits one can see, rhythms one cannot. `ml.simulated` asks.

Every amplitude here is invented; only the forms are not: people differ more by person than by hour, those
who work answer in the evening, landlines and mobiles differ (Reimer, Roth and Montgomery 2012), repeated
calls in the same hour are worth less (Kulka and Weeks 1988), and attempts wear off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

HOURS = np.arange(24)
AGES = ("18-29", "30-44", "45-59", "60+")
EMPLOYMENTS = ("office", "shifts", "home", "retired", "student")
LINES = ("mobile", "landline")
CAMPAIGNS = ("north", "south", "spring")
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
AREAS = 120
EMPLOYMENT_BY_AGE = np.array([
    [0.40, 0.20, 0.08, 0.0, 0.32],
    [0.60, 0.20, 0.18, 0.0, 0.02],
    [0.60, 0.18, 0.17, 0.05, 0.0],
    [0.1, 0.04, 0.06, 0.8, 0.0],
])
RHYTHM_BY_EMPLOYMENT = np.array([
    [0.75, 0.08, 0.10, 0.07],
    [0.15, 0.65, 0.12, 0.08],
    [0.10, 0.08, 0.72, 0.10],
    [0.06, 0.04, 0.75, 0.15],
    [0.12, 0.15, 0.08, 0.65],
])
"""How likely each of `WEEKDAY`'s rhythms is for each employment: what one sees tells only so much."""
WEEKDAY = (
    ((-1.4, 13.0, 3.5), (1.5, 19.5, 1.8)),
    ((-0.9, 8.5, 2.5), (1.1, 14.0, 2.5), (0.5, 20.0, 1.5)),
    ((0.9, 10.5, 1.8), (0.5, 16.5, 1.8), (0.7, 19.5, 1.5)),
    ((-1.2, 9.0, 2.5), (0.8, 16.0, 2.5), (1.1, 20.0, 1.5)),
)
"""Bumps of each rhythm's logit over the day: height, hour, width in hours."""
WEEKEND = ((-0.8, 8.5, 1.5), (0.7, 12.5, 2.5), (0.8, 18.5, 2.0))
LANDLINE = ((-0.5, 11.5, 2.5), (0.6, 19.0, 2.0))
SHIFT_SD_H = 1.0
LEVEL_SD = 0.75
SCALE_SD = 0.3
BASE = -2.0
FATIGUE = -0.10
SAME_HOUR = -0.25
DAY_SD = 0.08


@dataclass(frozen=True)
class World:
    """How strongly the hour matters (`amplitude`), and how much of it has no smooth form (`roughness`)."""

    name: str
    amplitude: float = 1.0
    roughness: float = 0.0

    def halved(self) -> World:
        """The same world with all that depends on the hour half as strong."""
        halves = {"amplitude": self.amplitude / 2, "roughness": self.roughness / 2}
        return replace(self, name=f"half {self.name}", **halves)


SMOOTH = World("smooth")
ROUGH = World("rough", roughness=0.3)
HALF = SMOOTH.halved()
WORLDS = {world.name: world for world in (SMOOTH, ROUGH, HALF)}


@dataclass(frozen=True)
class Traits:
    """What anybody can see of each contact (codes into the tuples above; `tenure` in years)."""

    age: NDArray[np.intp]
    employment: NDArray[np.intp]
    line: NDArray[np.intp]
    campaign: NDArray[np.intp]
    zone: NDArray[np.intp]
    area: NDArray[np.intp]
    tenure: NDArray[np.float64]

    def __len__(self) -> int:
        """How many contacts."""
        return len(self.age)


@dataclass(frozen=True)
class Latents:
    """What nobody can see: rhythm, hours later than others, willingness, how strongly the hour counts."""

    rhythm: NDArray[np.intp]
    shift_h: NDArray[np.float64]
    level: NDArray[np.float64]
    scale: NDArray[np.float64]


def draw_traits(contacts: int, rng: np.random.Generator) -> Traits:
    """A population of contacts; who is on a landline and who works how depends on age."""
    age = rng.choice(len(AGES), contacts, p=[0.22, 0.28, 0.26, 0.24])
    area = rng.integers(AREAS, size=contacts)
    return Traits(
        age=age,
        employment=_draw_by_row(EMPLOYMENT_BY_AGE[age], rng),
        line=(rng.random(contacts) < np.array([0.05, 0.15, 0.3, 0.6])[age]).astype(np.intp),
        campaign=rng.integers(len(CAMPAIGNS), size=contacts),
        zone=np.array([0, 0, 0, 0, 1, 1, 2, 3, 3])[area % 9],
        area=area,
        tenure=np.round(rng.gamma(2.0, 2.0, contacts), 1),
    )


def draw_latents(employment: NDArray[np.intp], rng: np.random.Generator) -> Latents:
    """Rhythms and temperaments of people of these employments."""
    return Latents(
        rhythm=_draw_by_row(RHYTHM_BY_EMPLOYMENT[employment], rng),
        shift_h=rng.normal(0, SHIFT_SD_H, len(employment)),
        level=rng.normal(0, LEVEL_SD, len(employment)),
        scale=np.exp(rng.normal(0, SCALE_SD, len(employment))),
    )


def seen_logits(world: World, traits: Traits, rng: np.random.Generator) -> NDArray[np.float32]:
    """What follows from traits alone, (contacts, hours); `rng` draws the rough effects of the world."""
    level = (
        BASE
        + np.array([-0.3, -0.1, 0.05, 0.25])[traits.age]
        + np.array([0.0, 0.15])[traits.line]
        + np.array([-0.1, 0.0, 0.15])[traits.campaign]
        + 0.04 * (traits.tenure - 4)
        + rng.normal(0, 0.2, AREAS)[traits.area]
    )
    by_age = 0.06 * np.outer(np.array([1.0, 0.4, -0.3, -1.2])[traits.age], (HOURS - 14) / 3)
    logits = level[:, None] + world.amplitude * by_age + _rough(world, traits, rng)
    return logits.astype(np.float32)


def unseen_logits(
    world: World, latents: Latents, line: NDArray[np.intp], *, weekend: bool
) -> NDArray[np.float32]:
    """What each person's rhythm adds, (contacts, hours), on a weekday or at the weekend."""
    hours = HOURS - latents.shift_h[:, None]
    curves = np.where((line == 1)[:, None], _bumps(LANDLINE, hours), 0.0)
    if weekend:
        curves += _bumps(WEEKEND, hours)
    else:
        for rhythm, shape in enumerate(WEEKDAY):
            rows = latents.rhythm == rhythm
            curves[rows] += _bumps(shape, hours[rows])
    return (latents.level[:, None] + world.amplitude * latents.scale[:, None] * curves).astype(np.float32)


def _rough(world: World, traits: Traits, rng: np.random.Generator) -> NDArray[np.float64]:
    cells = rng.normal(0, 1, (len(EMPLOYMENTS), len(AGES), len(CAMPAIGNS), 24))
    dayparts = rng.normal(0, 0.6, (AREAS, 4))
    by_cell = cells[traits.employment, traits.age, traits.campaign]
    return world.roughness * (by_cell + dayparts[traits.area][:, HOURS // 4 % 4])


def _bumps(shape: tuple[tuple[float, float, float], ...], hours: NDArray[Any]) -> NDArray[np.float64]:
    apart = [(height, (hours - centre + 12) % 24 - 12, width) for height, centre, width in shape]
    return sum((h * np.exp(-0.5 * (d / w) ** 2) for h, d, w in apart), start=np.zeros(hours.shape))


def _draw_by_row(chances: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """One column for each row, by that row's chances."""
    return (rng.random((len(chances), 1)) > chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
