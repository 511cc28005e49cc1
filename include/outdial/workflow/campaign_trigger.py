"""What the triggers of a campaign run have in common: turns, once a second, until one says it was the last.

A trigger keeps nothing that matters: everything is in PostgreSQL, so it may be killed, moved to another
triggerer or exist twice for a moment.
"""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from airflow.triggers.base import BaseTrigger, TriggerEvent

from outdial.campaigns.dispatch import DispatchLimits, DispatchResult, dispatch_tick
from outdial.campaigns.lifecycle import end_lease
from outdial.campaigns.progress import record_progress
from outdial.domain.clock import utc_now
from outdial.settings import load_settings
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.pool import open_pool
from outdial.telemetry.logs import get_logger
from outdial.workflow.connections import database_dsn
from outdial.workflow.patience import TRANSIENT, Patience
from outdial.workflow.run_lease import RunKey, RunLease
from outdial.workflow.services import Services, shared_services

TURN_S = 1.0

log = get_logger(__name__)


class CampaignTrigger(BaseTrigger):
    """A loop for one campaign run. Faults that pass are waited out, however long they last."""

    def __init__(
        self,
        dag_id: str,
        run_id: str,
        campaign_id: str,
        batch_size: int | None = None,
        contact_limit: int | None = None,
    ) -> None:
        """`batch_size` None is the setting's; `contact_limit` None is no trial."""
        super().__init__()
        self.dag_id = dag_id
        self.run_id = run_id
        self.campaign_id = campaign_id
        self.batch_size = batch_size
        self.contact_limit = contact_limit

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Enough to make this trigger again elsewhere."""
        cls = type(self)
        return f"{cls.__module__}.{cls.__qualname__}", {
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "campaign_id": self.campaign_id,
            "batch_size": self.batch_size,
            "contact_limit": self.contact_limit,
        }

    @property
    def run_key(self) -> RunKey:
        """The run this trigger works for."""
        return RunKey(self.dag_id, self.run_id, UUID(self.campaign_id))

    @abstractmethod
    async def turn(self, services: Services) -> dict[str, Any] | None:
        """One turn's work; what it returns is the trigger's event, and None asks for another turn."""

    async def begin(self, services: Services) -> None:
        """Before the first turn, and again after every fault."""

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Called by the triggerer: turns until the last one, then one event."""
        patience = Patience()
        while True:
            raise_if_cancelled()
            try:
                async with shared_services.use() as services:
                    event = await self._take_turns(services, patience)
                break
            except TRANSIENT as fault:
                await patience.wait(fault)
        yield TriggerEvent(event)

    async def on_kill(self) -> None:
        """Somebody marked or cleared the task: calls stop now. A restarting triggerer does not call this.

        Airflow was seen to cancel this in turn, and in silence, where it took a second, as all services did.
        """
        async with open_pool(await database_dsn(load_settings()), 1) as pool:
            await end_lease(pool, self.run_key.campaign_id, self.run_id)

    async def tick(self, services: Services) -> DispatchResult:
        """Dispatch what may be dispatched at this moment."""
        settings = services.settings
        limits = DispatchLimits(
            self.batch_size or settings.batch_size, settings.max_cps, settings.dispatch_horizon_s
        )
        run = self.run_key
        return await dispatch_tick(
            services.pool, services.queues, run.campaign_id, run.run_id, limits, utc_now()
        )

    async def _take_turns(self, services: Services, patience: Patience) -> dict[str, Any]:
        await self.begin(services)
        lease = RunLease(services, self.run_key)
        record_at = time.monotonic()
        while True:
            raise_if_cancelled()
            await lease.keep()
            event = await self.turn(services)
            patience.reset()
            if event is not None or time.monotonic() >= record_at:
                await self._record(services)
                record_at = time.monotonic() + services.settings.progress_interval_s
            if event is not None:
                return event
            await asyncio.sleep(TURN_S)

    async def _record(self, services: Services) -> None:
        progress = await record_progress(services.pool, self.run_key.campaign_id, utc_now())
        log.info("progress", **progress.model_dump(exclude_none=True))
