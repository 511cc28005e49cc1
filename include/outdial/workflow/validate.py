"""The step that looks before anybody is reached: every problem of a campaign at once, or the run goes on."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from outdial.campaigns.lifecycle import FINISHED, fail_campaign
from outdial.campaigns.validate import campaign_problems
from outdial.domain.channels import Channel
from outdial.domain.clock import utc_now
from outdial.settings import Settings
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.workflow.connections import speech_config
from outdial.workflow.database import open_database
from outdial.workflow.run_context import run_id_of


class ValidateOperator(BaseOperator):
    """Fails for good where the campaign has problems; skips, and all after it, where it is finished."""

    ui_color = "#f4e7c5"

    def __init__(self, *, campaign_id: str, **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """`campaign_id` is the campaign's UUID as text."""
        super().__init__(**kwargs)
        self.campaign_id = campaign_id

    def execute(self, context: Context) -> None:
        """Look, and remember what is wrong with the campaign itself, for the report."""
        campaign, problems = asyncio.run(_look(UUID(self.campaign_id), run_id_of(context)))
        if campaign.status in FINISHED:
            reason = f"Campaign {campaign.slug} is {campaign.status}: there is nobody left to reach."
            context["ti"].xcom_push(key="skipped_because", value=reason)  # pyright: ignore[reportTypedDictNotRequiredAccess]
            raise AirflowSkipException(reason)
        if problems:
            raise AirflowFailException("\n".join(["The campaign cannot run:", *problems]))
        self.log.info("Campaign %s may run.", campaign.slug)


async def _look(campaign_id: UUID, run_id: str) -> tuple[Campaign, list[str]]:
    async with open_database() as (settings, pool):
        async with pool.connection() as conn:
            campaign = await read_campaign(conn, campaign_id)
            if campaign.status in FINISHED:
                return campaign, []
            speech = await speech_config(settings)
            problems = await campaign_problems(
                conn, campaign_id, utc_now(), settings.storage_url, speech, settings.sms_sender
            )
            problems += _queue_problems(campaign, settings)
        if problems:
            await fail_campaign(pool, campaign_id, run_id, problems, utc_now())
        return campaign, problems


def _queue_problems(campaign: Campaign, settings: Settings) -> list[str]:
    if Channel.SMS not in campaign.reach.channels or settings.sms_requests_queue_url:
        return []
    return [
        "SMS_REQUESTS_QUEUE_URL: is not set in Airflow, which hands out texts; give the SMS gateway's queue"
    ]
