"""Airflow's REST API, pressing the buttons a person presses in its pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

ENDED = ("success", "failed")
LOOK_S = 0.5


class AirflowClient:
    """Signed in as an administrator."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def wait_for_dag(self, dag_id: str, timeout_s: float) -> None:
        """Return once Airflow knows the DAG."""
        async with asyncio.timeout(timeout_s):
            while True:
                if (await self._client.get(f"/dags/{dag_id}")).is_success:
                    return
                await asyncio.sleep(LOOK_S)

    async def trigger(self, dag_id: str, **conf: Any) -> str:
        """Start a run; returns its id."""
        body = {"logical_date": None, "conf": conf}
        return (await self._ask("POST", f"/dags/{dag_id}/dagRuns", body))["dag_run_id"]

    async def set_paused(self, dag_id: str, *, paused: bool) -> None:
        """The toggle beside a DAG's name."""
        await self._ask("PATCH", f"/dags/{dag_id}", {"is_paused": paused})

    async def mark_run_failed(self, dag_id: str, run_id: str) -> None:
        """The button *Mark run as failed*."""
        await self._ask("PATCH", f"/dags/{dag_id}/dagRuns/{run_id}", {"state": "failed"})

    async def clear_run(self, dag_id: str, run_id: str) -> None:
        """The button *Clear run*: everything once more."""
        await self._ask("POST", f"/dags/{dag_id}/dagRuns/{run_id}/clear", {"dry_run": False})

    async def clear_task(self, dag_id: str, run_id: str, task_id: str) -> None:
        """The button *Clear task*: this one and what follows it."""
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": [task_id],
            "only_failed": False,
            "include_downstream": True,
        }
        await self._ask("POST", f"/dags/{dag_id}/clearTaskInstances", body)

    async def run_state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed."""
        return (await self._ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}"))["state"]

    async def wait_for_end(self, dag_id: str, run_id: str, timeout_s: float) -> str:
        """How the run ended."""
        async with asyncio.timeout(timeout_s):
            while True:
                state = await self.run_state(dag_id, run_id)
                if state in ENDED:
                    return state
                await asyncio.sleep(LOOK_S)

    async def task_states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """The state of each task of a run."""
        answer = await self._ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        return {task["task_id"]: task["state"] for task in answer["task_instances"]}

    async def task(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """One task of a run: its `state`, its `try_number` and more."""
        return await self._ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")

    async def returned(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """What a task of a run left for others to see."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}?deserialize=true"
        return (await self._ask("GET", path))["value"]

    async def import_errors(self) -> list[str]:
        """The DAG files Airflow could not read."""
        return [error["filename"] for error in (await self._ask("GET", "/importErrors"))["import_errors"]]

    async def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        response = await self._client.request(method, path, json=body)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json()


@asynccontextmanager
async def open_airflow_client(url: str, user: str, password: str) -> AsyncIterator[AirflowClient]:
    """Sign in."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v2", timeout=30, trust_env=False) as client:
        answer = await client.post(f"{url}/auth/token", json={"username": user, "password": password})
        client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
        yield AirflowClient(client)
