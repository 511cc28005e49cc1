"""The step that tells the world how a run ended, and leaves a failed run red."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from outdial.campaigns.progress import Progress, read_progress
from outdial.domain.clock import utc_now
from outdial.settings import Settings
from outdial.storage.campaigns import Campaign
from outdial.workflow.connections import aws_address
from outdial.workflow.database import open_database
from outdial.workflow.report import WORK, note_failure
from outdial.workflow.run_context import failed_tasks, result_of, run_id_of


@dataclass(frozen=True)
class RunEnd:
    """How a run ended, as Airflow saw it. `report` is None where no report could be written."""

    run_id: str
    failed: Sequence[str]
    report: dict[str, Any] | None


class NotifyOperator(BaseOperator):
    """Publishes one event to the topic `campaign-notifications`, where one is configured, and returns it."""

    ui_color = "#f2d9d9"

    def __init__(self, *, campaign_id: str, **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """`campaign_id` is the campaign's UUID as text."""
        super().__init__(**kwargs)
        self.campaign_id = campaign_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Publish; then fail for good where the run failed, since the last task decides a run's colour."""
        end = RunEnd(run_id_of(context), failed_tasks(context, WORK), result_of(context, "report"))
        event = asyncio.run(_notify(UUID(self.campaign_id), end))
        self.log.info("Notified: %s", event)
        if end.failed:
            raise AirflowFailException(f"The run failed at {end.failed[0]}: {'; '.join(event['reasons'])}")
        return event


async def _notify(campaign_id: UUID, end: RunEnd) -> dict[str, Any]:
    async with open_database() as (settings, pool):
        campaign = await note_failure(pool, campaign_id, end.run_id, end.failed)
        async with pool.connection() as conn:
            progress = await read_progress(conn, campaign_id, utc_now())
    event = notification(campaign, progress, end)
    await _publish(settings, event)
    return event


async def _publish(settings: Settings, event: dict[str, Any]) -> None:
    from outdial.messaging.topics import open_topics  # noqa: PLC0415 - parsing needs no SNS

    aws = await aws_address(settings)
    async with open_topics(aws.region, aws.endpoint_url) as topics:
        await topics.publish(settings.campaign_notifications_topic_arn, event)


def notification(campaign: Campaign, progress: Progress, end: RunEnd) -> dict[str, Any]:
    """The event: how the run ended and why, the figures, and where the report is."""
    result = "failed" if end.failed else "cancelled" if campaign.status == "cancelled" else "completed"
    return {
        "event": f"campaign.{result}",
        "campaignId": str(campaign.id),
        "campaignName": campaign.name,
        "campaignStatus": campaign.status,
        "runId": end.run_id,
        "reasons": list(campaign.failure_reasons) or [f"{task_id} failed" for task_id in end.failed[:1]],
        "report": end.report,
        "reportFailed": end.report is None,
        "progress": progress.model_dump(mode="json", by_alias=True),
    }
