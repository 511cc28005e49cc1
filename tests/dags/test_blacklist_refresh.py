"""The DAG that brings suppression lists in: its form, and what its one task does to the lists."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from outdial.domain.clock import utc_now
from outdial.storage.pool import Pool
from outdial.storage.registries import read_registries
from outdial.workflow.blacklist_dags import build_blacklist_refresh
from outdial.workflow.blacklist_refresh import ImportSuppressionsOperator

TODAY = utc_now().date()


@pytest.fixture
def form(
    tmp_path: Path, outdial_database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """The form as it stands before anything is filled in, but for a file with two numbers and a bad row."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("STORAGE_URL", f"file://{tmp_path}/storage")
    rows = "\n".join(f"+1212555{n:04d}" for n in range(120))
    (tmp_path / "list.csv").write_text(f"phone\n{rows}\nnobody\n")
    return build_blacklist_refresh().params.dump() | {"file": f"file://{tmp_path}/list.csv"}


def test_every_field_of_the_form_but_the_file_may_be_left_as_it_is():
    params = build_blacklist_refresh().params
    params["file"] = "s3://lists/us-dnc.csv"
    params.validate()


def read(url: str) -> str:
    return Path(url.removeprefix("file://")).read_text("utf-8-sig")


async def run(form: dict[str, Any]) -> dict[str, Any]:
    operator = ImportSuppressionsOperator(task_id="import")
    return await asyncio.to_thread(operator.execute, {"params": form, "run_id": "manual__1"})


@pytest.mark.filterwarnings("ignore:ImportSuppressionsOperator.execute cannot be called outside")
async def test_a_registry_comes_in_with_its_date_and_what_changed_is_told(form: dict[str, Any], pool: Pool):
    day = TODAY - timedelta(days=1)
    told = await run(form | {"registry": "us-dnc", "as_of": str(day)})
    assert (told["rows"], told["listed"], told["rejected"], told["unlisted"]) == (121, 120, 1, 0)
    assert read(told["rejects_file"]).startswith("row,reason,phone")
    async with pool.connection() as conn:
        ours = (await read_registries(conn))["us-dnc"]
    assert (ours.as_of, ours.numbers, ours.imported_by) == (day, 120, "Airflow run manual__1")
    again = await run(form | {"registry": "us-dnc", "as_of": str(day)})
    assert (again["listed"], again["unchanged"]) == (0, 120)


@pytest.mark.filterwarnings("ignore:ImportSuppressionsOperator.execute cannot be called outside")
@pytest.mark.parametrize(
    ("filled", "complaint"),
    [
        ({"file": "file:///nowhere/list.csv"}, "cannot be opened"),
        ({"registry": "us-dnc"}, "fill in `Copy of`"),
        ({"registry": "us-dnc", "as_of": "2099-01-01"}, "is still to come"),
        ({"campaign": "nobody"}, "there is no campaign nobody"),
    ],
)
async def test_what_cannot_be_meant_fails_the_run_at_once_with_one_sentence(
    form: dict[str, Any], filled: dict[str, Any], complaint: str
):
    with pytest.raises(AirflowFailException, match=complaint):
        await run(form | filled)
