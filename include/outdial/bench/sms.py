"""`outdial bench sms`: texts through the gateway, against what the carrier takes from a bare client."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from outdial.bench.figures import Spread, spread_of
from outdial.bench.load import TEXTS, campaign_of, dispatch_all, feed, numbers, wait_for_end
from outdial.bench.processes import OUTDIAL, cpu_seconds, machine_busy_seconds
from outdial.bench.servers import Servers, SqsKind, running_servers
from outdial.bench.sms_carrier import BARE_ID, PASSWORD, SENDER, SYSTEM_ID, TextCarrier, running_carrier
from outdial.campaigns.lifecycle import renew_lease
from outdial.domain.clock import Clock
from outdial.domain.errors import Unavailable
from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.task_queue import open_task_queue
from outdial.standalone.part import Part, RunningPart, port_answers, running_part
from outdial.standalone.ports import choose_ports
from outdial.storage.carriers import note_carrier
from outdial.storage.pool import Pool, open_pool

PARTS_PER_SECOND = 10_000
"""The pace gives room at once, and what is left is the gateway's own work."""

STEADY_SHARE = 0.5
BARE_TIMES = 10
"""The bare client is faster by that; receipts are to come while it sends, as they do to the gateway."""

PATIENCE_S = 30.0
LAST_RECEIPTS_S = 8.0
"""A text is done with its first receipt; a second copy comes up to 6 s later."""

BACKLOG_WITHIN_S = 600.0
LOOK_EVERY_S = 0.1
LEASE_EVERY_S = 10.0
UNRULY = {
    "enroute_receipts": 0.4,
    "duplicate_receipts": 0.3,
    "shuffled_receipts": 0.3,
    "early_receipts": 0.2,
    "redeliver_after_s": 60,
}
"""Receipts as carriers bring them, 1.7 for each text. What nobody acknowledges comes again much later."""

_RECEIPTS = """
    select coalesce(sum(times), 0)::int as kept, count(*) filter (where record_id is null) as of_nobody
    from sms_receipts
"""
_STATES = "select state, count(*) as n from sms_records where campaign_id = %s group by state"


@dataclass(frozen=True)
class TextLoad:
    """Texts that wait at the beginning, how long the even load lasts, texts that may be unanswered.

    `per_second` is the even load; None is half of what the gateway sent at the beginning.
    """

    texts: int
    seconds: float
    window: int
    per_second: float | None = None


@dataclass(frozen=True)
class Receipts:
    """Of the even load: how many the carrier gave, how many we counted, and how many belong to no text."""

    given: int
    kept: int
    of_nobody: int
    per_second: float


@dataclass(frozen=True)
class TextsMeasured:
    """`per_second` with a backlog, `ratio` of it to `bare`.

    `waits` are from dispatch to the carrier, at `steady_per_second`.

    CPU shares are of one core, `machine_cpu` of all of them, everything together.
    """

    texts: int
    per_second: float
    ratio: float
    bare: Mapping[str, Any]
    states: Mapping[str, int]
    cpu: Mapping[str, float]
    machine_cpu: float
    steady_per_second: float
    waits: Spread
    receipts: Receipts


@dataclass(frozen=True)
class TextBench:
    """What everything one benchmark does has in common."""

    servers: Servers
    carrier: TextCarrier
    folder: Path
    clock: Clock
    window: int
    pace: float

    @property
    def address(self) -> QueueAddress:
        """The queue of texts."""
        there = self.servers.environment
        queues = there["SMS_REQUESTS_QUEUE_URL"], there["SMS_REQUESTS_DLQ_URL"]
        return QueueAddress(*queues, there["AWS_REGION"], there["AWS_ENDPOINT_URL"])


async def bench_sms(
    sqs: SqsKind, load: TextLoad, clock: Clock, on_step: Callable[[str], None]
) -> TextsMeasured:
    """Send a backlog, then an even load; then have a bare client flood. `on_step` hears what is next."""
    async with text_bench(sqs, clock, (load.window, PARTS_PER_SECOND), UNRULY) as bench:
        on_step(f"{load.texts} texts wait in SQS; the gateway sends them.")
        async with open_pool(bench.servers.dsn, 4) as pool:
            backlog = await _send_backlog(bench, pool, load.texts)
            rate = load.per_second or max(1.0, backlog.per_second * STEADY_SHARE)
            on_step(f"{rate:.0f} texts a second for {load.seconds:g} s.")
            given, kept = bench.carrier.taken.receipts, await _receipts_kept(pool)
            waits = await _send_evenly(bench, pool, (rate, load.seconds), load.texts)
            given = bench.carrier.taken.receipts - given
            after = await _receipts_kept(pool)
            receipts = Receipts(given, after[0] - kept[0], after[1] - kept[1], given / load.seconds)
        on_step(f"A bare client floods the carrier with {load.texts * BARE_TIMES} texts.")
        bare = await _bare(bench, load.texts * BARE_TIMES)
    return TextsMeasured(
        texts=load.texts,
        per_second=backlog.per_second,
        ratio=backlog.per_second / bare["texts_per_second"],
        bare=bare,
        states=backlog.states,
        cpu=backlog.cpu,
        machine_cpu=backlog.machine_cpu,
        steady_per_second=rate,
        waits=waits,
        receipts=receipts,
    )


@asynccontextmanager
async def text_bench(
    sqs: SqsKind, clock: Clock, carriers: tuple[int, float], texts: Mapping[str, Any] | None = None
) -> AsyncGenerator[TextBench]:
    """Servers and a carrier, of which gateways are told `carriers` = (window, parts per second)."""
    window, pace = carriers
    with tempfile.TemporaryDirectory(prefix="outdial-bench-") as path:
        folder = Path(path)
        async with running_servers(folder, sqs) as servers, running_carrier(folder, texts or {}) as carrier:
            async with open_pool(servers.dsn, 1) as pool, pool.connection() as conn:
                await note_carrier(conn, "smpp", pace, 0, clock())
            yield TextBench(servers, carrier, folder, clock, window, pace)


@asynccontextmanager
async def running_gateway(bench: TextBench, name: str) -> AsyncGenerator[RunningPart]:
    """A gateway process as operators run it, with nothing else to do."""
    port = choose_ports(("web",), wished={})["web"]
    environment = {
        **bench.servers.environment,
        "SMS_CARRIERS": "smpp",
        "SMS_SENDER": SENDER,
        "SMS_WEB_PORT": str(port),
        "SMPP_PORT": str(bench.carrier.port),
        "SMPP_SYSTEM_ID": SYSTEM_ID,
        "SMPP_PASSWORD": PASSWORD,
        "SMPP_PARTS_PER_SECOND": str(bench.pace),
        "SMPP_WINDOW": str(bench.window),
        "LOG_FORMAT": "json",
    }

    async def is_ready() -> bool:
        return await port_answers(port)

    log = bench.folder / f"{name}.log"
    async with running_part(
        Part("gateway", [OUTDIAL, "sms-gateway"], log, is_ready, environment=environment)
    ) as running:
        yield running


@dataclass(frozen=True)
class _Backlog:
    per_second: float
    states: Mapping[str, int]
    cpu: Mapping[str, float]
    machine_cpu: float


async def _send_backlog(bench: TextBench, pool: Pool, texts: int) -> _Backlog:
    campaign_id = await campaign_of(pool, texts, bench.clock, TEXTS)
    async with open_task_queue(bench.address) as queue:
        await dispatch_all(pool, queue, campaign_id, bench.clock)
    async with running_gateway(bench, "gateway-backlog") as gateway:
        pids = {**bench.servers.pids, "carrier": bench.carrier.pid, "gateway": gateway.process.pid}
        await _until_taken(bench, pool, campaign_id, 1)
        before, busy_before = cpu_seconds(pids), machine_busy_seconds()
        began_at = bench.clock()
        await _until_taken(bench, pool, campaign_id, texts)
        took_s = (bench.clock() - began_at).total_seconds()
        used = {name: after - before[name] for name, after in cpu_seconds(pids).items()}
        busy = machine_busy_seconds() - busy_before
        await wait_for_end(pool, campaign_id, PATIENCE_S)
        await asyncio.sleep(LAST_RECEIPTS_S)
    bench.carrier.taken.read()
    return _Backlog(
        per_second=_rate(bench.carrier.taken.at),
        states=await states_of(pool, campaign_id),
        cpu={name: seconds / took_s for name, seconds in used.items()},
        machine_cpu=busy / took_s,
    )


async def _send_evenly(bench: TextBench, pool: Pool, load: tuple[float, float], first: int) -> Spread:
    """How long texts took from dispatch to the carrier, at `load` = (texts per second, seconds)."""
    people = round(load[0] * load[1])
    campaign_id = await campaign_of(pool, people, bench.clock, TEXTS, first)
    async with running_gateway(bench, "gateway-even"), open_task_queue(bench.address) as queue:
        dispatched_at = await feed(pool, queue, campaign_id, load, bench.clock)
        await wait_for_end(pool, campaign_id, PATIENCE_S)
        await asyncio.sleep(LAST_RECEIPTS_S)
    bench.carrier.taken.read()
    taken_at = dict(zip(bench.carrier.taken.to, bench.carrier.taken.at, strict=True))
    dispatched = zip(numbers(first, people), dispatched_at, strict=True)
    return spread_of([taken_at[to] - at for to, at in dispatched if to in taken_at])


async def _until_taken(bench: TextBench, pool: Pool, campaign_id: UUID, texts: int) -> None:
    """Raises Unavailable where the carrier gets no new text for a long while."""
    loop = asyncio.get_running_loop()
    vouched_at, seen, changed_at = float("-inf"), -1, loop.time()
    while (now_seen := bench.carrier.taken.read()) < texts:
        if now_seen > seen:
            seen, changed_at = now_seen, loop.time()
        if loop.time() - changed_at > PATIENCE_S:
            raise Unavailable(f"The carrier has {seen} of {texts} texts, and gets no more.")
        if loop.time() - vouched_at > LEASE_EVERY_S:
            await renew_lease(pool, campaign_id, "bench", bench.clock())
            vouched_at = loop.time()
        await asyncio.sleep(LOOK_EVERY_S)


def _rate(taken_at: list[float]) -> float:
    """Texts a second between the first twentieth and the last, in which processes warm up and run dry."""
    margin = len(taken_at) // 20
    first, last = taken_at[margin], taken_at[-1 - margin]
    return (len(taken_at) - 1 - 2 * margin) / (last - first)


async def states_of(pool: Pool, campaign_id: UUID) -> dict[str, int]:
    """How many texts of a campaign stand how."""
    async with pool.connection() as conn:
        rows = await (await conn.execute(_STATES, [campaign_id])).fetchall()
    return {row["state"]: row["n"] for row in rows}


async def _receipts_kept(pool: Pool) -> tuple[int, int]:
    """How many receipts were counted so far, and how many of other texts than ours."""
    async with pool.connection() as conn:
        (row,) = await (await conn.execute(_RECEIPTS)).fetchall()
    return row["kept"], row["of_nobody"]


async def _bare(bench: TextBench, texts: int) -> dict[str, Any]:
    """The same texts given to the same carrier by a bare client in a process of its own."""
    what = (bench.carrier.port, BARE_ID, PASSWORD, texts, bench.window)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "outdial.bench.bare_smpp",
        *(str(word) for word in what),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(BACKLOG_WITHIN_S):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise Unavailable("The bare client ended with an error; what it said stands above.")
    return json.loads(out)
