"""The DAGs of contact lists: parsed without a network, and their tasks on a real database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, CronTriggerTimetable
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from outdial.campaigns.lifecycle import cancel
from outdial.domain.errors import Unavailable
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Pool, open_pool
from outdial.workflow.contact_import import ImportContactsOperator
from outdial.workflow.contact_sync import FindSourcesOperator, SyncContactsOperator
from tests.given import OPERATOR, a_campaign

DAGS = Path(__file__).parents[2] / "dags"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def contact_dags(no_network: None) -> Mapping[str, DAG]:
    bag = DagBag(dag_folder=DAGS / "contact_import.py", safe_mode=True)
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where rejects go."""
    folder = tmp_path / "storage"
    monkeypatch.setenv("STORAGE_URL", f"file://{folder}")
    return folder


@pytest.fixture
def crm(outdial_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Connection `crm`: the test's own database stands for another system's."""
    parts = urlsplit(outdial_database)
    written = {
        "conn_type": "postgres",
        "host": parts.hostname,
        "port": parts.port,
        "schema": parts.path[1:],
        "login": parts.username,
        "password": unquote(parts.password or ""),
    }
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps(written))
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "mysql", "host": "localhost"}))


def on_database(dsn: str, work: Any) -> Any:
    async def go() -> Any:
        async with open_pool(dsn, max_size=2) as pool:
            return await work(pool)

    return asyncio.run(go())


def made(dsn: str, **changes: Any) -> Campaign:
    return on_database(dsn, lambda pool: a_campaign(pool, NOW, defaultRegion="US", **changes))


def phones(dsn: str, campaign: Campaign) -> set[str]:
    async def work(pool: Pool) -> set[str]:
        async with pool.connection() as conn:
            found = await conn.execute("select phone from contacts where campaign_id = %s", [campaign.id])
            return {row["phone"] for row in await found.fetchall()}

    return on_database(dsn, work)


def form(**filled_in: Any) -> dict[str, Any]:
    return {"params": {"mapping": {}, "encoding": None, "again": False} | filled_in}


def test_both_are_parsed_without_a_network_and_can_be_scheduled(contact_dags: Mapping[str, DAG]) -> None:
    assert set(contact_dags) == {"contact_import", "contact_sync"}
    for dag in contact_dags.values():
        assert DagSerialization.from_dict(DagSerialization.to_dict(dag)).task_dict.keys() == set(dag.task_ids)
        assert (dag.catchup, dag.is_paused_upon_creation) == (False, False)
        assert all(task.doc_md and task.retries == 3 for task in dag.tasks)
    timetable = contact_dags["contact_sync"].schedule
    assert isinstance(timetable, CronTriggerTimetable)
    assert timetable.expression == "*/15 * * * *"
    assert contact_dags["contact_sync"].max_active_runs == 1
    assert contact_dags["contact_import"].schedule is None


@pytest.mark.parametrize(
    "given", [{}, {"campaign": "spring"}, {"campaign": "", "file": "x"}, {"mapping": {"phone": 3}}]
)
def test_the_form_wants_a_campaign_and_a_file(contact_dags: Mapping[str, DAG], given: dict[str, Any]) -> None:
    params = contact_dags["contact_import"].params
    with pytest.raises(ParamValidationError):
        _fill_in(params, given)
    params.update({"campaign": "spring", "file": "s3://lists/a.csv", "mapping": {"phone": "Mobile"}})
    assert params.validate()["file"] == "s3://lists/a.csv"


def _fill_in(params: Any, given: dict[str, Any]) -> None:
    params.update(given)
    params.validate()


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_list_is_imported_and_its_rejects_are_kept(
    outdial_database: str, tmp_path: Path, storage: Path, scheme: str
) -> None:
    campaign = made(outdial_database)
    path = tmp_path / "spring list.csv"
    path.write_text("who,cell\nAnn,(212) 555-0100\nBob,12\n", "utf-8")
    filled_in = form(campaign=campaign.slug, file=f"{scheme}{path}", mapping={"phone": "cell"})
    facts = ImportContactsOperator(task_id="import").execute(filled_in)
    assert (facts["rows"], facts["imported"], facts["rejected"]) == (2, 1, 1)
    assert phones(outdial_database, campaign) == {"+12125550100"}
    kept = storage / "imports" / campaign.slug / "spring list.rejects.csv"
    assert facts["rejects_file"].endswith(str(kept))
    assert "too short" in kept.read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("filled_in", "told"),
    [
        ({"campaign": "spring_appeal", "file": "/nowhere/list.csv"}, "cannot be opened"),
        ({"campaign": "spring_appeal", "file": "gopher://x/list.csv"}, "cannot be opened"),
        ({"campaign": "another", "file": "/nowhere/list.csv"}, "there is no campaign another"),
    ],
)
def test_what_a_person_must_mend_fails_for_good_in_a_sentence(
    outdial_database: str, filled_in: dict[str, Any], told: str
) -> None:
    made(outdial_database)
    with pytest.raises(AirflowFailException, match=told):
        ImportContactsOperator(task_id="import").execute(form(**filled_in))


def source(query: str, connection: str = "crm") -> dict[str, Any]:
    return {"contactSource": {"connection": connection, "query": query, "withdrawMissing": True}}


@pytest.mark.usefixtures("crm")
def test_each_campaign_with_a_source_that_is_not_over_has_a_task(outdial_database: str) -> None:
    made(outdial_database, name="Without")
    open_one = made(outdial_database, name="Open", **source("select '+12125550100' as phone"))
    over = made(outdial_database, name="Over", **source("select '+12125550101' as phone"))
    on_database(outdial_database, lambda pool: cancel(pool, over.id, OPERATOR, NOW))
    found = FindSourcesOperator(task_id="find_sources").execute({})
    assert found == [{"campaign_id": str(open_one.id), "slug": "open"}]
    context: dict[str, Any] = {}
    facts = SyncContactsOperator(task_id="sync", source=found[0]).execute(context)
    assert (facts["imported"], facts["withdrawn"], context["campaign"]) == (1, 0, "open")
    assert phones(outdial_database, open_one) == {"+12125550100"}


@pytest.mark.usefixtures("crm")
@pytest.mark.parametrize(
    ("config", "told"),
    [
        (source("select 1", "nobody"), "there is no Airflow Connection 'nobody'"),
        (source("select 1", "shop"), "is of type mysql"),
        (source("drop table contacts"), "query cannot be run"),
        (source("select 'x' as colour"), "no column of telephone numbers"),
    ],
)
def test_a_bad_source_fails_with_one_clear_sentence(
    outdial_database: str, config: dict[str, Any], told: str
) -> None:
    campaign = made(outdial_database, **config)
    entry = {"campaign_id": str(campaign.id), "slug": campaign.slug}
    with pytest.raises(AirflowFailException, match=told) as failed:
        SyncContactsOperator(task_id="sync", source=entry).execute({})
    assert str(failed.value).startswith(f"{campaign.slug}: ")
    assert "\n" not in str(failed.value)


def test_a_source_that_is_down_is_tried_again(outdial_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    down = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "schema": "crm", "login": "a"}
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps(down))
    campaign = made(outdial_database, **source("select '+12125550100' as phone"))
    entry = {"campaign_id": str(campaign.id), "slug": campaign.slug}
    with pytest.raises(Unavailable, match="does not answer"):
        SyncContactsOperator(task_id="sync", source=entry).execute({})
