"""`outdial simulator`: a phone network and a carrier of texts for people who have none."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.domain.errors import InvalidInput

if TYPE_CHECKING:
    from outdial.settings import Settings
    from outdial.simulator.network import SimulatedNetwork
    from outdial.simulator.scenario import Scenario
    from outdial.simulator.sms.scenario import Texts


def simulator(
    scenario: Annotated[
        Path | None, typer.Option(help="Who answers, and how (YAML or JSON). Default: an everyday mix.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    ami_port: Annotated[
        int | None, typer.Option(help="Port of the manager interface; 0 takes a free one. Default: AMI_PORT.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="Append every originate, end, text and reply to this JSONL file.")
    ] = None,
    *,
    control_port: Annotated[
        int, typer.Option(help="Port for faults on command (loopback only); 0 is off.")
    ] = 0,
    smpp_port: Annotated[
        int | None,
        typer.Option(help="Port for texts over SMPP 3.4; 0 is off. Default: SIMULATOR_SMPP_PORT."),
    ] = None,
    sms_http_port: Annotated[
        int | None,
        typer.Option(help="Port for texts over HTTP; 0 is off. Default: SIMULATOR_SMS_HTTP_PORT."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Announce the ports as one JSON object.")] = False,
) -> None:
    """Run a simulated phone network: Asterisk's manager interface, FastAGI, and a carrier of texts.

    Ctrl-C stops it.
    """
    from outdial.settings import load_settings  # noqa: PLC0415 - a command imports its room when called
    from outdial.telemetry.logs import configure_logging  # noqa: PLC0415

    settings = load_settings()
    configure_logging("simulator", settings.log_format)
    world = _load(scenario, settings)
    ports = _Ports(
        ami=settings.ami_port if ami_port is None else ami_port,
        control=control_port,
        smpp=settings.simulator_smpp_port if smpp_port is None else smpp_port,
        sms_http=settings.simulator_sms_http_port if sms_http_port is None else sms_http_port,
    )
    try:
        asyncio.run(_serve(world, host, ports, ledger, as_json=as_json))
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise InvalidInput(
            f"The simulator cannot start on {ports.named(host)}: {reason}. Try another port."
        ) from None


@dataclass(frozen=True, slots=True)
class _Ports:
    """Where the simulator listens. 0 takes a free port for `ami`, and is off for the others."""

    ami: int
    control: int
    smpp: int
    sms_http: int

    def named(self, host: str) -> str:
        texts = [str(port) for port in (self.smpp, self.sms_http) if port]
        return f"{host}:{self.ami}" + (f" (texts on {' and '.join(texts)})" if texts else "")


def _load(path: Path | None, settings: Settings) -> Scenario:
    """The scenario, with the accounts of our settings where it names none."""
    from outdial.simulator.scenario import EVERYDAY, ScenarioError, User, load_scenario  # noqa: PLC0415

    try:
        scenario = load_scenario(path or EVERYDAY)
    except ScenarioError as invalid:
        raise InvalidInput(*invalid.problems) from None
    user = User(secret=settings.ami_secret.get_secret_value())
    users = scenario.users or {settings.ami_user: user}
    return scenario.model_copy(update={"users": users, "texts": _with_accounts(scenario.texts, settings)})


def _with_accounts(texts: Texts, settings: Settings) -> Texts:
    from outdial.simulator.sms.scenario import HttpAccount, SmppAccount  # noqa: PLC0415

    web = f"http://{settings.sms_web_host}:{settings.sms_web_port}"
    account = SmppAccount(password=settings.smpp_password.get_secret_value())
    http = HttpAccount(
        key=settings.sms_http_key,
        secret=settings.sms_http_secret.get_secret_value(),
        signature_secret=settings.sms_http_signature_secret.get_secret_value(),
        receipt_url=f"{web}/receipts/http",
        reply_url=f"{web}/replies/http",
    )
    accounts = texts.accounts or {settings.smpp_system_id: account}
    return texts.model_copy(update={"accounts": accounts, "http": texts.http or http})


async def _serve(scenario: Scenario, host: str, ports: _Ports, ledger: Path | None, *, as_json: bool) -> None:
    from outdial.domain.clock import utc_now  # noqa: PLC0415
    from outdial.simulator.network import simulated_network  # noqa: PLC0415
    from outdial.simulator.sms.network import simulated_carrier  # noqa: PLC0415

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stopped.set)
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(
            simulated_network(
                scenario,
                host,
                ports.ami,
                control_port=ports.control or None,
                ledger=ledger,
                clock=utc_now,
            )
        )
        if ports.smpp or ports.sms_http:
            await stack.enter_async_context(
                simulated_carrier(network, ports.smpp or None, ports.sms_http or None)
            )
        _announce(network, list(scenario.users), as_json=as_json)
        await stopped.wait()


def _announce(network: SimulatedNetwork, users: list[str], *, as_json: bool) -> None:
    texts = network.texts
    if as_json:
        ports = {
            "host": network.host,
            "ami_port": network.ami_port,
            "control_port": network.control_port,
            "smpp_port": texts.smpp_port if texts else 0,
            "sms_http_port": texts.http_port if texts else 0,
        }
        print(json.dumps(ports), flush=True)
        return
    control = f", control on port {network.control_port}" if network.control_port else ""
    print(
        f"Phone network: AMI on {network.host}:{network.ami_port}, user {', '.join(users)}{control}.",
        flush=True,
    )
    if texts is not None:
        doors = {"SMPP": texts.smpp_port, "HTTP": texts.http_port}
        named = ", ".join(f"{door} on {network.host}:{port}" for door, port in doors.items() if port)
        print(f"Texts: {named}.", flush=True)
