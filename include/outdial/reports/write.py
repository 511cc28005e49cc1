"""Writes a campaign's report: the figures as JSON, every call and text as CSV, and one page for people."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from outdial.reports.call_list import write_call_list
from outdial.reports.figures import CampaignFacts, Report, Totals
from outdial.reports.page import render_page
from outdial.reports.shelf import put_files, report_folder
from outdial.reports.text_list import write_text_list
from outdial.reports.totals import read_totals
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.pool import Pool
from outdial.storage.report import open_snapshot, stream_calls
from outdial.storage.report_texts import stream_texts
from outdial.telemetry.logs import get_logger

_PUT_TIMEOUT_S = 600

_log = get_logger(__name__)


@dataclass(frozen=True)
class ReportFiles:
    """Where the files are (paths in a folder, URLs in a bucket), and what they say.

    `texts_csv` is None for a campaign without texts.
    """

    json: str
    csv: str
    html: str
    texts_csv: str | None
    totals: Totals

    @property
    def by_kind(self) -> dict[str, str]:
        """The files there are, by what they are."""
        texts = {} if self.texts_csv is None else {"textsCsv": self.texts_csv}
        return {"html": self.html, "csv": self.csv, **texts, "json": self.json}


async def write_report(
    pool: Pool,
    campaign_id: UUID,
    storage_url: str,
    now: datetime,
    run_id: str | None = None,
    failure: str | None = None,
) -> ReportFiles:
    """Write a campaign's report below `storage_url`; a second report of the same run replaces the first.

    Raises InvalidInput where there is no such campaign or storage, Unavailable where the storage refuses.
    """
    with tempfile.TemporaryDirectory(prefix="outdial-report-") as made:
        report = await _make_files(pool, campaign_id, Path(made), _Asked(now, run_id, failure))
        folder = report_folder(storage_url, report.campaign.slug, run_id, now)
        async with asyncio.timeout(_PUT_TIMEOUT_S):
            files = await asyncio.to_thread(put_files, Path(made), folder)
    if not report.totals.reconciliation.holds:
        _log.error("report does not add up", campaign=report.campaign.slug, report=files["report.html"])
    return ReportFiles(
        json=files["report.json"],
        csv=files["report.csv"],
        html=files["report.html"],
        texts_csv=files.get("texts.csv"),
        totals=report.totals,
    )


@dataclass(frozen=True)
class _Asked:
    now: datetime
    run_id: str | None
    failure: str | None


async def _make_files(pool: Pool, campaign_id: UUID, made: Path, asked: _Asked) -> Report:
    # The snapshot is let go before anything is sent to the storage: one held open slows dispatch down.
    async with open_snapshot(pool) as conn:
        campaign = await read_campaign(conn, campaign_id)
        totals = await read_totals(conn, campaign_id)
        await write_call_list(made / "report.csv", stream_calls(conn, campaign_id), campaign.zone)
        if totals.texts:
            await write_text_list(made / "texts.csv", stream_texts(conn, campaign_id), campaign.zone)
    report = Report(
        generated_at=asked.now,
        run_id=asked.run_id,
        campaign=_facts(campaign),
        failure_reasons=_failure_reasons(campaign, asked.failure),
        totals=totals,
    )
    await asyncio.to_thread(_write_figures, report, made)
    return report


def _write_figures(report: Report, made: Path) -> None:
    (made / "report.json").write_text(report.model_dump_json(by_alias=True, indent=2) + "\n", "utf-8")
    (made / "report.html").write_text(render_page(report), "utf-8")


def _facts(campaign: Campaign) -> CampaignFacts:
    names = CampaignFacts.model_fields.keys() - {"channels"}
    facts = {name: getattr(campaign, name) for name in names}
    return CampaignFacts(**facts, channels=campaign.reach.channels)


def _failure_reasons(campaign: Campaign, failure: str | None) -> list[str]:
    reasons = [*campaign.failure_reasons, *([failure] if failure else [])]
    return list(dict.fromkeys(reasons))
