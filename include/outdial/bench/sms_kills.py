"""`outdial bench sms --kills`: gateways killed with -9 at work, and what became of each text."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from outdial.bench.load import TEXTS, campaign_of, dispatch_all, wait_for_end
from outdial.bench.servers import SqsKind
from outdial.bench.sms import UNRULY, TextBench, running_gateway, text_bench
from outdial.domain.clock import Clock
from outdial.domain.errors import Unavailable
from outdial.messaging.task_queue import open_task_queue
from outdial.storage.pool import Pool, open_pool

PACE = 250
"""Parts a second. What a killed gateway had in hand, two seconds' worth, SQS shows again after 30 s."""

LOOK_EVERY_S = 0.005
STANDSTILL_S = 60.0
END_WITHIN_S = 120.0
_TEXTS = "select phone, state, gateway_id from sms_records where campaign_id = %s order by begun_at"
_STATUSES = """
    select coalesce(failure_reason, status) as stands, count(*) as n
    from contacts where campaign_id = %s group by 1
"""


@dataclass(frozen=True)
class Kill:
    """One gateway's end: texts it left `unknown`, and how many of those the carrier had taken."""

    unknown: int
    taken: int


@dataclass(frozen=True)
class KillsMeasured:
    """`never_taken` are people of whom the carrier has no text, `taken_twice` those of whom it has several.

    `contacts` is how they stand at the end: by status, or by the reason where they failed.
    """

    texts: int
    taken: int
    taken_twice: int
    never_taken: int
    kills: Sequence[Kill]
    states: Mapping[str, int]
    contacts: Mapping[str, int]
    seconds: float

    @property
    def is_sound(self) -> bool:
        """Nobody was texted twice, everybody was or is known as unknown, and the rows say what happened."""
        unknown = sum(kill.unknown for kill in self.kills)
        doubtful = sum(kill.taken for kill in self.kills)
        return (
            not self.taken_twice
            and self.taken + self.never_taken == self.texts
            and self.states.get("unknown", 0) == unknown
            and self.never_taken == unknown - doubtful
            and self.contacts.get("completed", 0) == self.texts - unknown
            and self.contacts.get("text_unknown", 0) == unknown
            and sum(self.states.values()) == self.texts
        )


async def bench_kills(
    sqs: SqsKind, load: tuple[int, int], clock: Clock, window: int, on_kill: Callable[[int, int], None]
) -> KillsMeasured:
    """Send `load` = (texts, kills); gateways are killed after equal shares of them, another begins at once.

    `on_kill` hears which it was, and after how many texts.
    """
    texts, kills = load
    began_at = clock()
    async with (
        text_bench(sqs, clock, (window, PACE), UNRULY) as bench,
        open_pool(bench.servers.dsn, 4) as pool,
    ):
        campaign_id = await campaign_of(pool, texts, clock, TEXTS)
        async with asyncio.TaskGroup() as group:
            dispatching = group.create_task(_dispatch(bench, pool, campaign_id))
            for n in range(1, kills + 1):
                after = round(texts * n / (kills + 1))
                async with running_gateway(bench, f"gateway-{n}") as gateway:
                    await _until_taken(bench, after)
                    os.killpg(gateway.process.pid, signal.SIGKILL)
                on_kill(n, after)
            async with running_gateway(bench, "gateway-last"):
                await wait_for_end(pool, campaign_id, END_WITHIN_S)
            dispatching.cancel()
        seconds = (clock() - began_at).total_seconds()
        return await _measured(bench, pool, campaign_id, texts, seconds)


async def _dispatch(bench: TextBench, pool: Pool, campaign_id: UUID) -> None:
    """As the workflow does: all the time, and again what was claimed and lost."""
    async with open_task_queue(bench.address) as queue:
        while True:
            await dispatch_all(pool, queue, campaign_id, bench.clock)
            await asyncio.sleep(1)


async def _until_taken(bench: TextBench, texts: int) -> None:
    """Raises Unavailable where the carrier gets no new text for a long while."""
    loop = asyncio.get_running_loop()
    seen, changed_at = -1, loop.time()
    while (now_seen := bench.carrier.taken.read()) < texts:
        if now_seen > seen:
            seen, changed_at = now_seen, loop.time()
        if loop.time() - changed_at > STANDSTILL_S:
            raise Unavailable(f"The carrier has {seen} texts, and gets no more.")
        await asyncio.sleep(LOOK_EVERY_S)


async def _measured(
    bench: TextBench, pool: Pool, campaign_id: UUID, texts: int, seconds: float
) -> KillsMeasured:
    bench.carrier.taken.read()
    taken = Counter(bench.carrier.taken.to)
    async with pool.connection() as conn:
        rows = await (await conn.execute(_TEXTS, [campaign_id])).fetchall()
        statuses = await (await conn.execute(_STATUSES, [campaign_id])).fetchall()
    left: dict[UUID, list[str]] = {row["gateway_id"]: [] for row in rows}
    for row in rows:
        if row["state"] == "unknown":
            left[row["gateway_id"]].append(row["phone"])
    kills = [Kill(len(phones), sum(phone in taken for phone in phones)) for phones in left.values()]
    return KillsMeasured(
        texts=texts,
        taken=len(taken),
        taken_twice=sum(n > 1 for n in taken.values()),
        never_taken=texts - len(taken),
        kills=kills,
        states=dict(Counter(row["state"] for row in rows)),
        contacts={row["stands"]: row["n"] for row in statuses},
        seconds=seconds,
    )
