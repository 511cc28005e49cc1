"""A history of calls to invented people whose true chances are known, for demo, tests and evaluation.

What a model reaches here is a simulator's figure, and to be quoted as one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ml.attempts import DAY_S, Attempts, Contacts, attempts_of
from ml.columns import Segment, segment_of
from ml.worlds import (
    AGES,
    CAMPAIGNS,
    DAY_SD,
    EMPLOYMENTS,
    FATIGUE,
    LINES,
    SAME_HOUR,
    ZONES,
    Traits,
    World,
    draw_latents,
    draw_traits,
    seen_logits,
    unseen_logits,
)

LEGAL_HOURS = np.arange(8, 21)
FIRST_DAY = date(2026, 1, 5)
"""A Monday; the clocks change within thirteen weeks of it."""
MOST_ATTEMPTS = 12
SUNDAY = 6
SATURDAY = 5
NEVER = -1


@dataclass(frozen=True)
class Plan:
    """How the history comes about: whom agents in New York call when, and how much is explored."""

    contacts: int = 60_000
    weeks: int = 13
    exploration: float = 0.05


@dataclass(frozen=True)
class Dials:
    """One row per attempt, by time: what the truth of it depends on beside the person."""

    contact: NDArray[np.intp]
    day: NDArray[np.intp]
    hour: NDArray[np.intp]
    before: NDArray[np.intp]
    failed_hour: NDArray[np.intp]
    propensity: NDArray[np.float64]
    answered: NDArray[np.bool_]
    converted: NDArray[np.bool_]

    def select(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Dials:
        """These rows only."""
        return Dials(**{field.name: getattr(self, field.name)[rows] for field in fields(Dials)})


@dataclass(frozen=True)
class SimulatedHistory:
    """Attempts and contacts as anybody sees them, and the truth behind them.

    `logits` (2, contacts, 24) are weekdays' and weekends' before fatigue; `dials` has the rows of
    `attempts`, in its order; day 0 is `FIRST_DAY`, `last_day` the last one dialled.
    """

    attempts: Attempts
    contacts: Contacts
    world: World
    traits: Traits
    seen: NDArray[np.float32]
    logits: NDArray[np.float32]
    day_effects: NDArray[np.float64]
    dials: Dials

    @property
    def last_day(self) -> int:
        """Days since `FIRST_DAY`."""
        return len(self.day_effects) - 1

    def true_probabilities(self, on: date) -> NDArray[np.float32]:
        """Each contact's chance of answering at each local hour of a day, after the attempts before it."""
        day = (on - FIRST_DAY).days
        before, failed_hour = self.standing(day)
        everybody = np.arange(len(self.contacts))
        return sigmoid(
            worn_logits(self.logits[is_weekend(day), everybody], before, failed_hour, self._effect(day))
        )

    def true_choices(self, dials: Dials) -> NDArray[np.float32]:
        """The chance each of these attempts would have had at each of the 24 hours of its day."""
        chances = self.logits[is_weekend(dials.day), dials.contact]
        return sigmoid(worn_logits(chances, dials.before, dials.failed_hour, self.day_effects[dials.day]))

    def _effect(self, day: int) -> float:
        return float(self.day_effects[day]) if 0 <= day <= self.last_day else 0.0

    def standing(self, day: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """How often each was called before a day, and the hour of the last call if it failed, or -1."""
        done = self.dials.select(self.dials.day < day)
        before = np.bincount(done.contact, minlength=len(self.contacts))
        failed_hour = np.full(len(self.contacts), NEVER)
        failed_hour[done.contact] = np.where(
            done.answered, NEVER, done.hour
        )  # by time, so the last one stays
        return before, failed_hour


def simulate(world: World, seed: int, plan: Plan | None = None) -> SimulatedHistory:
    """Weeks of calling invented people; the same seed gives the same history."""
    plan = plan or Plan()
    rng = np.random.default_rng(seed)
    traits = draw_traits(plan.contacts, rng)
    seen = seen_logits(world, traits, rng)
    latents = draw_latents(traits.employment, rng)
    logits = np.stack([
        seen + unseen_logits(world, latents, traits.line, weekend=end) for end in (False, True)
    ])
    day_effects = rng.normal(0, DAY_SD, plan.weeks * 7)
    dials = _dial(plan, traits, logits, day_effects, rng)
    contacts = _as_contacts(traits)
    return SimulatedHistory(
        attempts=_as_attempts(contacts, traits, dials, rng),
        contacts=contacts,
        world=world,
        traits=traits,
        seen=seen,
        logits=logits,
        day_effects=day_effects,
        dials=dials,
    )


def policy_shares(traits: Traits, exploration: float) -> NDArray[np.float64]:
    """How likely each contact is to be dialled at each local hour of a day, (contacts, 24).

    Agents work 9 to 17 in New York, which is earlier in the west, and dial the old first; the rest is
    exploration.
    """
    eastern = np.arange(9, 18)
    earliness = np.array([0.0, 0.1, 0.2, 0.35])[traits.age]
    weights = np.exp(-np.outer(earliness, eastern - 13.0))
    shares = np.zeros((len(traits), 24))
    local = np.maximum(eastern[None, :] - traits.zone[:, None], LEGAL_HOURS[0])
    np.add.at(shares, (np.arange(len(traits))[:, None], local), weights / weights.sum(axis=1, keepdims=True))
    shares *= 1 - exploration
    shares[:, LEGAL_HOURS] += exploration / len(LEGAL_HOURS)
    return shares


def _dial(
    plan: Plan,
    traits: Traits,
    logits: NDArray[np.float32],
    day_effects: NDArray[np.float64],
    rng: np.random.Generator,
) -> Dials:
    """Round after round: each contact some days after its last, until it converts or time is over."""
    shares = policy_shares(traits, plan.exploration).cumsum(axis=1)
    contact = np.arange(plan.contacts)
    day = _off_sundays(rng.integers(2 * 7, size=plan.contacts))
    failed_hour = np.full(plan.contacts, NEVER)
    rounds: list[Dials] = []
    for before in range(MOST_ATTEMPTS):
        hour = (rng.random((len(contact), 1)) * shares[contact, -1:] > shares[contact]).sum(axis=1)
        worn = np.full(len(contact), before)
        chance = sigmoid(
            worn_logits(logits[is_weekend(day), contact], worn, failed_hour, day_effects[day])[
                np.arange(len(hour)), hour
            ]
        )
        answered = rng.random(len(hour)) < chance
        converted = answered & (rng.random(len(hour)) < 0.11 + 0.03 * traits.age[contact])
        chosen = np.diff(shares[contact], axis=1, prepend=0)[np.arange(len(hour)), hour]
        rounds.append(Dials(contact, day, hour, worn, failed_hour, chosen, answered, converted))
        day = _next_day(day, rng)
        going = ~converted & (day < len(day_effects))
        contact, day = contact[going], day[going]
        failed_hour = np.where(answered, NEVER, hour)[going]
    return _by_time(rounds)


def _next_day(day: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    return _off_sundays(day + 1 + rng.poisson(6.3, len(day)))


def _off_sundays(day: NDArray[np.intp]) -> NDArray[np.intp]:
    return day + (day % 7 == SUNDAY)


def _by_time(rounds: list[Dials]) -> Dials:
    columns = {
        field.name: np.concatenate([getattr(r, field.name) for r in rounds]) for field in fields(Dials)
    }
    together = Dials(**columns)
    return together.select(np.lexsort((together.contact, together.hour, together.day)))


def worn_logits(
    logits: NDArray[np.float32],
    before: NDArray[np.intp],
    failed_hour: NDArray[np.intp],
    effect: NDArray[np.float64] | float,
) -> NDArray[np.float32]:
    """What attempts before take off the logits (rows, 24), and what the day adds."""
    worn = logits + (FATIGUE * before + effect).astype(np.float32)[:, None]
    rows = np.flatnonzero(failed_hour != NEVER)
    worn[rows, failed_hour[rows]] += np.float32(SAME_HOUR)
    return worn


def is_weekend(day: NDArray[np.intp] | int) -> NDArray[np.intp]:
    """1 on Saturdays and Sundays, of days since `FIRST_DAY`."""
    return (np.asarray(day) % 7 >= SATURDAY).astype(np.intp)


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Chances of logits."""
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def _as_contacts(traits: Traits) -> Contacts:
    width = len(str(len(traits)))
    return Contacts(
        ids=np.array([f"c{number:0{width}}" for number in range(len(traits))]),
        zones=_named(traits.zone, ZONES),
        segments={
            "age": _named(traits.age, AGES),
            "area": _named(traits.area, tuple(f"{area:03}x" for area in range(200, 320))),
            "campaign": _named(traits.campaign, CAMPAIGNS),
            "employment": _named(traits.employment, EMPLOYMENTS),
            "line_type": _named(traits.line, LINES),
            "tenure": segment_of(traits.tenure),
        },
    )


def _named(codes: NDArray[np.intp], names: tuple[str, ...]) -> Segment:
    return segment_of(np.array(names)[codes])


def _as_attempts(contacts: Contacts, traits: Traits, dials: Dials, rng: np.random.Generator) -> Attempts:
    who = dials.contact
    seconds = rng.integers(3600, size=len(who))
    local_s = (FIRST_DAY.toordinal() - date(1970, 1, 1).toordinal() + dials.day) * DAY_S + dials.hour * 3600
    return attempts_of(
        ids=contacts.ids[who],
        attempted_at_s=local_s + seconds - _offsets_s(traits.zone[who], dials.day),
        zones=contacts.zones.select(who),
        answered=dials.answered,
        propensity=dials.propensity,
        segments={name: column.select(who) for name, column in contacts.segments.items()},
    )


def _offsets_s(zone: NDArray[np.intp], day: NDArray[np.intp]) -> NDArray[np.int64]:
    """Seconds from UTC at noon of each day: clocks change at night, when nobody is called."""
    days = range(int(day.max(initial=0)) + 1)
    table = [[_offset_s(FIRST_DAY + timedelta(days=d), ZoneInfo(name)) for d in days] for name in ZONES]
    return np.array(table, dtype=np.int64)[zone, day]


def _offset_s(day: date, zone: ZoneInfo) -> int:
    offset = datetime.combine(day, time(12), zone).utcoffset() or timedelta()
    return int(offset.total_seconds())
