"""What a running task asks about its own run; Airflow's `Context` types every entry as perhaps missing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

from airflow.sdk import Context

_FAILED = ("failed", "upstream_failed")


def run_id_of(context: Context) -> str:
    """The run's id, unique among the runs of its DAG."""
    return _values(context)["run_id"]


def param_of(context: Context, name: str) -> int | None:
    """One of the DAG's params, as somebody filled it in."""
    return _values(context)["params"][name]


def params_of(context: Context) -> dict[str, Any]:
    """All of the DAG's params, as somebody filled them in."""
    return dict(_values(context)["params"])


def failed_tasks(context: Context, task_ids: Collection[str]) -> list[str]:
    """Those of `task_ids` that failed, or never ran because something before them did, in their order."""
    values = _values(context)
    states = values["ti"].get_task_states(
        dag_id=values["ti"].dag_id, task_ids=list(task_ids), run_ids=[values["run_id"]]
    )
    of_run = states.get(values["run_id"], {})
    return [task_id for task_id in task_ids if of_run.get(task_id) in _FAILED]


def result_of(context: Context, task_id: str) -> dict[str, Any] | None:
    """What a task of this run returned, or None where it returned nothing."""
    return _values(context)["ti"].xcom_pull(task_ids=task_id)


def _values(context: Context) -> dict[str, Any]:
    return cast("dict[str, Any]", context)
