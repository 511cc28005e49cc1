"""The loop that hands out dial tasks, as it runs in the triggerer."""

from __future__ import annotations

from typing import Any

from outdial.campaigns.dispatch import DispatchResult
from outdial.campaigns.lifecycle import FINISHED, start_run
from outdial.domain.clock import utc_now
from outdial.storage.campaigns import read_campaign, read_run
from outdial.workflow.campaign_trigger import CampaignTrigger
from outdial.workflow.services import Services


class DispatchTrigger(CampaignTrigger):
    """Dispatches until nobody is left to dispatch in this run; a paused campaign waits here."""

    batches_pushed = 0
    """By this copy of the trigger: one that takes over begins at nought."""

    async def begin(self, services: Services) -> None:
        """Make the run the one that works on its campaign, unless it was cancelled meanwhile."""
        run = self.run_key
        async with services.pool.connection() as conn:
            campaign = await read_campaign(conn, run.campaign_id)
        if campaign.status not in FINISHED:
            await start_run(services.pool, run.campaign_id, run.run_id, self.contact_limit, utc_now())

    async def turn(self, services: Services) -> dict[str, Any] | None:
        """One tick; the last one's event is the run's dispatch result."""
        result = await self.tick(services)
        self.batches_pushed += result.batches_pushed
        return await self._of_whole_run(services, result) if result.over else None

    async def _of_whole_run(self, services: Services, last: DispatchResult) -> dict[str, Any]:
        async with services.pool.connection() as conn:
            run = await read_run(conn, last.campaign_id, self.run_id)
        whole = last.model_copy(
            update={"contact_count": run.claimed if run else 0, "batches_pushed": self.batches_pushed}
        )
        return whole.model_dump(mode="json", by_alias=True, exclude={"over"})
