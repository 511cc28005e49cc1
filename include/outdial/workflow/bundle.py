"""The DAG bundle of Outdial: `dags/`, and the campaigns' specs rendered from PostgreSQL beside it.

Airflow's DAG processor refreshes it every few seconds and every task process initialises it, so each
machine has the specs and parsing makes no query. Named in `[dag_processor] dag_bundle_config_list`.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.local import LocalDagBundle
from psycopg.rows import dict_row

from outdial.settings import load_settings
from outdial.storage.campaign_specs import read_campaign_specs
from outdial.storage.pool import Connection
from outdial.telemetry.logs import get_logger
from outdial.workflow.campaign_spec import specs_folder
from outdial.workflow.connections import database_dsn

CONNECT_TIMEOUT_S = 3
FACTORIES = ("campaigns.py", "refused_campaigns.py")
"""The files of `dags/` that read the specs."""

log = get_logger(__name__)


class CampaignBundle(LocalDagBundle):
    """`LocalDagBundle` that renders the specs first. With the database down the old specs stay."""

    def initialize(self) -> None:
        """Called by each task process before it parses, and by the DAG processor once."""
        self._render()
        super().initialize()

    def refresh(self) -> None:
        """Called by the DAG processor every `refresh_interval`."""
        self._render()

    def _render(self) -> None:
        folder = specs_folder()
        try:
            with _folder_held(folder):
                render_specs(folder, asyncio.run(_read_specs()))
                touch_outdated(self.path, folder)
        except Exception as fault:  # noqa: BLE001 - whatever it is, yesterday's specs are better than none
            log.warning("campaign specs are not renewed", reason=f"{type(fault).__name__}: {fault}")


def render_specs(folder: Path, specs: Mapping[str, Mapping[str, Any]]) -> None:
    """Make `folder` hold exactly these specs, one `<slug>.json` each; files that are right stay untouched."""
    wanted = {f"{slug}.json": json.dumps(spec, indent=2, sort_keys=True) for slug, spec in specs.items()}
    for file in folder.glob("*.json"):
        if file.name not in wanted:
            file.unlink()
    for name, text in wanted.items():
        file = folder / name
        if not file.exists() or file.read_text("utf-8") != text:
            _replace(file, text)


def touch_outdated(dags: Path, folder: Path) -> None:
    """Give the factories a new date where the specs are younger: Airflow parses what has changed at once."""
    changed_at = folder.stat().st_mtime_ns
    for factory in (dags / name for name in FACTORIES):
        if factory.exists() and factory.stat().st_mtime_ns < changed_at:
            os.utime(factory)


def _replace(file: Path, text: str) -> None:
    # By renaming, so that no parser meets half a file; the rename also dates the folder.
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(text, "utf-8")
    unfinished.replace(file)


@contextmanager
def _folder_held(folder: Path) -> Generator[None]:
    """One process at a time reads and renders; else one with older rows could undo a younger rendering."""
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def _read_specs() -> dict[str, dict[str, Any]]:
    dsn = await database_dsn(load_settings())
    async with await Connection.connect(
        dsn, row_factory=dict_row, connect_timeout=CONNECT_TIMEOUT_S, options="-c statement_timeout=5000"
    ) as conn:
        return await read_campaign_specs(conn)
