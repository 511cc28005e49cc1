"""The called person: all they do is drawn from (seed, number, n-th call), never from arrival order."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from outdial.simulator.outcomes import OUTCOMES, Fate, Outcome
from outdial.simulator.scenario import Override, Scenario
from outdial.simulator.speech import Speech, greeting, hello

_BETWEEN_KEYS_S = (0.15, 0.3)


@dataclass(slots=True)
class Intent:
    """What the person means to do about one prompt."""

    keys: str
    barges_in: bool
    delay_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What the called side does with one call, decided before the phone rings. Times in seconds."""

    outcome: Outcome
    ring_s: float
    patience_s: float
    sends_reason: bool  # the BYE carries `Reason: Q.850;cause=16`
    speech: Speech
    at_once: Intent


def dice(seed: int, number: str, nth_call: int, purpose: str) -> random.Random:
    """Randomness of one call, for one purpose, so that a race drawn does not shift what the person does."""
    return random.Random(f"{seed}|{number}|{nth_call}|{purpose}")  # noqa: S311 - behaviour, not secrets


class Person:
    """One called person during one call; `place_call` asks it what happens next."""

    def __init__(self, scenario: Scenario, number: str, nth_call: int, now: datetime) -> None:
        self._scenario = scenario
        self._override = scenario.override_for(number, nth_call)
        self._dice = dice(scenario.seed, number, nth_call, "person")
        self._prompts_heard = 0
        # Of its own, so that what is said shifts nothing of what is done.
        self._voice_dice = dice(scenario.seed, number, nth_call, "voice")
        self.plan = self._draw_plan(number, now)

    def _draw_plan(self, number: str, now: datetime) -> Plan:
        outcome = _draw_outcome(
            self._scenario, self._override, self._dice, _hour_of(self._scenario, number, now)
        )
        ring_s = self._between(self._override.ring_s or self._scenario.ring_s)
        refuse_s = self._between(self._scenario.refuse_s)
        patience_s = self._between(self._override.patience_s or self._scenario.patience_s)
        machine_s = self._between(self._scenario.machine_s)
        q850 = self._scenario.q850 if self._override.q850 is None else self._override.q850
        return Plan(
            outcome=outcome,
            ring_s=refuse_s if outcome.fate is Fate.REFUSED else ring_s,
            patience_s=machine_s if outcome.machine else patience_s,
            sends_reason=self._dice.random() < q850,
            speech=self._draw_speech(outcome),
            at_once=Intent(
                self._override.at_once, False, self._voice_dice.uniform(*self._scenario.at_once_s)
            ),
        )

    def _draw_speech(self, outcome: Outcome) -> Speech:
        scenario, override, between = self._scenario, self._override, self._voice_dice.uniform
        after_s = between(*scenario.speaks_after_s)
        if not outcome.machine:
            return hello(after_s, between(*(override.hello_s or scenario.hello_s)))
        greeting_s = between(*(override.greeting_s or scenario.greeting_s))
        return greeting(after_s, greeting_s, between(*scenario.beep_after_s), between(*scenario.beep_s))

    def _between(self, bounds: tuple[float, float]) -> float:
        return self._dice.uniform(*bounds)

    def next_intent(self) -> Intent:
        """What this person does about the prompt they now hear. A machine does nothing."""
        choices = self._scenario.keys if self._override.keys is None else self._override.keys
        nth = self._prompts_heard
        self._prompts_heard += 1
        weights = choices[min(nth, len(choices) - 1)] if choices else {"": 1.0}
        keys = self._dice.choices(list(weights), list(weights.values()))[0]
        barges_in = self._dice.random() < self._scenario.barge_in
        delay_s = self._between(self._override.key_delay_s or self._scenario.key_delay_s)
        return Intent("" if self.plan.outcome.machine else keys, barges_in, delay_s)

    def pause_between_keys_s(self) -> float:
        return self._between(_BETWEEN_KEYS_S)


def _hour_of(scenario: Scenario, number: str, now: datetime) -> int:
    zone = scenario.zone_of(number)
    local = now.astimezone(zone) if zone else now.astimezone(UTC) + timedelta(hours=scenario.utc_offset_h)
    return local.hour


def _draw_outcome(scenario: Scenario, override: Override, rng: random.Random, hour: int) -> Outcome:
    weights = _weights_at(scenario, hour)
    drawn = rng.choices(list(weights), list(weights.values()))[0]
    chosen = OUTCOMES[override.outcome or drawn]
    return chosen if override.rings is None else replace(chosen, rings=override.rings)


def _weights_at(scenario: Scenario, hour: int) -> dict[str, float]:
    """The outcomes' weights at this hour: answers that do not come are calls nobody takes."""
    if scenario.answer_rate_by_hour is None:
        return scenario.outcomes
    rate = scenario.answer_rate_by_hour[hour]
    weights = {
        name: weight * rate if OUTCOMES[name].fate is Fate.ANSWERED else weight
        for name, weight in scenario.outcomes.items()
    }
    missed = sum(scenario.outcomes.values()) - sum(weights.values())
    return weights | {"no_answer": weights.get("no_answer", 0.0) + max(missed, 0.0)}
