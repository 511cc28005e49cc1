"""What Airflow makes of `dags/`: a DAG for each campaign, by our rules, whatever else is broken."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, CronTriggerTimetable
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from tests.dags.written_specs import EVERY_DAY, write_spec

DAGS = Path(__file__).parents[2] / "dags"
STEPS = ["validate", "dispatch", "monitor", "report", "notify"]


def parsed() -> DagBag:
    """What a DAG processor finds, with its usual safe mode."""
    bag = DagBag(dag_folder=DAGS, safe_mode=True)
    bag.dags = {dag_id: dag for dag_id, dag in bag.dags.items() if dag_id.startswith("campaign__")}
    return bag


@pytest.fixture
def campaigns(specs: Path) -> dict[str, DAG]:
    """One DAG of each kind, by slug."""
    write_spec(specs, "by_hand")
    write_spec(specs, "at_a_time", startTime="2026-05-01T13:00:00+00:00", endTime="2026-05-09T00:00:00+00:00")
    write_spec(specs, "by_cron", schedule="0 9 * * 1-5", timezone="Asia/Jerusalem")
    write_spec(
        specs,
        "by_cron_from",
        schedule="@daily",
        startTime="2026-05-01T13:00:00+00:00",
        endTime="2026-06-01T00:00:00+00:00",
    )
    bag = parsed()
    assert bag.import_errors == {}
    return {dag_id.removeprefix("campaign__"): dag for dag_id, dag in bag.dags.items()}


@pytest.mark.usefixtures("no_network")
def test_every_campaign_has_its_dag_with_the_network_down(specs: Path) -> None:
    for slug in ("spring", "summer", "autumn"):
        write_spec(specs, slug)
    bag = parsed()
    assert bag.import_errors == {}
    assert set(bag.dags) == {"campaign__spring", "campaign__summer", "campaign__autumn"}


def test_without_campaigns_nothing_is_wrong() -> None:
    bag = parsed()
    assert (bag.import_errors, bag.dags) == ({}, {})


def test_every_dag_keeps_the_house_rules(campaigns: dict[str, DAG]) -> None:
    assert len(campaigns) == 4
    for slug, dag in campaigns.items():
        assert dag.dag_id == f"campaign__{slug}"
        assert {"campaign", "voice"} <= set(dag.tags)
        assert (dag.max_active_runs, dag.catchup, dag.is_paused_upon_creation) == (1, False, False)
        assert dag.doc_md
        assert "outdial campaign pause" in dag.doc_md
        for task in dag.tasks:
            assert task.doc_md
            assert task.task_display_name != task.task_id
            assert (task.retries, task.retry_delay) == (3, timedelta(seconds=2))
            assert task.retry_exponential_backoff == 2.0


def test_the_steps_follow_each_other(campaigns: dict[str, DAG]) -> None:
    dag = campaigns["by_hand"]
    assert [task.task_id for task in dag.topological_sort()] == STEPS
    for step, following in pairwise(STEPS):
        assert dag.task_dict[step].downstream_task_ids == {following}


def test_a_failed_run_is_reported_and_a_skipped_one_is_not(campaigns: dict[str, DAG]) -> None:
    rules = {task.task_id: task.trigger_rule.value for task in campaigns["by_hand"].tasks}
    assert rules == dict.fromkeys(STEPS[:3], "all_success") | dict.fromkeys(STEPS[3:], "none_skipped")


def test_a_campaign_without_dates_waits_for_a_person(campaigns: dict[str, DAG]) -> None:
    assert campaigns["by_hand"].schedule is None


def test_a_campaign_with_a_start_time_runs_once_from_then(campaigns: dict[str, DAG]) -> None:
    dag = campaigns["at_a_time"]
    assert dag.schedule == "@once"
    assert dag.start_date == datetime(2026, 5, 1, 13, tzinfo=UTC)


def test_a_cron_is_read_on_the_campaigns_own_clock(campaigns: dict[str, DAG]) -> None:
    timetable = campaigns["by_cron"].schedule
    assert isinstance(timetable, CronTriggerTimetable)
    assert (timetable.expression, str(timetable.timezone)) == ("0 9 * * 1-5", "Asia/Jerusalem")
    assert campaigns["by_cron"].start_date == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_cron_stays_within_the_campaigns_dates(campaigns: dict[str, DAG]) -> None:
    dag = campaigns["by_cron_from"]
    assert isinstance(dag.schedule, CronTriggerTimetable)
    assert dag.start_date == datetime(2026, 5, 1, 13, tzinfo=UTC)
    assert dag.end_date == datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "word", ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"]
)
def test_every_word_a_campaign_file_may_use_is_a_schedule(specs: Path, word: str) -> None:
    write_spec(specs, "by_word", schedule=word)
    bag = parsed()
    assert bag.import_errors == {}
    assert set(bag.dags) == {"campaign__by_word"}


def test_the_scheduler_can_read_every_dag(campaigns: dict[str, DAG]) -> None:
    for dag in campaigns.values():
        assert DagSerialization.from_dict(DagSerialization.to_dict(dag)).task_dict.keys() == set(STEPS)


def test_a_task_process_builds_only_the_dag_it_runs(specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_spec(specs, "mine")
    write_spec(specs, "other").write_text("{}", "utf-8")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "campaign__mine")
    bag = DagBag(dag_folder=DAGS / "campaigns.py")
    assert (set(bag.dags), bag.import_errors) == ({"campaign__mine"}, {})


def test_bad_specs_give_one_import_error_and_hide_nobody(specs: Path) -> None:
    write_spec(specs, "good")
    write_spec(specs, "lost", timezone="Atlantis/Center")
    write_spec(specs, "moonlit", schedule="61 * * * *")
    write_spec(specs, "torn").write_text('{"id": ', "utf-8")
    bag = parsed()
    assert set(bag.dags) == {"campaign__good"}
    [(path, error)] = bag.import_errors.items()
    assert path.endswith("refused_campaigns.py")
    for told in ("lost.json: timezone", "Atlantis/Center", "moonlit.json: schedule", "torn.json"):
        assert told in error


@pytest.mark.parametrize("given", [{"batch_size": 0}, {"batch_size": "many"}, {"contact_limit": 0}])
def test_the_form_refuses_what_cannot_be_meant(campaigns: dict[str, DAG], given: dict[str, object]) -> None:
    params = campaigns["by_hand"].params
    params.update({"batch_size": 200, "contact_limit": 10})
    assert params.validate() == {"batch_size": 200, "contact_limit": 10}
    with pytest.raises(ParamValidationError):
        params.update(given)


def test_the_page_tells_the_manager_what_the_campaign_may_do(specs: Path) -> None:
    weekdays = EVERY_DAY | {"dayOfWeek": [1, 2], "startHour": 9, "endHour": 20, "endMinute": 30}
    write_spec(
        specs,
        "told",
        startTime="2026-05-01T13:00:00+00:00",
        callingWindows=[weekdays, EVERY_DAY],
        maxConcurrentCalls=17,
    )
    page = parsed().dags["campaign__told"].doc_md
    assert page is not None
    assert "Mon, Tue 09:00-20:30; every day 00:00-24:00" in page
    assert "starts by itself Friday 01 May 2026 at 09:00; before then nobody is called" in page
    assert "at most 17" in page


@pytest.mark.parametrize(
    ("kind", "dispatch", "monitor"),
    [
        ("voice", "Hand out calls", "Wait for the last calls"),
        ("sms", "Hand out texts", "Wait for the last texts"),
        ("hybrid", "Hand out texts and calls", "Wait for the last texts and calls"),
    ],
)
def test_every_type_has_the_same_steps_which_say_what_they_hand_out(
    specs: Path, kind: str, dispatch: str, monitor: str
) -> None:
    write_spec(specs, "of_a_type", type=kind)
    dag = parsed().dags["campaign__of_a_type"]
    names = {task.task_id: task.task_display_name for task in dag.tasks}
    assert list(names) == STEPS
    assert (names["dispatch"], names["monitor"]) == (dispatch, monitor)
    assert ("Calls at once" in (dag.doc_md or "")) == (kind != "sms")


def test_parsing_loads_no_client_that_only_running_needs() -> None:
    code = """
import sys, outdial.workflow.bundle, outdial.workflow.campaign_dag
print(sorted({"aiobotocore", "botocore", "outdial.reports.write"} & sys.modules.keys()))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"
