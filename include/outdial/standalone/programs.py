"""Outdial's own processes as parts: the simulated phone network, the dialer and the SMS gateway."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from outdial.standalone.home import Home
from outdial.standalone.part import Part, port_answers

_OUTDIAL = str(Path(sys.executable).with_name("outdial"))
# A draining dialer lets the calls it has placed come to their ends, a gateway has its texts answered.
_DRAIN_S = 45


def simulator_part(home: Home, ports: Mapping[str, int], environment: Mapping[str, str]) -> Part:
    """The phone network and carrier; its ledger has every call it was asked to place and every text."""
    scenario = resources.files("outdial.simulator") / "scenarios" / "everyday.yaml"
    ledger = home.path / "simulator" / "ledger.jsonl"
    ledger.parent.mkdir(exist_ok=True)
    options = {
        "--scenario": str(scenario),
        "--host": "127.0.0.1",
        "--ami-port": str(ports["ami"]),
        "--control-port": str(ports["simulator_control"]),
        "--smpp-port": str(ports["simulator_smpp"]),
        "--sms-http-port": str(ports["simulator_sms_http"]),
        "--ledger": str(ledger),
    }
    words = [word for option in options.items() for word in option]

    async def is_ready() -> bool:
        return await port_answers(ports["ami"])

    command = [_OUTDIAL, "simulator", *words]
    return Part("simulator", command, home.log("simulator"), is_ready, environment=environment)


def dialer_part(home: Home, agi_port: int, environment: Mapping[str, str]) -> Part:
    """The dialer; it is ready when it listens for calls on `agi_port`."""
    return _drained_part(home, "dialer", agi_port, environment)


def gateway_part(home: Home, web_port: int, environment: Mapping[str, str]) -> Part:
    """The SMS gateway; it is ready when it listens for webhooks and links on `web_port`."""
    return _drained_part(home, "sms-gateway", web_port, environment)


def _drained_part(home: Home, name: str, port: int, environment: Mapping[str, str]) -> Part:
    async def is_ready() -> bool:
        return await port_answers(port)

    command = [_OUTDIAL, name]
    return Part(name, command, home.log(name), is_ready, environment=environment, grace_s=_DRAIN_S)
