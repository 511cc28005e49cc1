"""The step that imports a suppression list or a registry; tried again, it finds what is left to do."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.settings import load_settings
from outdial.workflow.connections import database_dsn
from outdial.workflow.run_context import params_of, run_id_of

if TYPE_CHECKING:
    from outdial.campaigns.lists.import_suppressions import RegistryOf

FOLDER = "blacklist"


class ImportSuppressionsOperator(BaseOperator):
    """Returns what `SuppressionSummary.facts` has: rows, entries, listed, unlisted, rejected and so on."""

    ui_color = "#f4cccc"

    def execute(self, context: Context) -> dict[str, Any]:
        """Import what the form says."""
        by = f"Airflow run {run_id_of(context)}"
        try:
            facts = asyncio.run(_import(params_of(context), by))
        except InvalidInput as refused:
            raise AirflowFailException(str(refused)) from None
        self.log.info("%(rows)s rows, %(entries)s entries, %(rejected)s rejected: %(rejects_file)s", facts)
        self.log.info("%(listed)s listed, %(renewed)s renewed, %(unlisted)s unlisted", facts)
        return facts


async def _import(params: dict[str, Any], by: str) -> dict[str, Any]:
    # Parsing the DAG needs none of the readers.
    from outdial.blacklist.cache import open_cache  # noqa: PLC0415
    from outdial.blacklist.importing import CONNECTIONS  # noqa: PLC0415
    from outdial.campaigns.lists.import_suppressions import SuppressionFile, import_suppressions  # noqa: PLC0415
    from outdial.storage.blacklist import EVERYWHERE, Scope  # noqa: PLC0415
    from outdial.storage.campaigns import find_campaign  # noqa: PLC0415
    from outdial.storage.pool import open_pool  # noqa: PLC0415
    from outdial.storage.staged_listings import Unsaid  # noqa: PLC0415
    from outdial.workflow.contact_files import fetched, keep_rejects  # noqa: PLC0415

    settings = load_settings()
    url, campaign, registry = str(params["file"]).strip(), params["campaign"], _registry_of(params)
    usual = f"on registry {registry.name}" if registry else "on an imported list"
    async with (
        open_pool(await database_dsn(settings), CONNECTIONS) as pool,
        open_cache(settings.redis_url) as cache,
    ):
        scope = EVERYWHERE
        if campaign:
            async with pool.connection() as conn:
                scope = Scope((await find_campaign(conn, campaign)).id)
        with fetched(url) as path:
            file = SuppressionFile(
                path,
                Unsaid(params["reason"] or usual, url, by),
                scope,
                registry,
                column=params["column"] or None,
                region=params["region"] or None,
            )
            summary = await import_suppressions(pool, file, utc_now(), cache)
            rejects_file = keep_rejects(summary.rejects_file, settings.storage_url, FOLDER)
    return summary.facts() | {"rejects_file": rejects_file}


def _registry_of(params: dict[str, Any]) -> RegistryOf | None:
    from outdial.campaigns.lists.import_suppressions import RegistryOf  # noqa: PLC0415

    name, as_of = params["registry"], params["as_of"]
    if not name:
        return None
    if params["campaign"]:
        raise InvalidInput("a registry holds for every campaign that requires it: leave the campaign empty")
    if not as_of:
        raise InvalidInput("the day on which the registry's copy was drawn is missing: fill in `Copy of`")
    return RegistryOf(name, date.fromisoformat(as_of), params["accept_smaller"])
