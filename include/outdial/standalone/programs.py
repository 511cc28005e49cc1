"""Outdial's own processes as parts: the simulated phone network and the dialer."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from outdial.standalone.home import Home
from outdial.standalone.part import Part, port_answers

_OUTDIAL = str(Path(sys.executable).with_name("outdial"))
# A draining dialer lets the calls it has placed come to their ends.
_DRAIN_S = 45


def simulator_part(home: Home, ports: Mapping[str, int], environment: Mapping[str, str]) -> Part:
    """The phone network; it keeps a ledger of every call it was asked to place."""
    scenario = resources.files("outdial.simulator") / "scenarios" / "everyday.yaml"
    ledger = home.path / "simulator" / "ledger.jsonl"
    ledger.parent.mkdir(exist_ok=True)
    options = {
        "--scenario": str(scenario),
        "--host": "127.0.0.1",
        "--ami-port": str(ports["ami"]),
        "--control-port": str(ports["simulator_control"]),
        "--ledger": str(ledger),
    }
    words = [word for option in options.items() for word in option]

    async def is_ready() -> bool:
        return await port_answers(ports["ami"])

    command = [_OUTDIAL, "simulator", *words]
    return Part("simulator", command, home.log("simulator"), is_ready, environment=environment)


def dialer_part(home: Home, agi_port: int, environment: Mapping[str, str]) -> Part:
    """The dialer; it is ready when it listens for calls on `agi_port`."""

    async def is_ready() -> bool:
        return await port_answers(agi_port)

    return Part(
        "dialer",
        [_OUTDIAL, "dialer"],
        home.log("dialer"),
        is_ready,
        environment=environment,
        grace_s=_DRAIN_S,
    )
