"""Two DAGs for contact lists: `contact_import`, with a form, and `contact_sync`, every quarter of an hour.

Built by `dags/contact_import.py`: no query, no network.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable, Param, chain
from airflow.sdk.definitions.param import ParamsDict

from outdial.workflow.contact_import import ImportContactsOperator
from outdial.workflow.contact_sync import FindSourcesOperator, SyncContactsOperator

RETRIES = 3
SYNCS_AT_ONCE = 4

_IMPORT_DOC = """
Imports a list of people into a campaign. Rows that cannot be called are written with the reason to
`imports/<campaign>/` of the storage; mend them there and import that file. An import that was interrupted
goes on where it stopped when it is started again with the same file, mapping and encoding.

`outdial contacts check FILE --campaign ID` shows beforehand how a list would be read.
"""
_SYNC_DOC = """
Reads the query of each campaign whose config has a `contactSource`, over the Airflow Connection it names, in
a read-only transaction. Who is new comes in; who was withdrawn and is back is called again; with
`withdrawMissing` those who left the query are called no more. A source that is wrong fails alone.
"""


def build_contact_import() -> DAG:
    """The DAG that a person starts with a form."""
    dag = _dag(
        "contact_import",
        "Import contacts",
        doc_md=_IMPORT_DOC,
        schedule=None,
        max_active_runs=4,
        params=_import_params(),
    )
    ImportContactsOperator(task_id="import", task_display_name="Import the list", doc_md=_IMPORT_DOC, dag=dag)
    return dag


def build_contact_sync() -> DAG:
    """The DAG that keeps campaigns in step with their sources."""
    dag = _dag(
        "contact_sync",
        "Keep contacts in step",
        doc_md=_SYNC_DOC,
        schedule=CronTriggerTimetable("*/15 * * * *", timezone="UTC"),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        max_active_runs=1,
    )
    find = FindSourcesOperator(
        task_id="find_sources", task_display_name="Find campaigns with a source", doc_md=_SYNC_DOC, dag=dag
    )
    sync = SyncContactsOperator.partial(
        task_id="sync",
        task_display_name="Read one campaign's query",
        doc_md=_SYNC_DOC,
        map_index_template="{{ campaign }}",
        max_active_tis_per_dag=SYNCS_AT_ONCE,
        dag=dag,
    ).expand(source=find.output)
    chain(find, sync)
    return dag


def _dag(
    dag_id: str,
    name: str,
    schedule: CronTriggerTimetable | None,
    **arguments: Any,  # noqa: ANN401 - DAG's own arguments
) -> DAG:
    return DAG(
        dag_id,
        dag_display_name=name,
        schedule=schedule,
        tags=["contacts"],
        catchup=False,
        is_paused_upon_creation=False,
        default_args={
            "owner": "outdial",
            "retries": RETRIES,
            "retry_delay": timedelta(seconds=10),
            "retry_exponential_backoff": 2.0,
        },
        auto_register=False,
        **arguments,
    )


def _import_params() -> ParamsDict:
    return ParamsDict({
        "campaign": Param(type="string", minLength=1, title="Campaign", description="Its id or slug."),
        "file": Param(
            type="string",
            minLength=1,
            title="List",
            description="A CSV or XLSX file: a path on Airflow's machine, or a URL as s3://bucket/list.csv.",
        ),
        "mapping": Param(
            {},
            type=["object", "null"],
            additionalProperties={"type": "string"},
            title="Columns",
            description='{"phone": "Mobile No."}; also timezone, region, or a new name for any other column. '
            "Empty to have them found.",
        ),
        "encoding": Param(
            None,
            type=["null", "string"],
            title="Encoding",
            description="Of a CSV file, where it is not found out: as utf-8, cp1252, cp1255.",
        ),
        "again": Param(
            False,
            type="boolean",
            title="From the start",
            description="Start an interrupted import of this file anew instead of going on with it.",
        ),
    })
