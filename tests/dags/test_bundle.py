"""The bundle keeps the rendered specs in step with PostgreSQL, and lives without it.

Airflow calls it outside any event loop, so these tests are not coroutines.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.dag_processing.dagbag import DagBag

from outdial.standalone.ports import choose_ports
from outdial.storage.pool import open_pool
from outdial.workflow.bundle import FACTORIES, CampaignBundle
from tests import given

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG_AGO = (1_000_000_000, 1_000_000_000)

AddCampaign = Callable[..., str]


@pytest.fixture
def add_campaign(outdial_database: str, server_loop: asyncio.Runner) -> AddCampaign:
    """Stores a campaign; returns its slug."""

    async def add(**changes: Any) -> str:
        async with open_pool(outdial_database, max_size=1) as pool:
            return (await given.a_campaign(pool, NOON, **changes)).slug

    return lambda **changes: server_loop.run(add(**changes))


@pytest.fixture
def bundle(dags: Path) -> CampaignBundle:
    """A bundle as a DAG processor holds it."""
    return CampaignBundle(name="outdial", path=str(dags))


def dag_ids(bundle: CampaignBundle) -> set[str]:
    return campaigns_of(DagBag(dag_folder=bundle.path))


def campaigns_of(bag: DagBag) -> set[str]:
    """The campaigns' DAGs; those that are always there left out."""
    return {dag_id for dag_id in bag.dags if dag_id.startswith("campaign__")}


def dates(files: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in files.iterdir()}


def test_a_task_process_finds_the_campaigns_that_exist(
    bundle: CampaignBundle, add_campaign: AddCampaign
) -> None:
    add_campaign(name="Spring appeal")
    add_campaign(name="Spring appeal")
    bundle.initialize()
    assert dag_ids(bundle) == {"campaign__spring_appeal", "campaign__spring_appeal_2"}


def test_a_new_campaign_is_there_at_the_next_refresh_and_parsed_at_once(
    bundle: CampaignBundle, add_campaign: AddCampaign
) -> None:
    bundle.refresh()
    for factory in FACTORIES:
        os.utime(bundle.path / factory, LONG_AGO)
    add_campaign(name="Summer appeal")
    bundle.refresh()
    assert dag_ids(bundle) == {"campaign__summer_appeal"}
    assert all((bundle.path / factory).stat().st_mtime > LONG_AGO[0] for factory in FACTORIES)


def test_nothing_is_touched_while_nothing_changes(
    bundle: CampaignBundle, specs: Path, add_campaign: AddCampaign
) -> None:
    add_campaign()
    bundle.refresh()
    before = dates(specs), dates(bundle.path)
    assert before[0]
    bundle.refresh()
    assert (dates(specs), dates(bundle.path)) == before


def test_a_change_lost_between_rendering_and_touching_is_made_up_for(
    bundle: CampaignBundle, add_campaign: AddCampaign
) -> None:
    add_campaign()
    bundle.refresh()
    os.utime(bundle.path / FACTORIES[0], LONG_AGO)
    bundle.refresh()
    assert (bundle.path / FACTORIES[0]).stat().st_mtime > LONG_AGO[0]


def test_what_does_not_shape_a_dag_renders_nothing(
    bundle: CampaignBundle, specs: Path, outdial_database: str, add_campaign: AddCampaign
) -> None:
    add_campaign()
    bundle.refresh()
    before = dates(specs)
    assert before
    with psycopg.connect(outdial_database) as conn:
        conn.execute("update campaigns set status = 'active', run_id = 'r', updated_at = now()")
    bundle.refresh()
    assert dates(specs) == before


def test_a_deleted_campaign_loses_its_dag(
    bundle: CampaignBundle, outdial_database: str, add_campaign: AddCampaign
) -> None:
    add_campaign()
    bundle.refresh()
    assert dag_ids(bundle)
    with psycopg.connect(outdial_database) as conn:
        conn.execute("delete from campaigns")
    bundle.refresh()
    assert dag_ids(bundle) == set()


def test_with_the_database_down_the_old_specs_stay(
    bundle: CampaignBundle, add_campaign: AddCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_campaign(name="Spring appeal")
    bundle.refresh()
    closed = choose_ports(["closed"], wished={})["closed"]
    monkeypatch.setenv("DB_PORT", str(closed))
    bundle.refresh()
    bundle.initialize()
    assert dag_ids(bundle) == {"campaign__spring_appeal"}


def test_a_row_that_cannot_be_a_dag_hides_no_other(
    bundle: CampaignBundle, outdial_database: str, add_campaign: AddCampaign
) -> None:
    add_campaign(name="Good")
    add_campaign(name="Bad")
    with psycopg.connect(outdial_database) as conn:
        conn.execute("""update campaigns set config = '{"callingWindows": []}' where slug = 'bad'""")
    bundle.refresh()
    bag = DagBag(dag_folder=bundle.path)
    assert campaigns_of(bag) == {"campaign__good"}
    [(path, error)] = bag.import_errors.items()
    assert path.endswith("refused_campaigns.py")
    assert "bad.json: callingWindows" in error
