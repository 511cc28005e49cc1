"""The wait for a run's last calls, as it runs in the triggerer."""

from __future__ import annotations

from typing import Any

from outdial.campaigns.lifecycle import finish_run_if_done
from outdial.domain.clock import utc_now
from outdial.workflow.campaign_trigger import CampaignTrigger
from outdial.workflow.services import Services


class MonitorTrigger(CampaignTrigger):
    """Waits for the run's last call, then ends the run; at the campaign's end time at the latest."""

    async def turn(self, services: Services) -> dict[str, Any] | None:
        """End the run if it is done; the event says how the campaign stands then."""
        run = self.run_key
        status = await finish_run_if_done(services.pool, run.campaign_id, run.run_id, utc_now())
        if status is not None:
            return {"status": status}
        # A last attempt that did not count (congestion, a trunk down) gives its contact back after all.
        await self.tick(services)
        return None
