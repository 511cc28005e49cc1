"""Runs whole campaigns of texts against the simulated carrier, over SMPP or HTTP."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from outdial.attempts.begin_texts import LinkTerms
from outdial.blacklist.cache import open_cache
from outdial.campaigns.dispatch import DispatchLimits, dispatch_tick
from outdial.campaigns.lifecycle import renew_lease
from outdial.domain.channels import Channel
from outdial.domain.clock import utc_now
from outdial.messaging.announcing import Announcer, EventTopics
from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.task_queue import TaskQueue, open_task_queue
from outdial.messaging.topics import open_topics
from outdial.simulator.network import simulated_network
from outdial.simulator.scenario import parse_scenario
from outdial.simulator.sms.network import SimulatedCarrier, simulated_carrier
from outdial.simulator.sms.seen import TextSeen
from outdial.sms.carriers.carrier import Carrier
from outdial.sms.carriers.smpp import SmppAddress, open_smpp
from outdial.sms.gateway import Connections, Gateway, GatewayConfig
from outdial.standalone.ports import choose_ports
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Pool, open_pool
from tests import given
from tests.dialer.stage import eventually
from tests.invariants import assert_invariants

QUICK: dict[str, Any] = {
    "accounts": {"gateway": {"password": "secret"}},
    "receipt_delay_s": 0.02,
    "reply_delay_s": 0.02,
    "click_delay_s": 0.01,
    "redeliver_after_s": 1,
}
SENDER = "+12025559999"


@asynccontextmanager
async def a_carrier(**texts: Any) -> AsyncGenerator[SimulatedCarrier]:
    """A simulated carrier; everybody gets their texts at once, but for `texts`."""
    scenario = parse_scenario({"texts": QUICK | texts})
    async with (
        simulated_network(scenario, ami_port=0) as network,
        simulated_carrier(network, smpp_port=0, http_port=0) as carrier,
    ):
        yield carrier


@dataclass(frozen=True)
class Stage:
    """What gateways of one test are connected to."""

    dsn: str
    redis_url: str
    pool: Pool
    address: QueueAddress
    per_second: float = 200

    @asynccontextmanager
    async def gateway_with_links(self, carrier: SimulatedCarrier) -> AsyncGenerator[RunningGateway]:
        """One whose texts have short links that lead to itself."""
        port = choose_ports(("web",), wished={})["web"]
        links = LinkTerms(f"http://127.0.0.1:{port}", secrets.token_bytes(16))
        async with self.gateway(carrier, port, links) as running:
            yield running

    @asynccontextmanager
    async def gateway(
        self, carrier: SimulatedCarrier, web_port: int = 0, links: LinkTerms | None = None, **address: Any
    ) -> AsyncGenerator[RunningGateway]:
        """A gateway of this process, bound to `carrier` by SMPP; drained at the end."""
        at = self.address
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(open_pool(self.dsn, 12))
            queue = await stack.enter_async_context(open_task_queue(at))
            topics = await stack.enter_async_context(open_topics(at.region, at.endpoint_url))
            cache = await stack.enter_async_context(open_cache(self.redis_url))
            smpp = await stack.enter_async_context(
                open_smpp(self.smpp(carrier, **address), utc_now, random.Random(1))
            )
            config = GatewayConfig(self.dsn, SENDER, web_port=web_port, links=links)
            connections = Connections(pool, queue, cache, Announcer(topics, EventTopics()))
            running = RunningGateway(Gateway(config, connections, [smpp], utc_now), smpp, web_port)
            async with asyncio.TaskGroup() as group:
                task = group.create_task(running.gateway.run(running.stop))
                await eventually(lambda: smpp.is_up or task.done())
                yield running
                running.stop.set()

    def smpp(self, carrier: SimulatedCarrier, **changes: Any) -> SmppAddress:
        """How the simulated carrier is reached."""
        told: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": carrier.smpp_port,
            "system_id": "gateway",
            "password": SecretStr("secret"),
            "parts_per_second": self.per_second,
        }
        return SmppAddress(**(told | changes))

    async def dispatch(self, *campaigns: Campaign) -> None:
        """One tick of dispatch for each campaign, its lease renewed."""
        limits = DispatchLimits(batch_size=200, max_cps=50, horizon_s=4)
        async with open_task_queue(self.address) as queue:
            for campaign in campaigns:
                await renew_lease(self.pool, campaign.id, given.RUN, utc_now())
                queues: Mapping[Channel, TaskQueue] = dict.fromkeys(Channel, queue)
                await dispatch_tick(self.pool, queues, campaign.id, given.RUN, limits, utc_now())

    async def run_campaigns(self, *campaigns: Campaign, within_s: float = 30) -> None:
        """Dispatch until every contact of the campaigns is finished."""

        async def all_done() -> bool:
            await self.dispatch(*campaigns)
            return await self.count_unfinished() == 0

        await eventually(all_done, within_s, every_s=0.1)

    async def count_unfinished(self) -> int:
        """Contacts that stand somewhere: ready, dispatched, with a text under way or waiting."""
        (row,) = await self.rows(
            "select (select count(*) from ready_contacts) + (select count(*) from dispatched_contacts)"
            " + (select count(*) from live_texts) + (select count(*) from waiting_contacts) as n"
        )
        return row["n"]

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """The rows of a query."""
        async with self.pool.connection() as conn:
            return await (await conn.execute(query.encode(), values)).fetchall()

    async def states(self) -> Counter[str]:
        """How many texts stand how."""
        return Counter(row["state"] for row in await self.rows("select state from sms_records"))

    async def assert_sound(self, carrier: SimulatedCarrier) -> None:
        """Every invariant holds, and what the carrier took is what our rows say, each text once."""
        await assert_invariants(self.dsn)
        taken = Counter((one.to, one.text) for one in carrier.seen(TextSeen))
        twice = {key: n for key, n in taken.items() if n > 1}
        assert not twice, f"texts taken more than once: {twice}"


@dataclass(frozen=True)
class RunningGateway:
    """A gateway and how to end it."""

    gateway: Gateway
    carrier: Carrier
    web_port: int
    stop: asyncio.Event = field(default_factory=asyncio.Event)


def a_name() -> str:
    """A queue's name of the test's own."""
    return f"sms-{secrets.token_hex(6)}"


TEXT = {
    "type": "sms",
    "smsTemplate": "Hello {{firstName|friend}}, we meet on Sunday. Reply STOP to opt out",
    "sms": {"receiptWaitSeconds": 20},
}
"""What makes a campaign one of texts."""
