"""Every rule of the gate, asked about one contact at this moment, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.domain.caller_ids import choose
from outdial.domain.calling_windows import closes_at
from outdial.domain.channels import Channel
from outdial.domain.hours_in_words import why_closed, why_open
from outdial.domain.number_caps import DAY, WEEK
from outdial.domain.permission import AttemptFacts, Refusal, ask_every_rule
from outdial.reports.wording import counted
from outdial.storage.campaigns import Campaign

A_DIALERS_OWN = frozenset({Refusal.PACE_CHANGED})
"""Asked of a dialer's slot, which nobody has who only asks."""


OF_TEXTS = frozenset({
    Refusal.LISTED,
    Refusal.CAMPAIGN_NOT_ACTIVE,
    Refusal.NO_LEASE,
    Refusal.OUTSIDE_CAMPAIGN_TIME,
    Refusal.REGISTRY_STALE,
    Refusal.OUTSIDE_WINDOW,
    Refusal.NUMBER_CAPPED,
})
"""What is asked before a text: all that is about the person and the campaign, nothing about the line."""


class Verdict(BaseModel):
    """One rule's answer; `until` is when it will be another."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    rule: Refusal
    allows: bool
    text: str
    until: datetime | None


def verdicts_on(
    campaign: Campaign, facts: AttemptFacts, channel: Channel, now: datetime
) -> tuple[Verdict, ...]:
    """What each rule about a channel says now, in the gate's order; the first that does not allow decides."""
    return tuple(
        Verdict(
            rule=rule,
            allows=refused is None,
            text=_TEXTS[rule](campaign, facts, now),
            until=refused.due_at if refused else _allowed_until(rule, facts, now),
        )
        for rule, refused in ask_every_rule(facts, now)
        if rule not in A_DIALERS_OWN and _applies(rule, facts, channel)
    )


def _applies(rule: Refusal, facts: AttemptFacts, channel: Channel) -> bool:
    """Whether the campaign sets the limit that the rule is about, in those that few campaigns set."""
    if channel is Channel.SMS:
        return rule in OF_TEXTS
    match rule:
        case Refusal.TRUNK_FULL:
            return facts.trunk_channels is not None
        case Refusal.NO_CALLER_ID:
            return facts.caller_ids is not None
        case Refusal.CALLER_ID_SPENT:
            return bool(facts.caller_ids)
        case _:
            return True


def _allowed_until(rule: Refusal, facts: AttemptFacts, now: datetime) -> datetime | None:
    if rule is Refusal.OUTSIDE_WINDOW:
        return closes_at(facts.timetables, facts.zones, now)
    return facts.end_time if rule is Refusal.OUTSIDE_CAMPAIGN_TIME else None


def _listed(_campaign: Campaign, facts: AttemptFacts, _now: datetime) -> str:
    if not facts.listed:
        return "on no list that holds for this campaign"
    return "listed for good" if facts.listed_until is None else "listed for a time"


def _attempts(_campaign: Campaign, facts: AttemptFacts, _now: datetime) -> str:
    return f"{facts.attempts} of {counted(facts.max_attempts, 'attempt')} used"


def _active(campaign: Campaign, _facts: AttemptFacts, _now: datetime) -> str:
    return f"the campaign's status is {campaign.status}"


def _lease(_campaign: Campaign, facts: AttemptFacts, _now: datetime) -> str:
    return "an Airflow run vouches for it" if facts.has_lease else "no Airflow run vouches for it"


def _dates(_campaign: Campaign, facts: AttemptFacts, now: datetime) -> str:
    if facts.start_time is not None and now < facts.start_time:
        return "the campaign has not started"
    if facts.end_time is not None and now >= facts.end_time:
        return "the campaign has ended"
    return "between the campaign's start and end"


def _registries(campaign: Campaign, facts: AttemptFacts, _now: datetime) -> str:
    if not campaign.config.registries:
        return "no registry is required"
    names = ", ".join(registry.name for registry in campaign.config.registries)
    return f"{names}: " + ("copy is fresh" if facts.registries_are_fresh else "copy is missing or too old")


def _window(_campaign: Campaign, facts: AttemptFacts, now: datetime) -> str:
    why = why_closed(facts.timetables, facts.zones, now)
    if why is not None:
        return f"closed: {why}"
    if facts.not_after is not None and now >= facts.not_after:
        return "the dial task was for a window that has closed"
    names = [table.name for table in facts.timetables[1:]]
    law = f", and by {', '.join(names)}" if names else ""
    return f"open by the campaign's windows ({why_open(facts.timetables, facts.zones, now)}){law}"


def _caps(_campaign: Campaign, facts: AttemptFacts, now: datetime) -> str:
    spans = ((DAY, facts.caps.per_24_hours, "24 hours"), (WEEK, facts.caps.per_7_days, "7 days"))
    return "calls and texts of all campaigns: " + ", ".join(
        f"{_calls_since(facts, now - span)} in {name} ({'no cap' if cap is None else f'at most {cap}'})"
        for span, cap, name in spans
    )


def _calls_since(facts: AttemptFacts, since: datetime) -> int:
    return sum(call > since for call in facts.disturbances)


def _busy(_campaign: Campaign, facts: AttemptFacts, _now: datetime) -> str:
    return "the number is on a call" if facts.number_busy else "the number is on no other call"


def _full(_campaign: Campaign, facts: AttemptFacts, _now: datetime) -> str:
    return f"{facts.live_calls} of {counted(facts.max_live_calls, 'place')} taken"


def _trunk(campaign: Campaign, facts: AttemptFacts, _now: datetime) -> str:
    names = " and ".join(trunk.name for trunk in campaign.config.trunks)
    if not facts.has_room_on_trunk:
        return f"every channel of {names} is taken, by calls of all campaigns"
    return (
        f"{facts.trunk_calls} of {counted(facts.trunk_channels or 0, 'channel')} taken on a trunk of {names}"
    )


def _fitting(campaign: Campaign, facts: AttemptFacts, _now: datetime) -> str:
    fit, named = facts.caller_ids or (), campaign.config.caller_ids
    return f"{len(fit)} of the campaign's {counted(len(named), 'caller id')} may be shown in their region"


def _spent(_campaign: Campaign, facts: AttemptFacts, _now: datetime) -> str:
    chosen = choose(facts.caller_ids or ())
    if chosen is None:
        return "every caller id for their region was used as often as it may be, by all campaigns"
    return f"the next call would come from {chosen.number}"


def _dialer(_campaign: Campaign, facts: AttemptFacts, _now: datetime) -> str:
    return "a dialer is alive" if facts.dialer_is_alive else "no dialer is alive"


_TEXTS: Mapping[Refusal, Callable[[Campaign, AttemptFacts, datetime], str]] = {
    Refusal.LISTED: _listed,
    Refusal.ATTEMPTS_EXHAUSTED: _attempts,
    Refusal.CAMPAIGN_NOT_ACTIVE: _active,
    Refusal.NO_LEASE: _lease,
    Refusal.OUTSIDE_CAMPAIGN_TIME: _dates,
    Refusal.REGISTRY_STALE: _registries,
    Refusal.OUTSIDE_WINDOW: _window,
    Refusal.NUMBER_CAPPED: _caps,
    Refusal.NUMBER_BUSY: _busy,
    Refusal.CAMPAIGN_FULL: _full,
    Refusal.TRUNK_FULL: _trunk,
    Refusal.NO_CALLER_ID: _fitting,
    Refusal.CALLER_ID_SPENT: _spent,
    Refusal.DIALER_SILENT: _dialer,
}
