"""The control port: one JSON object a line, for those who run the simulator as a process of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outdial.simulator.ami_server import LinkDrop
from outdial.simulator.sms.commands import TEXT_COMMANDS, obey_about_texts
from outdial.telemetry.logs import get_logger

if TYPE_CHECKING:
    from outdial.simulator.network import SimulatedNetwork

HOST = "127.0.0.1"
_IDLE_TIMEOUT_S = 3600.0

log = get_logger(__name__)


class _Command(BaseModel):
    """`{"command": …}` and whatever arguments that command takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: str
    action: str = "Originate"
    n: int = Field(1, ge=1)
    response: Literal["before", "after"] = "before"  # the link breaks before or after the response
    call: Literal["proceeds", "dropped"] = "proceeds"
    event: str = ""
    probability: float = Field(1.0, ge=0, le=1)
    seconds: float = Field(0.0, ge=0)


def _drop_link_after(network: SimulatedNetwork, order: _Command) -> dict[str, Any]:
    drop = LinkDrop(order.action, order.n, order.response == "after", order.call == "proceeds")
    network.drop_link_after(drop)
    return {}


def _drop_event(network: SimulatedNetwork, order: _Command) -> dict[str, Any]:
    if not order.event:
        raise ValueError("drop_event: event must name the event to lose")
    network.drop_event(order.event, order.probability)
    return {}


def _done(act: Callable[[SimulatedNetwork, _Command], None]) -> _Run:
    def run(network: SimulatedNetwork, order: _Command) -> dict[str, Any]:
        act(network, order)
        return {}

    return run


def _originates(network: SimulatedNetwork, _order: _Command) -> dict[str, Any]:
    return {"originates": [asdict(seen) for seen in network.originates]}


def _ends(network: SimulatedNetwork, _order: _Command) -> dict[str, Any]:
    return {"ends": [asdict(end) for end in network.ends]}


def _state(network: SimulatedNetwork, _order: _Command) -> dict[str, Any]:
    return {"peak": network.peak_live, "live": network.live_channels, "links": network.links}


_Run = Callable[["SimulatedNetwork", _Command], dict[str, Any]]
_COMMANDS: dict[str, _Run] = {
    "drop_links": lambda network, _: {"links": network.drop_links()},
    "drop_link_after": _drop_link_after,
    "drop_event": _drop_event,
    "stop_events": _done(lambda network, _: network.stop_events()),
    "resume_events": _done(lambda network, _: network.resume_events()),
    "kill_agi": lambda network, _: {"connections": network.kill_agi()},
    "freeze": _done(lambda network, order: network.freeze(order.seconds)),
    "originates": _originates,
    "ends": _ends,
    "state": _state,
    "reset": _done(lambda network, _: network.reset()),
}


def _named(command: str) -> _Run:
    if command not in _COMMANDS:
        raise ValueError(f"no command {command!r}; there are {', '.join((*_COMMANDS, *TEXT_COMMANDS))}")
    return _COMMANDS[command]


def obey(network: SimulatedNetwork, line: bytes) -> dict[str, Any]:
    """Carry out one line. The answer has `ok`, and what was asked for or the `error` in a sentence."""
    try:
        data = json.loads(line)
        if isinstance(data, dict) and data.get("command") in TEXT_COMMANDS:
            return {"ok": True} | obey_about_texts(network.texts, data)
        order = _Command.model_validate(data)
        return {"ok": True} | _named(order.command)(network, order)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        return {"ok": False, "error": f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"}
    except ValueError as problem:
        return {"ok": False, "error": str(problem)}


@asynccontextmanager
async def serve_control(network: SimulatedNetwork, port: int | None) -> AsyncGenerator[None]:
    """Listen on loopback, and only there, until the block ends; None listens nowhere."""
    if port is None:
        yield
        return
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            async with asyncio.timeout(_IDLE_TIMEOUT_S):
                while line := await reader.readline():
                    writer.write(json.dumps(obey(network, line)).encode() + b"\n")
                    await writer.drain()
        except (OSError, ValueError):
            log.info("a control connection ended")
        finally:
            writers.discard(writer)
            writer.close()

    listener = await asyncio.start_server(serve, HOST, port)
    network.control_port = listener.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        listener.close()
        for writer in list(writers):
            writer.transport.abort()
