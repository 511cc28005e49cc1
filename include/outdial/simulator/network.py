"""Lifecycle of a simulated network: started means a client gets an answer, stopped means nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from outdial.simulator.ami_server import BANNER, AmiServer, LinkDrop
from outdial.simulator.control import serve_control
from outdial.simulator.exchange import EVERY_EVENT, Exchange
from outdial.simulator.ledger import CallEnd, Ledger, OriginateSeen
from outdial.simulator.scenario import Scenario, User
from outdial.simulator.sms.network import SimulatedCarrier

DEFAULT_USERS = {"dialer": User(secret="dialer")}  # noqa: S106 - a simulator on loopback guards nothing
_ANSWER_TIMEOUT_S = 5.0
_STOP_TIMEOUT_S = 2.0
# Asterisk was seen to close its links 1.1 s after it hung up its calls; FastAGI servers may take longer.
_LAST_WORDS_S = 1.0


def wall_clock() -> datetime:
    """The simulated network stands for another machine, which has a clock of its own."""
    return datetime.now(UTC)  # noqa: TID251


class SimulatedNetwork:
    """What a test or the control port may see of a running network and do to it."""

    def __init__(self, exchange: Exchange, server: AmiServer, host: str, ami_port: int) -> None:
        self.exchange = exchange
        self._server = server
        self._scenario = exchange.scenario
        self.host = host
        self.ami_port = ami_port
        self.control_port: int | None = None
        self.texts: SimulatedCarrier | None = None

    @property
    def originates(self) -> list[OriginateSeen]:
        """Every Originate that arrived, in order: who was called, when, how often."""
        return list(self.exchange.ledger.originates)

    @property
    def ends(self) -> list[CallEnd]:
        return list(self.exchange.ledger.ends)

    @property
    def live_channels(self) -> list[str]:
        """ChannelIds of calls that have not ended."""
        return list(self.exchange.calls)

    @property
    def peak_live(self) -> int:
        """The most calls that were ever alive at once."""
        return self.exchange.peak_live

    @property
    def links(self) -> int:
        """How many manager connections there are."""
        return len(self._server.sessions)

    def drop_links(self) -> int:
        """Reset every manager link; returns how many there were."""
        return self._server.drop_links()

    def drop_link_after(self, drop: LinkDrop) -> None:
        """Break the link once, at an action still to come."""
        self._server.drop_link_after(drop)

    def drop_event(self, event: str, probability: float) -> None:
        """Lose this event from now on with `probability`; 0 ends it."""
        self.exchange.faults.drop[event] = probability

    def stop_events(self) -> None:
        """Lose every event until `resume_events`."""
        self.drop_event(EVERY_EVENT, 1.0)

    def resume_events(self) -> None:
        self.exchange.faults.drop.pop(EVERY_EVENT, None)

    def kill_trunk(self, name: str) -> None:
        """From now on this trunk is silent, as when a carrier's border is down; until `mend_trunk`."""
        self._set_trunks([*self.exchange.scenario.dead_trunks, name])

    def mend_trunk(self, name: str) -> None:
        """New calls over a killed trunk get through again."""
        self._set_trunks([trunk for trunk in self.exchange.scenario.dead_trunks if trunk != name])

    def _set_trunks(self, dead: list[str]) -> None:
        self.exchange.scenario = self.exchange.scenario.model_copy(update={"dead_trunks": dead})

    def kill_agi(self) -> int:
        """Break every FastAGI connection; the calls go on in their dialplan. Returns how many."""
        transports = list(self.exchange.agi_transports)
        for transport in transports:
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        return len(transports)

    def freeze(self, seconds: float) -> None:
        """Neither read nor write on manager links for `seconds`, without closing them."""
        self._server.freeze(seconds)

    def begin_shutdown(self) -> None:
        """As Asterisk between `core stop now` and its end: calls are hung up, every action is refused."""
        _begin_shutdown(self.exchange)

    def reset(self) -> None:
        """Forget what was seen and end all faults; live calls go on."""
        self.exchange.scenario = self._scenario
        self.exchange.reset()
        self._server.mend()
        if self.texts is not None:
            self.texts.reset()


@asynccontextmanager
async def simulated_network(
    scenario: Scenario,
    host: str = "127.0.0.1",
    ami_port: int = 0,
    *,
    control_port: int | None = None,
    ledger: Path | None = None,
    clock: Callable[[], datetime] = wall_clock,
) -> AsyncGenerator[SimulatedNetwork]:
    """Run a phone network until the block ends. Port 0 takes a free one; `control_port` None is off.

    A scenario that names no manager users gets `dialer`/`dialer`. Raises OSError where a port is taken.
    """
    if not scenario.users:
        scenario = scenario.model_copy(update={"users": DEFAULT_USERS})
    book = Ledger(ledger)
    exchange = Exchange(scenario, clock, book)
    server = AmiServer(exchange)
    try:
        listener = await asyncio.start_server(server.serve, host, ami_port, backlog=256)
        network = SimulatedNetwork(exchange, server, host, listener.sockets[0].getsockname()[1])
        async with listener, serve_control(network, control_port):
            await _until_answering(host, network.ami_port)
            try:
                yield network
            finally:
                listener.close()
                await _stop(exchange, server)
    finally:
        book.close()


async def _until_answering(host: str, port: int) -> None:
    async with asyncio.timeout(_ANSWER_TIMEOUT_S):
        reader, writer = await asyncio.open_connection(host, port)
        await reader.readexactly(len(BANNER))
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _stop(exchange: Exchange, server: AmiServer) -> None:
    """As `core stop now` does it: all calls are hung up, their ends are told, and then the links close."""
    server.thaw()
    _begin_shutdown(exchange)
    await _until_done(exchange, _LAST_WORDS_S)
    await server.stop()
    for task in exchange.tasks:
        task.cancel()
    await _until_done(exchange, _STOP_TIMEOUT_S)


def _begin_shutdown(exchange: Exchange) -> None:
    exchange.is_shutting_down = True
    for call in list(exchange.calls.values()):
        call.hang_up_for_shutdown()


async def _until_done(exchange: Exchange, timeout_s: float) -> None:
    if exchange.tasks:
        await asyncio.wait(set(exchange.tasks), timeout=timeout_s)
