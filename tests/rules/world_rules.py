"""What the pure rules say of a generated world, without a look at any row."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from outdial.domain.calling_rules import caps_for, timetables_for
from outdial.domain.permission import AttemptFacts
from outdial.domain.suppression import FOR_GOOD, are_registries_fresh, listed_until
from tests.rules.world import Person, World, WorldCampaign


def campaign_of(world: World, campaign_id: UUID) -> WorldCampaign:
    """One of the world's campaigns."""
    return next(one for one in world.campaigns if one.id == campaign_id)


def until_of(world: World, number: str, campaign: WorldCampaign | None) -> datetime | None:
    """Until when a number is listed, for one campaign or everywhere; erased numbers for good."""
    if number in world.erased:
        return FOR_GOOD
    registries = () if campaign is None else [one.name for one in campaign.config.registries]
    campaign_id = None if campaign is None else campaign.id
    return listed_until(world.listings, number, campaign_id, registries, world.now)


def calls_to(world: World, number: str) -> list[datetime]:
    """When a number was called, by whatever campaign, in a way that may have disturbed somebody."""
    return [
        call.begun_at for call in world.calls if call.person.phone == number and (call.counted or call.rang)
    ]


def is_fresh(world: World, campaign: WorldCampaign) -> bool:
    """Whether the campaign has every registry it requires, new enough."""
    return are_registries_fresh(campaign.config.registries, world.copies, world.now)


def facts_of(world: World, person: Person) -> AttemptFacts:
    """What the gate would see of someone who was claimed this moment, by a dialer with room to spare."""
    campaign = campaign_of(world, person.campaign_id)
    until = until_of(world, person.phone, campaign)
    return AttemptFacts(
        campaign_active=campaign.status == "active",
        has_lease=campaign.lease_until is not None and world.now < campaign.lease_until,
        start_time=campaign.start_time,
        end_time=campaign.end_time,
        registries_are_fresh=is_fresh(world, campaign),
        timetables=timetables_for(campaign.config, person.regions),
        zones=[ZoneInfo(zone) for zone in person.zones],
        not_after=None,
        listed=until is not None,
        listed_until=None if until == FOR_GOOD else until,
        caps=caps_for(campaign.config, person.regions),
        disturbances=calls_to(world, person.phone),
        attempts=person.attempts,
        max_attempts=person.max_attempts,
        number_busy=False,
        live_calls=0,
        max_live_calls=campaign.config.max_concurrent_calls,
        trunk_calls=0,
        trunk_channels=None,
        caller_ids=None,
        pace_is_current=True,
        dialer_is_alive=True,
    )


def is_claim_lost(world: World, person: Person) -> bool:
    """Whether a claim was not sent for 10 s, or sent and not begun for 120 s."""
    allowed = timedelta(seconds=120 if person.is_sent else 10)
    return world.now - person.since > allowed
