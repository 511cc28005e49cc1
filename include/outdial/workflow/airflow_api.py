"""Airflow's REST API, asked by triggers: in no other way can they see that their DAG was paused."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from outdial.domain.errors import Unavailable
from outdial.workflow.connections import AirflowAddress

TIMEOUT_S = 10.0
"""A ninth of a lease: an API server on a busy machine takes seconds for what is else done in milliseconds."""

PAGE = 100
"""Airflow's default `maximum_page_limit`."""

_TOKEN_REFUSED = (401, 403)


class AirflowApi:
    """Reads lists. Use `open_airflow_api`."""

    def __init__(self, client: httpx.AsyncClient, address: AirflowAddress) -> None:
        """`client` has the API's address as its base."""
        self._client = client
        self._address = address
        self._token = ""

    async def list_all(self, path: str, key: str, **query: str) -> list[dict[str, Any]]:
        """Every entry of a list, page by page. Raises Unavailable where Airflow does not give it."""
        entries: list[dict[str, Any]] = []
        while True:
            page = await self._get(path, query | {"limit": str(PAGE), "offset": str(len(entries))})
            entries += page[key]
            if not page[key] or len(entries) >= page["total_entries"]:
                return entries

    async def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        try:
            if not self._token:
                await self._sign_in()
            answer = await self._get_with_token(path, query)
            if answer.status_code in _TOKEN_REFUSED:
                await self._sign_in()
                answer = await self._get_with_token(path, query)
            return answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"Airflow's API gives no answer to {path}: {error!r}") from error

    async def _get_with_token(self, path: str, query: dict[str, str]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        return await self._client.get(f"/api/v2{path}", params=query, headers=headers)

    async def _sign_in(self) -> None:
        login = {"username": self._address.user, "password": self._address.password}
        answer = (await self._client.post("/auth/token", json=login)).raise_for_status()
        self._token = answer.json()["access_token"]


@asynccontextmanager
async def open_airflow_api(address: AirflowAddress) -> AsyncGenerator[AirflowApi]:
    """The API, for the length of a block; opening it asks nothing."""
    # Airflow's own address is reached directly, whatever proxy the machine has for the outside.
    async with httpx.AsyncClient(base_url=address.url, timeout=TIMEOUT_S, trust_env=False) as client:
        yield AirflowApi(client, address)
