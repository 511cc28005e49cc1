"""One whole campaign from an empty folder to its report, through everything a real one passes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from uuid import UUID

import yaml

from outdial.campaigns.create import create_campaign
from outdial.campaigns.lists.import_batches import ImportSummary
from outdial.campaigns.lists.import_contacts import ImportOptions, import_contacts
from outdial.campaigns.progress import Progress, read_progress
from outdial.domain.campaign import CampaignSpec, read_campaign
from outdial.domain.clock import Clock
from outdial.domain.errors import Broken
from outdial.reports.figures import Report, Totals
from outdial.reports.shelf import report_folder
from outdial.standalone.airflow import ADMIN
from outdial.standalone.airflow_rest import AirflowRest, RunFailed, open_airflow
from outdial.standalone.home import AlreadyRunning, Home, home_at, is_held
from outdial.standalone.stack import Stack, storage_url_of
from outdial.storage.pool import Pool, open_pool

_DAG_TIMEOUT_S = 60
_RUN_TIMEOUT_S = 600
_LOOK_S = 0.5

Show = Callable[[Progress, float], None]
"""Shows a person the figures of a moment, so many seconds into the run."""

Say = Callable[[str], None]
"""Tells a person one line."""


@dataclass(frozen=True)
class DemoResult:
    """What the demo leaves behind; `files` are the report's, by suffix without the dot."""

    imported: ImportSummary
    totals: Totals
    files: dict[str, str]


def fresh_demo_home(kept: Path) -> Home:
    """The demo's own home inside the one people keep, emptied; raises AlreadyRunning where one runs."""
    home = home_at(kept / "demo")
    if is_held(home):
        raise AlreadyRunning(f"A demo is already running in {home.path}; wait for its end.")
    shutil.rmtree(home.path, ignore_errors=True)
    return home


async def run_sample_campaign(stack: Stack, clock: Clock, show: Show, say: Say) -> DemoResult:
    """Import the sample list, run its campaign through Airflow and read the report it wrote.

    Raises RunFailed where the run does not succeed, Broken where its report does not add up.
    """
    async with open_pool(stack.postgres.dsn("outdial"), max_size=3) as pool:
        spec = _sample_spec()
        campaign_id = await create_campaign(pool, spec, clock())
        imported = await _import_sample(pool, campaign_id, stack.home, clock)
        say(
            f"Imported {imported.imported} of {imported.rows} rows: {imported.duplicates} duplicates, "
            f"{imported.rejected} rejected (see {imported.rejects_file})."
        )
        run_id = await _run_to_success(stack, pool, (campaign_id, spec), clock, (show, say))
    report, files = await asyncio.to_thread(_read_report, storage_url_of(stack), spec.slug, run_id, clock)
    if not report.totals.reconciliation.holds:
        raise Broken(f"The report does not add up: {report.totals.reconciliation.checks}.")
    return DemoResult(imported, report.totals, files)


async def _import_sample(pool: Pool, campaign_id: UUID, home: Home, clock: Clock) -> ImportSummary:
    rejects = ImportOptions(rejects_path=home.path / "contacts.rejects.csv")
    with resources.as_file(_sample("contacts.csv")) as contacts:
        return await import_contacts(pool, campaign_id, contacts, clock(), rejects)


async def _run_to_success(
    stack: Stack, pool: Pool, campaign: tuple[UUID, CampaignSpec], clock: Clock, shown: tuple[Show, Say]
) -> str:
    campaign_id, spec = campaign
    show, say = shown
    dag_id = f"campaign__{spec.slug}"
    async with open_airflow(stack.airflow.url, ADMIN, stack.secrets.airflow_admin) as airflow:
        await airflow.wait_for_dag(dag_id, _DAG_TIMEOUT_S)
        run_id = await airflow.trigger(dag_id)
        say(f"Airflow runs {dag_id}; look at {stack.airflow.url}/dags/{dag_id} while it lasts.")
        watched = _Watched(pool, campaign_id, clock, show)
        try:
            async with asyncio.timeout(_RUN_TIMEOUT_S):
                state = await _watch_run(airflow, dag_id, run_id, watched)
        except TimeoutError:
            raise RunFailed(
                f"The run had not ended after {_RUN_TIMEOUT_S} s; see {stack.home.logs}."
            ) from None
        if state != "success":
            failed = ", ".join(await airflow.failed_tasks(dag_id, run_id)) or "no task"
            logs = stack.home.logs / "tasks" / f"dag_id={dag_id}" / f"run_id={run_id}"
            raise RunFailed(f"The run ended as {state} ({failed} failed); its logs are in {logs}.")
    return run_id


@dataclass(frozen=True)
class _Watched:
    pool: Pool
    campaign_id: UUID
    clock: Clock
    show: Show


async def _watch_run(airflow: AirflowRest, dag_id: str, run_id: str, watched: _Watched) -> str:
    """Show progress until the run ends; returns how it ended."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while True:
        state = await airflow.run_state(dag_id, run_id)
        async with watched.pool.connection() as conn:
            progress = await read_progress(conn, watched.campaign_id, watched.clock())
        watched.show(progress, loop.time() - begun)
        if state in {"success", "failed"}:
            return state
        await asyncio.sleep(_LOOK_S)


def _read_report(storage_url: str, slug: str, run_id: str, clock: Clock) -> tuple[Report, dict[str, str]]:
    folder = report_folder(storage_url, slug, run_id, clock())
    files = {path.suffix.removeprefix("."): path for path in folder.iterdir() if path.stem == "report"}
    if not {"json", "csv", "html"} <= files.keys():
        raise Broken(f"The run succeeded, but its report in {folder} is not whole.")
    report = Report.model_validate_json(files["json"].read_text())
    return report, {suffix: path.path for suffix, path in files.items()}


def _sample_spec() -> CampaignSpec:
    return read_campaign(yaml.safe_load(_sample("campaign.yaml").read_text("utf-8")))


def _sample(name: str) -> Traversable:
    return resources.files("outdial.standalone") / "sample" / name
