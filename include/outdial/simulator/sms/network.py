"""Lifecycle of the simulated carrier: it joins a running network of calls, whose people it texts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp

from outdial.simulator.sms.carrier import TextCarrier
from outdial.simulator.sms.http_door import HTTP, serve_http
from outdial.simulator.sms.links import LinkOpener
from outdial.simulator.sms.seen import Seen
from outdial.simulator.sms.smpp_door import SMPP, SmppDoor
from outdial.simulator.sms.smpp_server import SmppServer, serve_smpp
from outdial.simulator.sms.smpp_session import Cut
from outdial.simulator.sms.webhooks import WebhookDoor

if TYPE_CHECKING:
    from outdial.simulator.network import SimulatedNetwork

_Kind = TypeVar("_Kind", bound=Seen)


class SimulatedCarrier:
    """What a test or the control port may see of the carrier and do to it. A shut door has port 0."""

    def __init__(self, network: SimulatedNetwork, carrier: TextCarrier, door: SmppDoor) -> None:
        self._ledger = network.exchange.ledger
        self._carrier = carrier
        self._door = door
        self._back_up: asyncio.TimerHandle | None = None
        self.smpp: SmppServer | None = None
        self.http_port = 0

    @property
    def smpp_port(self) -> int:
        return self.smpp.port if self.smpp else 0

    @property
    def links(self) -> int:
        """How many SMPP connections there are."""
        return len(self.smpp.sessions) if self.smpp else 0

    @property
    def under_way(self) -> bool:
        """Is anything still to come: a receipt, an answer, a reply, somebody at a link?"""
        return self._carrier.is_busy or self._door.undelivered > 0

    @property
    def counters(self) -> dict[str, int]:
        """What was counted since the start or `reset`, and how much is unfinished now."""
        unfinished = {"unjoined": self._carrier.unjoined, "undelivered": self._door.undelivered}
        return dict(self._carrier.counters) | unfinished

    def seen(self, kind: type[_Kind]) -> list[_Kind]:
        """The ledger's lines of one kind, in order: TextSeen, ReceiptSeen and so on."""
        return [line for line in self._ledger.texting if isinstance(line, kind)]

    def change(self, changes: dict[str, Any]) -> None:
        """Other values for fields of `texts:` from now on, until `reset`. Raises ValidationError."""
        self._carrier.change(changes)

    def go_down(self, seconds: float, *, cut: bool = True) -> None:
        """Take no text for so long, and with `cut` let nobody connect over SMPP either; 0 ends it."""
        self._carrier.is_down = seconds > 0
        self._carrier.is_cut = self._carrier.is_down and cut
        if self._carrier.is_cut:
            self.cut_links()
        if self._back_up is not None:
            self._carrier.later.cancel(self._back_up)
            self._back_up = None
        if seconds:
            self._back_up = self._carrier.later.call(seconds, lambda: self.go_down(0))

    def cut_links(self) -> int:
        """Reset every SMPP connection; returns how many there were."""
        return self.smpp.cut_links() if self.smpp else 0

    def cut_link_at(self, cut: Cut) -> None:
        """Break an SMPP link once, at a submit still to come."""
        if self.smpp is not None:
            self.smpp.cut_link_at(cut)

    def send_garbage(self) -> int:
        """Write what is not SMPP to every link; returns how many there were."""
        return self.smpp.send_garbage() if self.smpp else 0

    def write(self, phone: str, text: str, to: str = "", carrier: str = "") -> str:
        """Have a person write now; see TextCarrier.write."""
        return self._carrier.write(phone, text, to, carrier)

    def reset(self) -> None:
        """Forget what was seen and what is under way, and end all faults; links stay."""
        self._carrier.reset()
        if self.smpp is not None:
            self.smpp.mend()


@asynccontextmanager
async def simulated_carrier(
    network: SimulatedNetwork, smpp_port: int | None = None, http_port: int | None = None
) -> AsyncGenerator[SimulatedCarrier]:
    """Carry texts until the block ends, with the network's scenario, seed, clock and ledger.

    Port 0 takes a free one, None opens no such door. Raises OSError where a port is taken.
    """
    carrier = TextCarrier(network.exchange)
    door = SmppDoor(carrier)
    found = SimulatedCarrier(network, carrier, door)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        stack.push_async_callback(carrier.later.stop)
        carrier.opens_links = LinkOpener(carrier, network.exchange.ledger, http).open_links
        if smpp_port is not None:
            carrier.doors[SMPP] = door
            found.smpp = await stack.enter_async_context(serve_smpp(door, network.host, smpp_port))
        if http_port is not None:
            carrier.doors[HTTP] = WebhookDoor(carrier, http)
            found.http_port = await stack.enter_async_context(serve_http(carrier, network.host, http_port))
        network.texts = found
        try:
            yield found
        finally:
            network.texts = None
