"""A telephony host's node_exporter whose counters a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from outdial.standalone.ports import choose_ports

MODES = ("idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user")


@dataclass
class Exporter:
    """A host's counters, which the test moves, and where they are read."""

    url: str = ""
    cpus: int = 2
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MODES, 1000.0))
    instead: web.Response | None = None
    delay_s: float = 0
    busy: float | None = None  # where set, time passes with each reading

    def work(self, busy: float, for_s: float = 10) -> None:
        """Let time pass on every CPU, `busy` of it not idle."""
        self.seconds["user"] += busy * for_s
        self.seconds["idle"] += (1 - busy) * for_s

    def text(self) -> str:
        """As node_exporter 1.x writes it, other metrics and numbers in powers of ten included."""
        if self.busy is not None:
            self.work(self.busy)
        lines = [
            "# HELP node_cpu_guest_seconds_total Seconds the CPUs spent in guests (VMs) for each mode.",
            "# TYPE node_cpu_guest_seconds_total counter",
            'node_cpu_guest_seconds_total{cpu="0",mode="user"} 77',
            "# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.",
            "# TYPE node_cpu_seconds_total counter",
        ]
        for cpu in range(self.cpus):
            lines += [
                f'node_cpu_seconds_total{{cpu="{cpu}",mode="{mode}"}} {seconds:.9e}'
                for mode, seconds in self.seconds.items()
            ]
        return "\n".join([*lines, "node_load1 0.21", ""])


@asynccontextmanager
async def served_exporter() -> AsyncGenerator[Exporter]:
    """An exporter that answers over HTTP until the block ends."""
    host = Exporter()

    async def metrics(_request: web.Request) -> web.Response:
        await asyncio.sleep(host.delay_s)
        return host.instead or web.Response(text=host.text())

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    port = choose_ports(("metrics",), wished={})["metrics"]
    await web.TCPSite(runner, "127.0.0.1", port).start()
    host.url = f"http://127.0.0.1:{port}/metrics"
    try:
        yield host
    finally:
        await runner.cleanup()
