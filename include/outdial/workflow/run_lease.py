"""The run's lease: renewed while Airflow lets the run go on, ended when somebody stopped it there.

Without it nothing is claimed and no attempt begins. If Airflow does not answer, nobody renews it and
calls stop within 90 s.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from outdial.campaigns.lifecycle import end_lease, renew_lease
from outdial.domain.clock import utc_now
from outdial.domain.errors import Unavailable
from outdial.telemetry.logs import get_logger
from outdial.workflow.services import Services

CHECK_EVERY_S = 3.0

log = get_logger(__name__)


@dataclass(frozen=True)
class RunKey:
    """One run of one campaign's DAG."""

    dag_id: str
    run_id: str
    campaign_id: UUID


class RunLease:
    """Vouches for one run; its trigger asks it every turn."""

    def __init__(self, services: Services, run: RunKey) -> None:
        """Vouches for nothing before the first `keep`."""
        self._services = services
        self._run = run
        self._next_check_at = time.monotonic()
        self._went_on = True

    async def keep(self) -> None:
        """Every few seconds: renew or end the lease, as Airflow says."""
        if time.monotonic() < self._next_check_at:
            return
        self._next_check_at = time.monotonic() + CHECK_EVERY_S
        try:
            goes_on = await self._services.runs.goes_on(self._run.dag_id, self._run.run_id)
        except Unavailable as fault:
            log.warning("the run's lease is not renewed; without it calls stop", reason=str(fault))
            return
        await self._follow(goes_on=goes_on)

    async def _follow(self, *, goes_on: bool) -> None:
        if goes_on:
            await renew_lease(self._services.pool, self._run.campaign_id, self._run.run_id, utc_now())
        else:
            await end_lease(self._services.pool, self._run.campaign_id, self._run.run_id)
        if goes_on != self._went_on:
            log.warning("calls go on" if goes_on else "calls stop: the DAG is paused, or the run not running")
        self._went_on = goes_on
