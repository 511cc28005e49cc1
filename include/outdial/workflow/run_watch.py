"""Which campaign runs Airflow lets go on: asked once for all triggers of a process, not once for each."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from outdial.domain.errors import Unavailable
from outdial.workflow.airflow_api import AirflowApi
from outdial.workflow.campaign_spec import DAG_ID_PREFIX

MAX_AGE_S = 2.0
"""How old an answer may be; the cost for Airflow is the same for one campaign and for two hundred."""


@dataclass(frozen=True)
class _Seen:
    at: float
    running: frozenset[tuple[str, str]]
    paused: frozenset[str]
    fault: Unavailable | None = None


class RunWatch:
    """Answers for any campaign run."""

    def __init__(self, api: AirflowApi) -> None:
        """Asks `api` when it is asked itself."""
        self._api = api
        self._lock = asyncio.Lock()
        self._seen: _Seen | None = None

    async def goes_on(self, dag_id: str, run_id: str) -> bool:
        """Whether the run is running and its DAG not paused.

        Raises Unavailable when Airflow does not say; that, too, is remembered for `MAX_AGE_S`.
        """
        async with self._lock:
            if self._seen is None or time.monotonic() - self._seen.at > MAX_AGE_S:
                self._seen = await self._look()
            seen = self._seen
        if seen.fault is not None:
            raise seen.fault
        return (dag_id, run_id) in seen.running and dag_id not in seen.paused

    async def _look(self) -> _Seen:
        try:
            runs = await self._api.list_all(
                "/dags/~/dagRuns", "dag_runs", state="running", dag_id_prefix_pattern=DAG_ID_PREFIX
            )
            dags = await self._api.list_all(
                "/dags", "dags", paused="true", dag_id_prefix_pattern=DAG_ID_PREFIX
            )
        except Unavailable as fault:
            return _Seen(time.monotonic(), frozenset(), frozenset(), fault)
        return _Seen(
            time.monotonic(),
            frozenset((run["dag_id"], run["dag_run_id"]) for run in runs),
            frozenset(dag["dag_id"] for dag in dags),
        )
