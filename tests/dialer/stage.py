"""Runs whole campaigns against the simulated network: dialers, dispatch, and the questions tests ask."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from outdial.blacklist.cache import open_cache
from outdial.campaigns.dispatch import DispatchLimits, dispatch_tick
from outdial.campaigns.lifecycle import renew_lease
from outdial.dialer.ami import AmiAddress
from outdial.dialer.running import Connections, Dialer, DialerConfig
from outdial.dialer.sms_requests import open_sms_requests
from outdial.domain.channels import Channel
from outdial.domain.clock import utc_now
from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.task_queue import open_task_queue
from outdial.messaging.topics import open_topics
from outdial.pacing.requests import Limits
from outdial.pacing.slots import open_pace
from outdial.simulator.ledger import OriginateSeen
from outdial.simulator.network import SimulatedNetwork
from outdial.simulator.scenario import Scenario, parse_scenario
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Pool, open_pool
from tests import given
from tests.invariants import Originate, assert_invariants

QUICK = {"ring_s": [0.05, 0.2], "refuse_s": [0.02, 0.1], "patience_s": [0.3, 0.6], "prompt_s": 0.1}
AT_ONCE = {"delaySeconds": 0}
NEVER_AGAIN = {"maxAttemptsPerContact": 1}


def a_scenario(**changes: Any) -> Scenario:
    """Everybody answers and soon hangs up, but for `changes`."""
    return parse_scenario(QUICK | changes)


@dataclass(frozen=True)
class Stage:
    """What dialers of one test are connected to."""

    dsn: str
    redis_url: str
    pool: Pool
    address: QueueAddress

    @asynccontextmanager
    async def dialer(
        self,
        network: SimulatedNetwork,
        *,
        max_cps: float = 50,
        redis_url: str = "",
        sms: tuple[str, str] = ("", ""),
        **config: Any,
    ) -> AsyncGenerator[RunningDialer]:
        """A dialer of this process, linked to `network`; drained at the end unless it was stopped before.

        `sms` are the topic and the queue by which it asks for texts.
        """
        told = DialerConfig(
            dsn=self.dsn,
            ami=AmiAddress("127.0.0.1", network.ami_port, "dialer", SecretStr("dialer")),
            max_cps=max_cps,
            **({"drain_timeout_s": 5.0} | config),
        )
        at = self.address
        async with (
            open_pool(self.dsn, 12) as pool,
            open_task_queue(at) as queue,
            open_topics(at.region, at.endpoint_url) as topics,
            open_sms_requests(topics, *sms, at.region, at.endpoint_url) as send_sms,
            open_pace(redis_url or self.redis_url, pool, Limits(max_cps)) as pace,
            open_cache(redis_url or self.redis_url) as cache,
        ):
            dialer = Dialer(told, Connections(pool, queue, topics, pace, send_sms, cache), utc_now)
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                running = RunningDialer(dialer, stop, group.create_task(dialer.run(stop)))
                await eventually(lambda: dialer.link.connected or running.task.done())
                yield running
                stop.set()

    async def dispatch(self, *campaigns: Campaign, max_cps: float = 50, horizon_s: float = 4) -> None:
        """One tick of dispatch for each campaign, its lease renewed."""
        limits = DispatchLimits(batch_size=50, max_cps=max_cps, horizon_s=horizon_s)
        async with open_task_queue(self.address) as queue:
            for campaign in campaigns:
                await renew_lease(self.pool, campaign.id, given.RUN, utc_now())
                await dispatch_tick(
                    self.pool, dict.fromkeys(Channel, queue), campaign.id, given.RUN, limits, utc_now()
                )

    async def run_campaigns(self, *campaigns: Campaign, within_s: float = 30, max_cps: float = 50) -> None:
        """Dispatch until every contact of the campaigns is finished."""

        async def all_done() -> bool:
            await self.dispatch(*campaigns, max_cps=max_cps)
            return await self.count_unfinished() == 0

        await eventually(all_done, within_s, every_s=0.1)

    async def count_unfinished(self) -> int:
        """Contacts that stand somewhere: ready, dispatched, live or waiting."""
        return await self.number(
            "select (select count(*) from ready_contacts) + (select count(*) from dispatched_contacts)"
            " + (select count(*) from live_calls) + (select count(*) from waiting_contacts)"
        )

    async def number(self, query: str) -> int:
        """The one number a query asks for."""
        (row,) = await self.rows(query)
        return next(iter(row.values()))

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """The rows of a query."""
        async with self.pool.connection() as conn:
            return await (await conn.execute(query.encode(), values)).fetchall()

    async def dispositions(self) -> Counter[str | None]:
        """How often calls ended how; None is a call in progress."""
        rows = await self.rows("select disposition from call_records")
        return Counter(row["disposition"] for row in rows)

    async def assert_sound(self, network: SimulatedNetwork, max_cps: float | None = None) -> None:
        """Every invariant holds, by our rows and by what the network saw; nothing is left in progress."""
        await assert_invariants(self.dsn, seen_by(network.originates), max_cps)
        assert network.live_channels == []


@dataclass(frozen=True)
class RunningDialer:
    """A dialer and how to end it."""

    dialer: Dialer
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def drain(self) -> None:
        """As SIGTERM does."""
        self.stop.set()
        await self.task


def seen_by(originates: Iterable[OriginateSeen]) -> list[Originate]:
    """The network's own record, as the invariants want it."""
    return [Originate(one.channel_id, one.number, datetime.fromtimestamp(one.at, UTC)) for one in originates]


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]], within_s: float = 10, every_s: float = 0.02
) -> None:
    """Return as soon as `condition` holds; fail where it does not within `within_s`."""
    async with asyncio.timeout(within_s):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(every_s)
