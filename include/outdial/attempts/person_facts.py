"""What the gate looks at before a call and a text alike, from what the database says of a contact."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from psycopg.rows import DictRow

from outdial.domain.calling_rules import caps_for, timetables_for
from outdial.domain.permission import PersonFacts
from outdial.storage.campaigns import Campaign


def person_facts_of(
    campaign: Campaign, seen: DictRow, not_after: datetime | None, now: datetime
) -> PersonFacts:
    """What the gate looks at of a contact whose facts one transaction has read."""
    regions = seen["regions"]
    return PersonFacts(
        campaign_active=campaign.status == "active",
        has_lease=campaign.has_lease(now),
        start_time=campaign.start_time,
        end_time=campaign.end_time,
        registries_are_fresh=seen["registries_are_fresh"],
        timetables=timetables_for(campaign.config, regions),
        zones=[ZoneInfo(zone) for zone in seen["zones"]],
        not_after=not_after,
        listed=seen["listed"],
        listed_until=seen["listed_until"],
        caps=caps_for(campaign.config, regions),
        disturbances=seen["disturbed_at"],
    )
