"""The loop that hands out calls and texts, as it runs in the triggerer."""

from __future__ import annotations

from typing import Any

from outdial.campaigns.dispatch import DispatchResult
from outdial.campaigns.lifecycle import FINISHED, start_run
from outdial.campaigns.text_results import read_text_result
from outdial.domain.channels import Channel
from outdial.domain.clock import utc_now
from outdial.storage.campaigns import read_campaign, read_run
from outdial.storage.text_results import count_in_hand
from outdial.workflow.campaign_trigger import CampaignTrigger
from outdial.workflow.services import Services

TURNS_FOR_TEXTS = 30


class DispatchTrigger(CampaignTrigger):
    """Dispatches until nobody is left to dispatch in this run; a paused campaign waits here."""

    batches_pushed = 0
    """By this copy of the trigger: one that takes over begins at nought."""

    waited_for_texts = 0
    """Turns, likewise."""

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
        if not result.over or await self._has_texts_in_hand(services):
            return None
        return await self._of_whole_run(services, result)

    async def _has_texts_in_hand(self, services: Services) -> bool:
        """Are carriers still to answer for texts of this run? After a while it is not asked any more."""
        async with services.pool.connection() as conn:
            in_hand = await count_in_hand(conn, self.run_key.campaign_id)
        self.waited_for_texts += in_hand > 0
        return in_hand > 0 and self.waited_for_texts <= TURNS_FOR_TEXTS

    async def _of_whole_run(self, services: Services, last: DispatchResult) -> dict[str, Any]:
        async with services.pool.connection() as conn:
            campaign = await read_campaign(conn, last.campaign_id)
            run = await read_run(conn, last.campaign_id, self.run_id)
            texts = await read_text_result(conn, campaign)
        whole = last.model_copy(
            update={"contact_count": run.claimed if run else 0, "batches_pushed": self.batches_pushed}
        )
        result: dict[str, Any] = {}
        if Channel.VOICE in campaign.reach.channels:
            result |= whole.model_dump(mode="json", by_alias=True, exclude={"over"})
        if Channel.SMS in campaign.reach.channels:
            result |= texts.model_dump(mode="json", by_alias=True)
        return result
