"""The step that writes the report of a run, however the run went."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from airflow.sdk import BaseOperator, Context

from outdial.campaigns.lifecycle import fail_campaign
from outdial.domain.clock import utc_now
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.pool import Pool
from outdial.workflow.database import open_database
from outdial.workflow.run_context import failed_tasks, run_id_of

WORK = ("validate", "dispatch", "monitor")
"""The steps whose failure is the run's failure."""


class ReportOperator(BaseOperator):
    """Returns where the report's files are: `{json, csv, html}`."""

    ui_color = "#e6ddf2"

    def __init__(self, *, campaign_id: str, **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """`campaign_id` is the campaign's UUID as text."""
        super().__init__(**kwargs)
        self.campaign_id = campaign_id

    def execute(self, context: Context) -> dict[str, str]:
        """Write it."""
        failed = failed_tasks(context, WORK)
        files = asyncio.run(_write(UUID(self.campaign_id), run_id_of(context), failed))
        self.log.info("The report is at %s", files["html"])
        return files


async def note_failure(pool: Pool, campaign_id: UUID, run_id: str, failed: Sequence[str]) -> Campaign:
    """The campaign, marked as failed where a step of its run failed and nobody wrote down why."""
    async with pool.connection() as conn:
        campaign = await read_campaign(conn, campaign_id)
    if not failed or campaign.status == "failed":
        return campaign
    await fail_campaign(
        pool, campaign_id, run_id, [f"{failed[0]} failed; its log in Airflow says why"], utc_now()
    )
    async with pool.connection() as conn:
        return await read_campaign(conn, campaign_id)


async def _write(campaign_id: UUID, run_id: str, failed: Sequence[str]) -> dict[str, str]:
    from outdial.reports.write import write_report  # noqa: PLC0415 - parsing needs no page, nor what draws it

    async with open_database() as (settings, pool):
        await note_failure(pool, campaign_id, run_id, failed)
        files = await write_report(pool, campaign_id, settings.storage_url, utc_now(), run_id)
    return files.by_kind
