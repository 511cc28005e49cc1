"""One DAG for each campaign: validate >> dispatch >> monitor >> report >> notify.

Built by `dags/campaigns.py` whenever Airflow parses, from rendered specs: no query, no network.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, BaseOperator, CronTriggerTimetable, Param, TriggerRule, chain
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowTimetableInvalid

from outdial.domain.errors import InvalidInput
from outdial.workflow.campaign_spec import CampaignDagSpec, read_spec, spec_files
from outdial.workflow.campaign_texts import KINDS, describe_campaign, steps_of
from outdial.workflow.dispatch import DispatchOperator
from outdial.workflow.monitor import CampaignFinishedSensor
from outdial.workflow.notify import NotifyOperator
from outdial.workflow.report import ReportOperator
from outdial.workflow.validate import ValidateOperator

RETRIES = 3
FIRST_RETRY_DELAY = timedelta(seconds=2)
LARGEST_BATCH = 5000

_STEP_CLASSES: dict[str, type[BaseOperator]] = {
    "validate": ValidateOperator,
    "dispatch": DispatchOperator,
    "monitor": CampaignFinishedSensor,
    "report": ReportOperator,
    "notify": NotifyOperator,
}
_AFTER_FAILURES_TOO = ("report", "notify")


def build_campaign_dags(folder: Path, dag_id: str | None = None) -> dict[str, DAG]:
    """The DAGs of every good spec in `folder`, or of the one that `dag_id` names, by DAG id."""
    dags: dict[str, DAG] = {}
    for file in spec_files(folder, dag_id):
        try:
            dag = _build_from(file)
        except InvalidInput:
            continue  # `refuse_bad_specs` tells
        dags[dag.dag_id] = dag
    return dags


def refuse_bad_specs(folder: Path) -> None:
    """Raises InvalidInput that names every spec no DAG can be built from, and why.

    From a file of its own: an import error beside the good campaigns would keep Airflow from running them.
    """
    problems = [problem for file in spec_files(folder) for problem in _problems(file)]
    if problems:
        raise InvalidInput(*problems)


def build_campaign_dag(spec: CampaignDagSpec) -> DAG:
    """The campaign's DAG."""
    dag = DAG(
        spec.dag_id,
        dag_display_name=spec.name,
        description=f"{KINDS[spec.type]} campaign “{spec.name}”",
        doc_md=describe_campaign(spec),
        tags=["campaign", spec.type],
        schedule=_schedule(spec),
        start_date=spec.start_time or (spec.created_at if spec.schedule else None),
        end_date=spec.end_time if spec.schedule else None,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        params=_params(),
        default_args={
            "owner": "outdial",
            "retries": RETRIES,
            "retry_delay": FIRST_RETRY_DELAY,
            "retry_exponential_backoff": 2.0,
        },
        auto_register=False,
    )
    chain(*(_step(dag, spec, task_id) for task_id in _STEP_CLASSES))
    return dag


def _build_from(file: Path) -> DAG:
    dag = build_campaign_dag(read_spec(file))
    try:
        dag.validate()
    except AirflowTimetableInvalid as error:
        raise InvalidInput(
            f"{file.name}: schedule: {error}; write minute, hour, day, month and weekday, as in '0 9 * * 1-5'"
        ) from error
    return dag


def _step(dag: DAG, spec: CampaignDagSpec, task_id: str) -> BaseOperator:
    after_failures_too = task_id in _AFTER_FAILURES_TOO
    text = steps_of(spec.type)[task_id]
    arguments: dict[str, Any] = {
        "task_id": task_id,
        "task_display_name": text.name,
        "doc_md": text.does,
        "dag": dag,
        "campaign_id": str(spec.id),
        # A skipped campaign skips these as well; a failed one is reported and notified.
        "trigger_rule": TriggerRule.NONE_SKIPPED if after_failures_too else TriggerRule.ALL_SUCCESS,
    }
    return _STEP_CLASSES[task_id](**arguments)


def _schedule(spec: CampaignDagSpec) -> CronTriggerTimetable | str | None:
    if spec.schedule is None:
        return "@once" if spec.start_time else None
    return CronTriggerTimetable(spec.schedule, timezone=spec.timezone)


def _params() -> ParamsDict:
    return ParamsDict({
        "batch_size": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=LARGEST_BATCH,
            title="Batch size",
            description="How many contacts one turn of dispatch takes at most; empty for the usual number.",
        ),
        "contact_limit": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Limit of contacts",
            description="For a trial: only so many contacts are reached in this run, the others wait for the "
            "next one. Empty for everybody.",
        ),
    })


def _problems(file: Path) -> Iterable[str]:
    try:
        _build_from(file)
    except InvalidInput as error:
        return error.problems
    return ()
