"""Airflow's REST API as the demo uses it: see that a DAG is there, trigger it, ask how its run goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from outdial.domain.errors import OutdialError, Unavailable

_TIMEOUT_S = 10
_SILENCE_S = 90
_POLL_S = 0.5
_RUN_ID = "demo"


class RunFailed(OutdialError):
    """A DAG run did not succeed; the text names the task that failed."""


class Refused(OutdialError):
    """Airflow understood and will not; asking again cannot help."""

    def __init__(self, response: httpx.Response) -> None:
        """`response` is Airflow's answer."""
        detail = " ".join(response.text.split())[:300]
        super().__init__(f"Airflow answered {response.status_code} to {response.request.url.path}: {detail}")
        self.status_code = response.status_code


@dataclass(frozen=True)
class AirflowRest:
    """A client that is signed in."""

    client: httpx.AsyncClient

    async def wait_for_dag(self, dag_id: str, timeout_s: float) -> None:
        """Return when Airflow knows the DAG; raises Unavailable when it does not in time."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    if await self._knows(dag_id):
                        return
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            errors = await self._ask("GET", "/importErrors")
            reasons = "; ".join(_last_line(error["stack_trace"]) for error in errors.get("import_errors", []))
            raise Unavailable(
                f"The DAG {dag_id} did not appear in Airflow within {timeout_s:.0f} s. "
                f"{reasons or 'Airflow reports no import error.'}"
            ) from None

    async def trigger(self, dag_id: str) -> str:
        """Start a run now; returns its id. The id is ours, so that asking twice starts one run."""
        try:
            body = {"logical_date": None, "dag_run_id": _RUN_ID}
            await self._ask("POST", f"/dags/{dag_id}/dagRuns", body)
        except Refused as refusal:
            if refusal.status_code != HTTPStatus.CONFLICT:
                raise
        return _RUN_ID

    async def run_state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed."""
        return (await self._ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}"))["state"]

    async def failed_tasks(self, dag_id: str, run_id: str) -> list[str]:
        """The ids of a run's failed tasks."""
        tasks = await self._ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        return [task["task_id"] for task in tasks["task_instances"] if task["state"] == "failed"]

    async def _knows(self, dag_id: str) -> bool:
        try:
            await self._ask("GET", f"/dags/{dag_id}")
        except Refused as refusal:
            if refusal.status_code != HTTPStatus.NOT_FOUND:
                raise
            return False
        return True

    async def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        return await _ask_patiently(self.client, method, path, body)


@asynccontextmanager
async def open_airflow(url: str, user: str, password: str) -> AsyncGenerator[AirflowRest]:
    """A client signed in as `user`; raises Unavailable where Airflow refuses or does not answer."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v2", timeout=_TIMEOUT_S, trust_env=False) as client:
        login = {"username": user, "password": password}
        token = (await _ask_patiently(client, "POST", f"{url}/auth/token", login))["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield AirflowRest(client)


async def _ask_patiently(
    client: httpx.AsyncClient, method: str, path: str, body: object = None
) -> dict[str, Any]:
    """Ask again while a busy machine keeps Airflow silent; raises Refused at once, Unavailable in the end."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _SILENCE_S
    while True:
        try:
            response = await client.request(method, path, json=body)
        except httpx.HTTPError as error:
            if loop.time() > until:
                raise Unavailable(f"Airflow has not answered for {_SILENCE_S} s: {error!r}") from None
            await asyncio.sleep(_POLL_S)
            continue
        if response.is_success:
            return response.json()
        if response.is_client_error or loop.time() > until:
            raise Refused(response)
        await asyncio.sleep(_POLL_S)


def _last_line(trace: str) -> str:
    return trace.strip().splitlines()[-1] if trace.strip() else ""
