"""Regions of a campaign's contacts for which it has no number to call from; asked by validate and preview."""

from __future__ import annotations

from uuid import UUID

from outdial.domain.caller_ids import CallerId, fitting
from outdial.domain.campaign import CampaignConfig
from outdial.storage.contacts import read_areas
from outdial.storage.pool import Connection
from outdial.storage.preview import read_area_ids

NAMED_AT_MOST = 10


async def caller_id_problems(conn: Connection, campaign_id: UUID, config: CampaignConfig) -> list[str]:
    """That nobody on the list could be called. Some who cannot stop no campaign: its preview counts them."""
    if not any(one.regions for one in config.caller_ids):
        return []
    areas = await read_areas(conn)
    regions = [areas[area_id].regions for area_id in await read_area_ids(conn, campaign_id)]
    if not regions or any(fitting(config.caller_ids, some) for some in regions):
        return []
    where = regions_in_words(config.caller_ids, regions)
    problem = f"config.callerIds: none is for {where}, where every contact of the campaign may be"
    return [f"{problem}; add a number for there, or one without regions"]


def regions_in_words(caller_ids: tuple[CallerId, ...], regions: list[tuple[str, ...]]) -> str:
    """The regions among these that no caller id fits, as a list somebody can read."""
    missing = {" or ".join(some) or "an unknown region" for some in regions if not fitting(caller_ids, some)}
    named = sorted(missing)
    more = f" and {len(named) - NAMED_AT_MOST} more" if len(named) > NAMED_AT_MOST else ""
    return ", ".join(named[:NAMED_AT_MOST]) + more
