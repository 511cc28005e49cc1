"""The steps that keep campaigns in step with their `contactSource`: find them, then one task for each."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from airflow.sdk import BaseOperator, Connection, Context
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.workflow.contact_import import summary_facts
from outdial.workflow.database import open_database

_LIBPQ_EXTRAS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs", "application_name")


class FindSourcesOperator(BaseOperator):
    """Returns `[{campaign_id, slug}]` of the campaigns that a query keeps in step and that are not over."""

    ui_color = "#f4e7c5"

    def execute(self, context: Context) -> list[dict[str, str]]:  # noqa: ARG002 - Airflow's own signature
        """Look."""
        return asyncio.run(_find_sources())


class SyncContactsOperator(BaseOperator):
    """Reads one campaign's query; `source` is an entry of FindSourcesOperator."""

    ui_color = "#d9ead3"

    def __init__(self, *, source: dict[str, str], **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """`source` is mapped over."""
        super().__init__(**kwargs)
        self.source = source

    def execute(self, context: Context) -> dict[str, Any]:
        """Bring the campaign in step; a source that is wrong fails here alone, with one sentence."""
        cast("dict[str, Any]", context)["campaign"] = self.source["slug"]  # names the mapped task in the UI
        try:
            facts = asyncio.run(_sync(self.source))
        except InvalidInput as refused:
            raise AirflowFailException(f"{self.source['slug']}: {refused}") from None
        self.log.info("%s: %s", self.source["slug"], facts)
        return facts


async def source_dsn(conn_id: str) -> str:
    """The libpq address of an Airflow Connection. Raises InvalidInput where it is none to PostgreSQL."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - parsing the DAG needs no driver

    try:
        found = cast("Connection", await Connection.async_get(conn_id))
    except AirflowNotFoundException:
        raise InvalidInput(
            f"contactSource.connection: there is no Airflow Connection {conn_id!r}; add it"
        ) from None
    if found.conn_type not in {"postgres", "postgresql"}:
        raise InvalidInput(
            f"contactSource.connection: {conn_id!r} is of type {found.conn_type}; only postgres can be read"
        )
    extras = {name: value for name, value in found.extra_dejson.items() if name in _LIBPQ_EXTRAS}
    return make_conninfo(
        host=found.host,
        port=found.port,
        dbname=found.schema,
        user=found.login,
        password=found.password,
        **extras,
    )


async def _find_sources() -> list[dict[str, str]]:
    from outdial.storage.imports import campaigns_with_source  # noqa: PLC0415 - parsing needs no storage

    async with open_database() as (_settings, pool), pool.connection() as conn:
        return [
            {"campaign_id": str(campaign.id), "slug": campaign.slug}
            for campaign in await campaigns_with_source(conn)
        ]


async def _sync(source: dict[str, str]) -> dict[str, Any]:
    from outdial.campaigns.lists.sync_contacts import sync_contacts  # noqa: PLC0415 - parsing needs no readers
    from outdial.storage.campaigns import read_campaign  # noqa: PLC0415
    from outdial.workflow.contact_files import keep_rejects  # noqa: PLC0415

    campaign_id = UUID(source["campaign_id"])
    async with open_database() as (settings, pool):
        async with pool.connection() as conn:
            campaign = await read_campaign(conn, campaign_id)
        if campaign.config.contact_source is None:
            raise InvalidInput("its contactSource was taken away")
        dsn = await source_dsn(campaign.config.contact_source.connection)
        with tempfile.TemporaryDirectory(prefix="outdial-sync-") as folder:
            rejects = Path(folder) / "contact_source.rejects.csv"
            summary = await sync_contacts(pool, campaign_id, dsn, utc_now(), rejects)
            kept = keep_rejects(summary.rejects_file, settings.storage_url, campaign.slug)
    return summary_facts(summary) | {"rejects_file": kept}
