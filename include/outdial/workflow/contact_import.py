"""The step that imports a contact list; tried again, it goes on where it was interrupted."""

from __future__ import annotations

import asyncio
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.workflow.database import open_database
from outdial.workflow.run_context import params_of


class ImportContactsOperator(BaseOperator):
    """Returns `{rows, imported, duplicates, rejected, warnings, oddities, notes, rejects_file}`."""

    ui_color = "#d9ead3"

    def execute(self, context: Context) -> dict[str, Any]:
        """Import what the form says."""
        try:
            facts = asyncio.run(_import(params_of(context)))
        except InvalidInput as refused:
            raise AirflowFailException(str(refused)) from None
        self.log.info("%(rows)s rows: %(imported)s imported, %(duplicates)s duplicates", facts)
        self.log.info("%(rejected)s rejected: %(rejects_file)s", facts)
        return facts


async def _import(params: dict[str, Any]) -> dict[str, Any]:
    # Parsing the DAG needs none of the readers.
    from outdial.campaigns.lists.import_contacts import ImportOptions, import_contacts  # noqa: PLC0415
    from outdial.storage.campaigns import find_campaign  # noqa: PLC0415
    from outdial.workflow.contact_files import fetched, keep_rejects  # noqa: PLC0415

    async with open_database() as (settings, pool):
        async with pool.connection() as conn:
            campaign = await find_campaign(conn, str(params["campaign"]).strip())
        with fetched(str(params["file"]).strip()) as path:
            options = ImportOptions(
                mapping=params["mapping"] or {}, encoding=params["encoding"] or None, again=params["again"]
            )
            summary = await import_contacts(pool, campaign.id, path, utc_now(), options)
            rejects_file = keep_rejects(summary.rejects_file, settings.storage_url, campaign.slug)
    return summary_facts(summary) | {"rejects_file": rejects_file}


def summary_facts(summary: Any) -> dict[str, Any]:  # noqa: ANN401 - imported only where it runs
    """An import's summary as XCom keeps it."""
    counted = ("rows", "imported", "duplicates", "rejected", "warnings", "notes", "restored", "withdrawn")
    return {name: getattr(summary, name) for name in counted} | {"oddities": dict(summary.oddities)}
