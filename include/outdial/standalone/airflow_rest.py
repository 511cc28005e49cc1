"""Airflow's REST API as the demo uses it: see that a DAG is there, trigger it, ask how its run goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from outdial.domain.errors import OutdialError, Unavailable

_TIMEOUT_S = 10
_POLL_S = 0.5


class RunFailed(OutdialError):
    """A DAG run did not succeed; the text names the task that failed."""


@dataclass(frozen=True)
class AirflowRest:
    """A client that is signed in."""

    client: httpx.AsyncClient

    async def wait_for_dag(self, dag_id: str, timeout_s: float) -> None:
        """Return when Airflow knows the DAG; raises Unavailable when it does not in time."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    if await self._get(f"/dags/{dag_id}", missing_is_ok=True):
                        return
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            errors = await self._get("/importErrors")
            reasons = "; ".join(_last_line(error["stack_trace"]) for error in errors.get("import_errors", []))
            raise Unavailable(
                f"The DAG {dag_id} did not appear in Airflow within {timeout_s:.0f} s. "
                f"{reasons or 'Airflow reports no import error.'}"
            ) from None

    async def trigger(self, dag_id: str) -> str:
        """Start a run now; returns its id."""
        answer = await _answered(self.client.post(f"/dags/{dag_id}/dagRuns", json={"logical_date": None}))
        return answer["dag_run_id"]

    async def run_state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed."""
        return (await self._get(f"/dags/{dag_id}/dagRuns/{run_id}"))["state"]

    async def failed_tasks(self, dag_id: str, run_id: str) -> list[str]:
        """The ids of a run's failed tasks."""
        tasks = await self._get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        return [task["task_id"] for task in tasks["task_instances"] if task["state"] == "failed"]

    async def _get(self, path: str, *, missing_is_ok: bool = False) -> dict[str, Any]:
        return await _answered(self.client.get(path), missing_is_ok=missing_is_ok)


@asynccontextmanager
async def open_airflow(url: str, user: str, password: str) -> AsyncGenerator[AirflowRest]:
    """A client signed in as `user`; raises Unavailable where Airflow refuses or does not answer."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v2", timeout=_TIMEOUT_S, trust_env=False) as client:
        login = {"username": user, "password": password}
        token = (await _answered(client.post(f"{url}/auth/token", json=login)))["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield AirflowRest(client)


async def _answered(request: Awaitable[httpx.Response], *, missing_is_ok: bool = False) -> dict[str, Any]:
    try:
        response = await request
        if missing_is_ok and response.status_code == HTTPStatus.NOT_FOUND:
            return {}
        response.raise_for_status()
        return response.json()
    except httpx.HTTPStatusError as error:
        detail = " ".join(error.response.text.split())[:300]
        raise Unavailable(
            f"Airflow answered {error.response.status_code} to {error.request.url.path}: {detail}"
        ) from None
    except httpx.HTTPError as error:
        raise Unavailable(f"Airflow does not answer: {error!r}") from None


def _last_line(trace: str) -> str:
    return trace.strip().splitlines()[-1] if trace.strip() else ""
