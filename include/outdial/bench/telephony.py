"""The telephony side of a benchmark: a real Asterisk with sipp behind it, or the simulated network."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from outdial.bench.processes import OUTDIAL
from outdial.local_asterisk.asterisk import SECRET, Asterisk, remove
from outdial.local_asterisk.sipp import Sipp
from outdial.local_asterisk.software import get_software
from outdial.standalone.part import Part, port_answers, running_part
from outdial.standalone.ports import choose_ports

TelephonyKind = Literal["asterisk", "simulator"]

TRUNK = "bench"
FIRST_AUDIO_PORT = 30_000
AUDIO_PORTS = 8_000
"""Of Asterisk; each call takes two. Those of sipp lie above."""

TALK_MS = 500
SCENARIO = Path(__file__).with_name("answering.xml")
BARE_USER = "bare"
"""What is compared with the dialer logs in beside it, with the same rights and the same events."""

_BARE_USER = f"""
[{BARE_USER}](outdial-dialer)
secret = {SECRET}
"""


@dataclass(frozen=True)
class Telephony:
    """How the dialer reaches it (the variables of `outdial.settings`), and its process ids by name."""

    environment: Mapping[str, str]
    ami_port: int
    pids: Mapping[str, int]


@asynccontextmanager
async def running_telephony(kind: TelephonyKind, folder: Path) -> AsyncGenerator[Telephony]:
    """Everybody answers at once, and hangs up after half a second."""
    if kind == "asterisk":
        async with _real() as telephony:
            yield telephony
    else:
        async with _simulated(folder) as telephony:
            yield telephony


@asynccontextmanager
async def _real() -> AsyncGenerator[Telephony]:
    software = await asyncio.to_thread(get_software)
    ports = choose_ports(("ami", "sip", TRUNK), wished={})
    # Asterisk plays nothing from a cache whose path is long or has a dot in it.
    folder = Path(tempfile.mkdtemp(prefix="a", dir=tempfile.gettempdir()))
    scenario = SCENARIO.read_text("utf-8").replace("%TALK_MS%", str(TALK_MS))
    people = Sipp(software, folder / "sipp", scenario, ports[TRUNK], FIRST_AUDIO_PORT + AUDIO_PORTS)
    asterisk = Asterisk(
        software,
        folder,
        ports["ami"],
        ports["sip"],
        FIRST_AUDIO_PORT,
        {TRUNK: people.address},
        additions={"manager": _BARE_USER},
        audio_ports=AUDIO_PORTS,
    )
    try:
        await asyncio.to_thread(asterisk.configure)
        await asyncio.to_thread(people.start)
        await asyncio.to_thread(asterisk.start)
        pids = {"Asterisk": asterisk.pid or 0, "sipp": people.pid or 0}
        yield Telephony(_environment(ports["ami"]), ports["ami"], pids)
    finally:
        people.stop()
        await asyncio.to_thread(remove, asterisk)


@asynccontextmanager
async def _simulated(folder: Path) -> AsyncGenerator[Telephony]:
    port = choose_ports(("ami",), wished={})["ami"]
    scenario = folder / "scenario.json"
    users = {name: {"secret": SECRET} for name in ("dialer", BARE_USER)}
    talk_s = TALK_MS / 1000
    scenario.write_text(
        json.dumps({"trunks": [TRUNK], "users": users, "ring_s": 0.0, "patience_s": talk_s}), "utf-8"
    )

    async def is_ready() -> bool:
        return await port_answers(port)

    command = [OUTDIAL, "simulator", "--scenario", str(scenario), "--ami-port", str(port)]
    part = Part("simulator", command, folder / "simulator.log", is_ready)
    async with running_part(part) as running:
        yield Telephony(_environment(port), port, {"simulator": running.process.pid})


def _environment(ami_port: int) -> dict[str, str]:
    return {"AMI_HOST": "127.0.0.1", "AMI_PORT": str(ami_port), "AMI_USER": "dialer", "AMI_SECRET": SECRET}
