"""The DAG `blacklist_refresh`: a suppression list or a registry's copy comes in, with a form.

Built by `dags/blacklist_refresh.py`: no query, no network.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param
from airflow.sdk.definitions.param import ParamsDict

from outdial.workflow.blacklist_refresh import ImportSuppressionsOperator

RETRIES = 3

_DOC = """
Lists every number of a file: nobody calls them from the moment they are in. With a registry's name and date
the file is the whole registry: whom it lacks is unlisted, and campaigns that require the registry may run on
it until it is too old. A copy older than the present one, cut short or unreadable changes nothing.

What changed is in the task's log and its return value; rows without a number are written with the reason to
`imports/blacklist/` of the storage. Started again with the same file it finds what is left to do.
"""


def build_blacklist_refresh() -> DAG:
    """The DAG that a person, or another system by Airflow's API, starts with a form."""
    dag = DAG(
        "blacklist_refresh",
        dag_display_name="Refresh the blacklist",
        tags=["blacklist"],
        schedule=None,
        catchup=False,
        max_active_runs=2,
        is_paused_upon_creation=False,
        params=_params(),
        doc_md=_DOC,
        default_args={
            "owner": "outdial",
            "retries": RETRIES,
            "retry_delay": timedelta(seconds=10),
            "retry_exponential_backoff": 2.0,
        },
        auto_register=False,
    )
    ImportSuppressionsOperator(task_id="import", task_display_name="Import the list", doc_md=_DOC, dag=dag)
    return dag


def _params() -> ParamsDict:
    return ParamsDict({
        "file": Param(
            type="string",
            minLength=1,
            title="File",
            description="CSV, XLSX, or a number on each line: a path on Airflow's machine, or a URL as "
            "s3://bucket/list.csv.",
        ),
        "registry": Param(
            None,
            type=["null", "string"],
            title="Registry",
            description="Where the file is a whole copy of one: its name, as us-dnc.",
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Copy of",
            description="The day on which the registry's copy was drawn.",
        ),
        "campaign": Param(
            None,
            type=["null", "string"],
            title="Only in campaign",
            description="Its id or slug. Empty for all campaigns.",
        ),
        "column": Param(
            None,
            type=["null", "string"],
            title="Column",
            description="Of the number, where it is not found out; A+B puts it together from two.",
        ),
        "region": Param(
            None,
            type=["null", "string"],
            title="Region",
            description="Of numbers without a country code, as US.",
        ),
        "reason": Param(
            None, type=["null", "string"], title="Reason", description="Why nobody may call them."
        ),
        "accept_smaller": Param(
            False,
            type="boolean",
            title="Accept a smaller copy",
            description="Take a registry's copy with less than half of the present one's numbers.",
        ),
    })
