"""The pace a campaign may have at the moment, its own limits and whatever is lowered taken together."""

from __future__ import annotations

from collections.abc import Mapping

from outdial.domain.own_pace import campaign_cps
from outdial.pacing.requests import ALL, campaign_key, trunk_key
from outdial.storage.campaigns import Campaign


def cps_in_force(campaign: Campaign, max_cps: float, factors: Mapping[str, float]) -> float:
    """Calls a second that may begin; `factors` by key of the pace, 1 where none is given."""
    trunks = campaign.config.trunks
    return min(
        max_cps * factors.get(ALL, 1),
        (campaign_cps(campaign.config) or max_cps) * factors.get(campaign_key(campaign.id), 1),
        sum((trunk.cps or max_cps) * factors.get(trunk_key(trunk.name), 1) for trunk in trunks),
    )


def keys_of(campaign: Campaign) -> dict[str, str]:
    """The paces that a campaign's calls keep, by key, and what to call each in a sentence."""
    trunks = {trunk_key(trunk.name): f"calls over {trunk.name}" for trunk in campaign.config.trunks}
    return {ALL: "all calls", campaign_key(campaign.id): "the campaign's calls"} | trunks
