"""The carrier of a benchmark of texts: the simulator as a process, and its ledger, read as it grows."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outdial.bench.processes import OUTDIAL
from outdial.standalone.part import Part, port_answers, running_part
from outdial.standalone.ports import choose_ports

SYSTEM_ID, BARE_ID, PASSWORD = "gateway", "bare", "secret"
SENDER = "+12025559999"


@dataclass
class Taken:
    """Texts the carrier took: to whom, and when (epoch seconds), in order. And how many receipts it gave."""

    path: Path
    to: list[str] = field(default_factory=list[str])
    at: list[float] = field(default_factory=list[float])
    receipts: int = 0
    _offset: int = 0

    def read(self) -> int:
        """Read what was written since; returns how many texts there are now."""
        with self.path.open("rb") as stream:
            stream.seek(self._offset)
            written = stream.read()
        # The last line may be half written.
        whole = written[: written.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            if line.startswith(b'{"event": "text"'):
                entry = json.loads(line)
                self.to.append(entry["to"])
                self.at.append(entry["at"])
            self.receipts += line.startswith(b'{"event": "receipt"')
        return len(self.to)


@dataclass(frozen=True)
class TextCarrier:
    """How it is reached, and what it saw."""

    port: int
    pid: int
    taken: Taken


@asynccontextmanager
async def running_carrier(folder: Path, texts: Mapping[str, Any]) -> AsyncGenerator[TextCarrier]:
    """A carrier without a ceiling of its own, who gives receipts; `texts` as a scenario has them."""
    ports = choose_ports(("ami", "smpp"), wished={})
    scenario, ledger = folder / "texts.json", folder / "texts.jsonl"
    accounts = {name: {"password": PASSWORD} for name in (SYSTEM_ID, BARE_ID)}
    scenario.write_text(json.dumps({"texts": {"accounts": accounts, **texts}}), "utf-8")
    ledger.touch()

    async def is_ready() -> bool:
        return await port_answers(ports["smpp"])

    doors = ["--ami-port", str(ports["ami"]), "--smpp-port", str(ports["smpp"])]
    command = [OUTDIAL, "simulator", "--scenario", str(scenario), "--ledger", str(ledger), *doors]
    async with running_part(Part("carrier", command, folder / "carrier.log", is_ready)) as running:
        yield TextCarrier(ports["smpp"], running.process.pid, Taken(ledger))
