"""A campaign under a known load: tasks arrive evenly, whatever the dialer or the gateway makes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from outdial.bench.telephony import TRUNK
from outdial.campaigns.dispatch import DispatchLimits, dispatch_tick
from outdial.campaigns.lifecycle import renew_lease, start_run
from outdial.domain.campaign import read_campaign as read_campaign_file
from outdial.domain.channels import Channel
from outdial.domain.clock import Clock
from outdial.messaging.task_queue import TaskQueue
from outdial.storage.campaigns import insert_campaign, read_campaign
from outdial.storage.claims import read_remaining
from outdial.storage.contacts import NewContact, insert_contacts
from outdial.storage.pool import Pool

RUN = "bench"
FEED_EVERY_S = 0.1
LEASE_EVERY_S = 10.0
LOOK_EVERY_S = 0.2
_AREA_CODES = (203, 212, 215, 240, 301, 302, 305, 310, 312, 313, 404, 415, 503, 512, 602, 617, 702, 713)
_EACH = 10_000
_ALWAYS = {"dayOfWeek": [0, 1, 2, 3, 4, 5, 6], "startHour": 0, "endHour": 24}
_GREETING = {
    "startNodeId": "greeting",
    "nodes": [{"id": "greeting", "type": "play_audio", "audioUrl": "sound:hello-world", "timeoutSeconds": 5}],
}
_AT_ANY_HOUR = {
    "callingWindows": [_ALWAYS],
    "jurisdictions": "none",
    "numberCaps": "none",
    "maxAttemptsPerContact": 1,
}
CALLS: Mapping[str, Any] = {
    "type": "voice",
    "config": _AT_ANY_HOUR | {"maxConcurrentCalls": 100_000, "ivrFlow": _GREETING, "trunks": [TRUNK]},
}
"""What makes a campaign one of calls."""
TEXTS: Mapping[str, Any] = {
    "type": "sms",
    "config": _AT_ANY_HOUR
    | {"smsTemplate": "Hello {{firstName|friend}}, we meet on Sunday. Reply STOP to opt out"},
}
"""What makes a campaign one of texts."""
_ENDINGS = """
    select coalesce(r.disposition, c.failure_reason, c.status) as ending, count(*) as calls
    from contacts c left join call_records r on r.contact_id = c.id
    where c.campaign_id = %s group by 1
"""


async def campaign_of(
    pool: Pool, people: int, clock: Clock, kind: Mapping[str, Any] = CALLS, first: int = 0
) -> UUID:
    """A running campaign of so many people, each of whom is called, or texted, once."""
    file = {"name": "Benchmark", "timezone": "UTC", **kind}
    contacts = [NewContact(number, ("UTC",)) for number in numbers(first, people)]
    async with pool.connection() as conn:
        campaign_id = await insert_campaign(conn, read_campaign_file(file), "draft", clock())
        campaign = await read_campaign(conn, campaign_id)
        await insert_contacts(conn, campaign, contacts, clock())
    await start_run(pool, campaign_id, RUN, 1, clock())
    return campaign_id


async def feed(
    pool: Pool, queue: TaskQueue, campaign_id: UUID, load: tuple[float, float], clock: Clock
) -> list[float]:
    """Dispatch `load` = (tasks per second, seconds): every tenth of a second those that are due.

    Returns when each began to be dispatched, in the order of their numbers (epoch seconds).
    """
    cps, seconds = load
    loop = asyncio.get_running_loop()
    start, vouched_at = loop.time(), float("-inf")
    begun_at: list[float] = []

    async def dispatch_up_to(people: int) -> None:
        begun_at.extend([clock().timestamp()] * (people - len(begun_at)))
        await _allow(pool, campaign_id, people)
        await _dispatch(pool, queue, campaign_id, clock)

    while (elapsed_s := loop.time() - start) < seconds + FEED_EVERY_S:
        if loop.time() - vouched_at > LEASE_EVERY_S:
            await renew_lease(pool, campaign_id, RUN, clock())
            vouched_at = loop.time()
        await dispatch_up_to(max(1, round(cps * min(elapsed_s, seconds))))
        await asyncio.sleep(FEED_EVERY_S)
    await dispatch_up_to(round(cps * seconds))
    return begun_at


async def dispatch_all(pool: Pool, queue: TaskQueue, campaign_id: UUID, clock: Clock) -> None:
    """Put tasks for everybody into the queue, as fast as it takes them."""
    await renew_lease(pool, campaign_id, RUN, clock())
    await _allow(pool, campaign_id, None)
    await _dispatch(pool, queue, campaign_id, clock)


async def _dispatch(pool: Pool, queue: TaskQueue, campaign_id: UUID, clock: Clock) -> None:
    limits = DispatchLimits(batch_size=1000, max_cps=1e6, horizon_s=1e6)
    await dispatch_tick(pool, dict.fromkeys(Channel, queue), campaign_id, RUN, limits, clock())


async def endings(pool: Pool, campaign_id: UUID) -> dict[str, int]:
    """How calls ended, by disposition; whoever was not called counts by where they stand."""
    async with pool.connection() as conn:
        rows = await (await conn.execute(_ENDINGS, [campaign_id])).fetchall()
    return {row["ending"]: row["calls"] for row in rows}


async def wait_for_end(pool: Pool, campaign_id: UUID, patience_s: float) -> None:
    """Return when nobody's call is under way any more, or after `patience_s`."""
    for _ in range(round(patience_s / LOOK_EVERY_S)):
        async with pool.connection() as conn:
            remaining = await read_remaining(conn, campaign_id)
        if not any(vars(remaining).values()):
            return
        await asyncio.sleep(LOOK_EVERY_S)


async def _allow(pool: Pool, campaign_id: UUID, claims: int | None) -> None:
    """A trial's limit, raised as time goes on, makes arrivals even."""
    async with pool.connection() as conn:
        await conn.execute(
            "update campaign_runs set contact_limit = %s where campaign_id = %s", [claims, campaign_id]
        )


def numbers(first: int, people: int) -> Sequence[str]:
    """Numbers of nobody, from `first` on: of a real area, whose exchange 555 is not given out for them."""
    return [f"+1{_AREA_CODES[n // _EACH]}555{n % _EACH:04}" for n in range(first, first + people)]
