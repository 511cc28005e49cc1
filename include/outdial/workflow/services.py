"""What the triggers of one process share: a pool, the queues and the watch on Airflow's runs.

Two hundred campaigns run in one triggerer; with a pool each they would need more connections than
PostgreSQL has.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from outdial.campaigns.dispatch import Queues
from outdial.domain.channels import Channel
from outdial.messaging.task_queue import open_task_queue
from outdial.settings import Settings, dial_queue_address, load_settings, text_queue_address
from outdial.storage.pool import Pool, open_pool
from outdial.workflow.airflow_api import open_airflow_api
from outdial.workflow.connections import airflow_address, aws_address, database_dsn
from outdial.workflow.run_watch import RunWatch

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """Everything a trigger works with."""

    settings: Settings
    pool: Pool
    queues: Queues
    runs: RunWatch


@asynccontextmanager
async def open_services() -> AsyncGenerator[Services]:
    """Open them all. Raises Unavailable where PostgreSQL does not answer, InvalidInput without an address."""
    settings = load_settings()
    async with AsyncExitStack() as stack:
        yield Services(
            settings,
            await stack.enter_async_context(open_pool(await database_dsn(settings))),
            await _open_queues(settings, stack),
            RunWatch(await stack.enter_async_context(open_airflow_api(await airflow_address(settings)))),
        )


async def _open_queues(settings: Settings, stack: AsyncExitStack) -> Queues:
    """Of texts too where there are settings for them: those who only call need no queue of texts."""
    aws = await aws_address(settings)
    calls = dial_queue_address(settings, aws.region, aws.endpoint_url)
    texts = text_queue_address(settings, aws.region, aws.endpoint_url)
    queues = {Channel.VOICE: await stack.enter_async_context(open_task_queue(calls))}
    if texts.queue_url:
        queues[Channel.SMS] = await stack.enter_async_context(open_task_queue(texts))
    return queues


class Shared(Generic[T]):
    """One thing for all who use it at the same time: opened by the first, closed by the last."""

    def __init__(self, open_one: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        """Opens nothing yet."""
        self._open_one = open_one
        self._lock = asyncio.Lock()
        self._users: list[T] = []
        self._opened = AsyncExitStack()

    @asynccontextmanager
    async def use(self) -> AsyncGenerator[T]:
        """The thing, for the length of a block."""
        async with self._lock:
            thing = self._users[0] if self._users else await self._open()
            self._users.append(thing)
        try:
            yield thing
        finally:
            async with self._lock:
                self._users.pop()
                if not self._users:
                    await self._opened.aclose()

    async def _open(self) -> T:
        return await self._opened.enter_async_context(self._open_one())


shared_services = Shared(open_services)
