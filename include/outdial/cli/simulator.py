"""`outdial simulator`: a phone network for people who have none."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.domain.errors import InvalidInput

if TYPE_CHECKING:
    from outdial.settings import Settings
    from outdial.simulator.network import SimulatedNetwork
    from outdial.simulator.scenario import Scenario


def simulator(
    scenario: Annotated[
        Path | None, typer.Option(help="Who answers, and how (YAML or JSON). Default: an everyday mix.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    ami_port: Annotated[
        int | None, typer.Option(help="Port of the manager interface; 0 takes a free one. Default: AMI_PORT.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="Append every originate and every end to this JSONL file.")
    ] = None,
    control_port: Annotated[
        int, typer.Option(help="Port for faults on command (loopback only); 0 is off.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Announce the ports as one JSON object.")] = False,
) -> None:
    """Run a simulated phone network that speaks Asterisk's manager interface and FastAGI. Ctrl-C stops it."""
    from outdial.settings import load_settings  # noqa: PLC0415 - a command imports its room when called
    from outdial.telemetry.logs import configure_logging  # noqa: PLC0415

    settings = load_settings()
    configure_logging("simulator", settings.log_format)
    world = _load(scenario, settings)
    port = settings.ami_port if ami_port is None else ami_port
    try:
        asyncio.run(_serve(world, (host, port), control_port or None, ledger, as_json=as_json))
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise InvalidInput(
            f"The simulator cannot start on {host}:{port}: {reason}. Try another port."
        ) from None


def _load(path: Path | None, settings: Settings) -> Scenario:
    """The scenario, with the manager user of our settings where it names none."""
    from outdial.simulator.scenario import EVERYDAY, ScenarioError, User, load_scenario  # noqa: PLC0415

    try:
        scenario = load_scenario(path or EVERYDAY)
    except ScenarioError as invalid:
        raise InvalidInput(*invalid.problems) from None
    if scenario.users:
        return scenario
    user = User(secret=settings.ami_secret.get_secret_value())
    return scenario.model_copy(update={"users": {settings.ami_user: user}})


async def _serve(
    scenario: Scenario,
    address: tuple[str, int],
    control_port: int | None,
    ledger: Path | None,
    *,
    as_json: bool,
) -> None:
    from outdial.domain.clock import utc_now  # noqa: PLC0415
    from outdial.simulator.network import simulated_network  # noqa: PLC0415

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stopped.set)
    async with simulated_network(
        scenario, *address, control_port=control_port, ledger=ledger, clock=utc_now
    ) as network:
        _announce(network, list(scenario.users), as_json=as_json)
        await stopped.wait()


def _announce(network: SimulatedNetwork, users: list[str], *, as_json: bool) -> None:
    if as_json:
        ports = {"host": network.host, "ami_port": network.ami_port, "control_port": network.control_port}
        print(json.dumps(ports), flush=True)
        return
    control = f", control on port {network.control_port}" if network.control_port else ""
    print(
        f"Phone network: AMI on {network.host}:{network.ami_port}, user {', '.join(users)}{control}.",
        flush=True,
    )
