"""What a campaign's life is held against: lists, calls and contacts as plain values beside the database.

The rules are worked out another way than the code does it; see `wall_clock`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from outdial.domain.calling_rules import caps_for, timetables_for
from outdial.domain.campaign import CampaignConfig
from outdial.domain.dispositions import UNCOUNTED, UNCOUNTED_CAP, Disposition
from outdial.domain.number_caps import NumberCaps
from outdial.domain.permission import Refusal
from outdial.domain.suppression import ListEntry, are_registries_fresh, listed_until
from tests.rules.wall_clock import is_open_in, open_spans

Place = tuple[tuple[str, ...], tuple[str, ...]]
Scope = tuple[str, bool, UUID | None, str | None]


@dataclass
class Known:
    """A contact as it should stand."""

    campaign_id: UUID
    phone: str
    place: Place
    attempts: int = 0
    uncounted: int = 0
    not_before: datetime | None = None
    last: Disposition | None = None


@dataclass
class KnownCall:
    """A call as it should stand; `phone` is None once the number was erased."""

    call_id: str
    contact: Known
    phone: str | None
    dialer_id: UUID
    begun_at: datetime
    disposition: Disposition | None = None
    rang: bool = False

    @property
    def may_have_disturbed(self) -> bool:
        return self.disposition not in UNCOUNTED or self.rang


@dataclass
class KnownCampaign:
    """A campaign as it should stand, with every config it had."""

    id: UUID
    configs: list[tuple[datetime | None, dict[str, Any]]]
    start_time: datetime | None
    end_time: datetime | None
    status: str = "draft"
    lease_until: datetime | None = None

    @property
    def config(self) -> CampaignConfig:
        return _read_config(json.dumps(self.configs[-1][1], sort_keys=True))


@cache
def _read_config(written: str) -> CampaignConfig:
    return CampaignConfig.model_validate_json(written)


@dataclass
class Model:
    """Everything that matters to the rules."""

    campaigns: list[KnownCampaign]
    copies: Mapping[str, Any]
    contacts: dict[tuple[UUID, str], Known] = field(default_factory=dict)
    calls: dict[str, KnownCall] = field(default_factory=dict)
    listings: dict[Scope, datetime | None] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)

    def campaign(self, campaign_id: UUID) -> KnownCampaign:
        return next(one for one in self.campaigns if one.id == campaign_id)

    def list_number(self, scope: Scope, until: datetime | None) -> None:
        """An end is never brought nearer, and an erased number is written down nowhere."""
        if scope[0] in self.erased and not scope[1]:
            return
        before = self.listings.get(scope, until)
        self.listings[scope] = None if until is None or before is None else max(before, until)

    def is_listed(self, phone: str, campaign: KnownCampaign, now: datetime) -> bool:
        entries = [
            ListEntry(*scope[:2], campaign_id=scope[2], registry=scope[3], until=until)
            for scope, until in self.listings.items()
        ]
        registries = [one.name for one in campaign.config.registries]
        return phone in self.erased or listed_until(entries, phone, campaign.id, registries, now) is not None

    def live(self) -> list[KnownCall]:
        return [call for call in self.calls.values() if call.disposition is None]

    def refusals(self, phone: str, campaign_id: UUID, now: datetime) -> set[Refusal]:
        """Every reason for which no call to `phone` may begin now, the dialer's own aside."""
        campaign = self.campaign(campaign_id)
        contact = self.contacts[campaign_id, phone]
        live = self.live()
        config = campaign.config
        caps = caps_for(config, contact.place[1])
        answers = {
            Refusal.LISTED: self.is_listed(phone, campaign, now),
            Refusal.ATTEMPTS_EXHAUSTED: contact.attempts >= config.max_attempts_per_contact,
            Refusal.CAMPAIGN_NOT_ACTIVE: campaign.status != "active",
            Refusal.NO_LEASE: campaign.lease_until is None or now >= campaign.lease_until,
            Refusal.OUTSIDE_CAMPAIGN_TIME: (campaign.start_time is not None and now < campaign.start_time)
            or (campaign.end_time is not None and now >= campaign.end_time),
            Refusal.REGISTRY_STALE: not are_registries_fresh(config.registries, self.copies, now),
            Refusal.OUTSIDE_WINDOW: not is_open_at(config, contact.place, now),
            Refusal.NUMBER_CAPPED: not self._is_free(phone, caps, now),
            Refusal.NUMBER_BUSY: any(call.phone == phone for call in live),
            Refusal.CAMPAIGN_FULL: sum(call.contact.campaign_id == campaign_id for call in live)
            >= config.max_concurrent_calls,
        }
        return {reason for reason, holds in answers.items() if holds}

    def may_be_tried_again(self, contact: Known, now: datetime) -> bool:
        """Whether the last ending allows another attempt, and its delay is over."""
        is_over = contact.last in {Disposition.ANSWERED, Disposition.INVALID_NUMBER}
        is_early = contact.not_before is not None and now < contact.not_before
        return not is_over and not is_early and contact.uncounted < UNCOUNTED_CAP

    def settle(self, call: KnownCall, disposition: Disposition, ended_at: datetime, *, rang: bool) -> None:
        """The first word on how a call ended is the last."""
        call.disposition, call.rang = disposition, rang
        contact = call.contact
        contact.last = disposition
        contact.attempts += disposition not in UNCOUNTED
        contact.uncounted += disposition in UNCOUNTED
        rule = self.campaign(contact.campaign_id).config.retry_rules.get(disposition)
        contact.not_before = None if rule is None else ended_at + timedelta(seconds=rule.delay_seconds)

    def _is_free(self, phone: str, caps: NumberCaps, now: datetime) -> bool:
        calls = [
            call.begun_at for call in self.calls.values() if call.phone == phone and call.may_have_disturbed
        ]
        return all(
            cap is None or sum(now - begun < timedelta(days=days) for begun in calls) < cap
            for cap, days in ((caps.per_24_hours, 1), (caps.per_7_days, 7))
        )


def is_open_at(config: CampaignConfig, place: Place, now: datetime) -> bool:
    """Whether the config and the law let somebody in that place be called now, by the spans of the day."""
    zones, regions = place
    return is_open_in(open_spans(timetables_for(config, regions), zones, now, 1), now)


def configs_of(campaigns: Sequence[KnownCampaign]) -> dict[UUID, Any]:
    """Every config each campaign had, for the invariants."""
    return {one.id: one.configs for one in campaigns}
