"""What becomes of a text, and what the person does about it: drawn from (seed, number, n-th text to it)."""

from __future__ import annotations

from dataclasses import dataclass

from outdial.simulator.person import dice
from outdial.simulator.scenario import Override, Scenario
from outdial.simulator.sms.outcomes import TEXT_OUTCOMES, TextOutcome
from outdial.simulator.sms.scenario import TextOverride, Texts

_NOTHING_LAID_DOWN = Override()


@dataclass(frozen=True, slots=True)
class TextPlan:
    """What becomes of the n-th text to a number. `reply` "" is none. Times in seconds."""

    outcome: TextOutcome
    reply: str
    reply_delay_s: float
    clicks: bool
    previews: bool
    click_delay_s: float


@dataclass(frozen=True, slots=True)
class PartPlan:
    """What becomes of the n-th submit to a number. Times in seconds."""

    throttled: bool
    lost: bool
    answer_delay_s: float
    receipt_delay_s: float
    second_delay_s: float | None  # of the receipt's second copy
    early: bool
    on_its_way: bool


def override_of(scenario: Scenario, number: str, nth: int) -> TextOverride:
    """What is laid down for texts to `number` (+ and digits); scenarios write numbers with a + or without."""
    if not scenario.numbers:
        return _NOTHING_LAID_DOWN.text
    found = scenario.override_for(number, nth)
    if found == _NOTHING_LAID_DOWN:
        found = scenario.override_for(number.removeprefix("+"), nth)
    return found.text


def plan_text(scenario: Scenario, texts: Texts, number: str, nth: int) -> TextPlan:
    """`nth` counts texts to this number from 0."""
    rng = dice(scenario.seed, number, nth, "text")
    override = override_of(scenario, number, nth)
    drawn = rng.choices(list(texts.outcomes), list(texts.outcomes.values()))[0]
    replies = texts.replies if override.reply is None else override.reply
    reply = rng.choices(list(replies), list(replies.values()))[0]
    clicks = rng.random() < texts.clicks
    return TextPlan(
        outcome=TEXT_OUTCOMES[override.outcome or drawn],
        reply=reply,
        reply_delay_s=rng.uniform(*texts.reply_delay_s),
        clicks=clicks if override.clicks is None else override.clicks,
        previews=rng.random() < texts.previews,
        click_delay_s=rng.uniform(*texts.click_delay_s),
    )


def plan_part(scenario: Scenario, texts: Texts, number: str, nth: int) -> PartPlan:
    """`nth` counts submits to this number from 0, those that were not taken too."""
    rng = dice(scenario.seed, number, nth, "part")
    override = override_of(scenario, number, nth)
    throttled = rng.random() < texts.throttled
    lost = rng.random() < texts.lost_responses
    delay_s = rng.uniform(*(override.receipt_delay_s or texts.receipt_delay_s))
    shuffle_s = rng.uniform(*texts.shuffle_s)
    shuffled, doubled = rng.random() < texts.shuffled_receipts, rng.random() < texts.duplicate_receipts
    second_s = delay_s + rng.uniform(*texts.receipt_delay_s)
    return PartPlan(
        throttled=throttled if override.throttled is None else override.throttled,
        lost=lost if override.lost_response is None else override.lost_response,
        answer_delay_s=rng.uniform(*texts.answer_delay_s),
        receipt_delay_s=delay_s + (shuffle_s if shuffled else 0.0),
        second_delay_s=second_s if doubled else None,
        early=rng.random() < texts.early_receipts,
        on_its_way=rng.random() < texts.enroute_receipts,
    )
