"""The calls a second that a campaign's own config allows, whatever all campaigns together may have."""

from __future__ import annotations

from collections.abc import Sequence

from outdial.domain.caller_ids import pool_cps
from outdial.domain.campaign import CampaignConfig
from outdial.domain.trunks import Trunk


def own_pace_limits(config: CampaignConfig) -> list[tuple[float, str]]:
    """Every limit on the pace that the config sets: calls a second, and what sets it in words."""
    limits = (
        (config.max_cps, "the campaign's maxCps"),
        (_trunks_cps(config.trunks), "the cps of its trunks together"),
        (pool_cps(config.caller_ids), "the cps of its callerIds together"),
    )
    return [(cps, what) for cps, what in limits if cps is not None]


def campaign_cps(config: CampaignConfig) -> float | None:
    """Calls a second over all its trunks: more than its numbers may be used for would only be refused."""
    limits = [cps for cps in (config.max_cps, pool_cps(config.caller_ids)) if cps is not None]
    return min(limits, default=None)


def channels_together(trunks: Sequence[Trunk]) -> int | None:
    """The most calls at once on all trunks but those that stand by; None where one has no ceiling."""
    known = [trunk.channels for trunk in trunks if trunk.weight and trunk.channels is not None]
    return sum(known) if len(known) == sum(trunk.weight > 0 for trunk in trunks) else None


def calls_a_day(config: CampaignConfig) -> int | None:
    """The most calls in 24 hours that its caller ids allow together; None where one of them has no cap."""
    caps = [one.daily_cap for one in config.caller_ids if one.daily_cap is not None]
    return sum(caps) if caps and len(caps) == len(config.caller_ids) else None


def _trunks_cps(trunks: Sequence[Trunk]) -> float | None:
    known = [trunk.cps for trunk in trunks if trunk.weight and trunk.cps is not None]
    return sum(known) if len(known) == sum(trunk.weight > 0 for trunk in trunks) else None
