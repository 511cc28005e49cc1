"""`outdial bench dialer`: the dialer under load, then a bare panoramisk client on the same telephony."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outdial.bench.figures import NOTHING, Spread
from outdial.bench.load import campaign_of, endings, feed, wait_for_end
from outdial.bench.processes import OUTDIAL, cpu_seconds, machine_busy_seconds
from outdial.bench.servers import Servers, SqsKind, running_servers
from outdial.bench.telephony import BARE_USER, TRUNK, Telephony, TelephonyKind, running_telephony
from outdial.domain.clock import Clock
from outdial.domain.errors import Unavailable
from outdial.local_asterisk.asterisk import SECRET
from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.task_queue import open_task_queue
from outdial.pacing.redis_slots import RedisSlots, redis_client
from outdial.pacing.requests import HORIZON_S, Limits, gap_of_all
from outdial.standalone.part import Part, RunningPart, port_answers, running_part
from outdial.standalone.ports import choose_ports
from outdial.storage.pool import open_pool

IDLE_PACE = 4
"""MAX_CPS is so many times the load: the pace gives a slot at once, and what is left is the dialer's work."""

PATIENCE_S = 20.0
SETTLES_IN_S = 2.0
DRAIN_S = 30


@dataclass(frozen=True)
class Measured:
    """One rate. `endings` are calls by disposition.

    CPU shares are of one core; `machine_cpu` is of all of them, everything together.
    """

    cps: float
    seconds: float
    calls: int
    endings: Mapping[str, int]
    slot_to_originate: Spread
    receipt_to_originate: Spread
    session_to_prompt: Spread
    cpu: Mapping[str, float]
    machine_cpu: float
    bare: Mapping[str, Any]

    @property
    def failed(self) -> int:
        """Calls that did not reach the person who would have answered."""
        return self.calls - self.endings.get("answered", 0)

    @property
    def kept_up(self) -> bool:
        """Whether every call was placed and answered, none of them much later than it came."""
        return self.failed == 0 and self.receipt_to_originate.p99_ms < 1000  # noqa: PLR2004 - a second


@dataclass(frozen=True)
class Bench:
    """What every rate of one benchmark shares."""

    servers: Servers
    telephony: Telephony
    folder: Path
    clock: Clock


@dataclass(frozen=True)
class Sides:
    """What the dialer is put between."""

    telephony: TelephonyKind
    sqs: SqsKind


async def bench_dialer(
    sides: Sides,
    rates: Sequence[float],
    seconds: float,
    clock: Clock,
    on_measured: Callable[[Measured], None],
) -> list[Measured]:
    """Measure each rate in turn, up to the first that is not kept up with; `on_measured` hears of each."""
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="outdial-bench-") as path:
        folder = Path(path)
        async with (
            running_servers(folder, sides.sqs) as servers,
            running_telephony(sides.telephony, folder) as telephony,
        ):
            bench = Bench(servers, telephony, folder, clock)
            for cps in rates:
                measured.append(await _measure(bench, cps, seconds))
                on_measured(measured[-1])
                if not measured[-1].kept_up:
                    break
    return measured


async def _measure(bench: Bench, cps: float, seconds: float) -> Measured:
    people = round(cps * seconds)
    log = bench.folder / f"dialer-{cps:g}.log"
    async with open_pool(bench.servers.dsn, 4) as pool, open_task_queue(_address(bench)) as queue:
        campaign_id = await campaign_of(pool, people, bench.clock)
        async with _dialer(bench, cps, log) as dialer:
            await _open_pace(bench, cps)
            pids = {**bench.servers.pids, **bench.telephony.pids, "dialer": dialer.process.pid}
            before, busy_before = cpu_seconds(pids), machine_busy_seconds()
            await feed(pool, queue, campaign_id, (cps, seconds), bench.clock)
            used = {name: after - before[name] for name, after in cpu_seconds(pids).items()}
            busy = machine_busy_seconds() - busy_before
            await wait_for_end(pool, campaign_id, PATIENCE_S)
        how = await endings(pool, campaign_id)
    waits = _waits_said_in(log)
    await asyncio.sleep(SETTLES_IN_S)
    return Measured(
        cps=cps,
        seconds=seconds,
        calls=people,
        endings=how,
        slot_to_originate=_spread(waits, "slotToOriginate"),
        receipt_to_originate=_spread(waits, "receiptToOriginate"),
        session_to_prompt=_spread(waits, "sessionToPrompt"),
        cpu={name: share / seconds for name, share in used.items()},
        machine_cpu=busy / seconds,
        bare=await _bare(bench, cps, seconds),
    )


@asynccontextmanager
async def _dialer(bench: Bench, cps: float, log: Path) -> AsyncGenerator[RunningPart]:
    """A dialer process as operators run it, with nothing else to do."""
    ports = choose_ports(("agi", "audio", "recording"), wished={})
    environment = {
        **bench.servers.environment,
        **bench.telephony.environment,
        "MAX_CPS": str(cps * IDLE_PACE),
        "AGI_PORT": str(ports["agi"]),
        "AUDIO_PORT": str(ports["audio"]),
        "RECORDING_PORT": str(ports["recording"]),
        "LOG_FORMAT": "json",
    }

    async def is_ready() -> bool:
        return await port_answers(ports["agi"])

    part = Part("dialer", [OUTDIAL, "dialer"], log, is_ready, environment=environment, grace_s=DRAIN_S)
    async with running_part(part) as running:
        yield running


async def _open_pace(bench: Bench, cps: float) -> None:
    """A Redis that was just started gives its first slot a second later; no load has to wait for that."""
    async with redis_client(bench.servers.environment["REDIS_URL"]) as redis:
        await RedisSlots(redis).reserve([gap_of_all(Limits(cps * IDLE_PACE))], 1, 0)
    await asyncio.sleep(HORIZON_S)


async def _bare(bench: Bench, cps: float, seconds: float) -> dict[str, Any]:
    """The same load on the same telephony, placed by panoramisk alone in a process of its own."""
    what = (bench.telephony.ami_port, BARE_USER, SECRET, TRUNK, cps, seconds)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "outdial.bench.bare_panoramisk",
        *(str(word) for word in what),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds + 3 * PATIENCE_S):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise Unavailable("The bare client ended with an error; what it said stands above.")
    return json.loads(out)


def _address(bench: Bench) -> QueueAddress:
    environment = bench.servers.environment
    return QueueAddress(
        environment["DIAL_TASKS_QUEUE_URL"],
        environment["DIAL_TASKS_DLQ_URL"],
        environment["AWS_REGION"],
        environment["AWS_ENDPOINT_URL"],
    )


def _waits_said_in(log: Path) -> dict[str, Any]:
    """The dialer's own last word on its waits."""
    lines = [line for line in log.read_text("utf-8").splitlines() if '"waits in all"' in line]
    return json.loads(lines[-1]) if lines else {}


def _spread(waits: Mapping[str, Any], name: str) -> Spread:
    said = waits.get(name)
    return Spread(said["n"], said["p50Ms"], said["p99Ms"], said["maxMs"]) if said else NOTHING
