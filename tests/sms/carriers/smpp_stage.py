"""What the tests of the SMPP carrier stand on: a carrier linked to a peer, and an inbox that may fail."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import SecretStr

from outdial.domain.clock import utc_now
from outdial.domain.errors import Unavailable
from outdial.domain.sms.delivery import IncomingText, Receipt
from outdial.domain.sms.encoding import split_text
from outdial.sms.carriers.carrier import OutgoingText
from outdial.sms.carriers.smpp import SmppAddress, SmppCarrier, open_smpp
from outdial.sms.carriers.smpp_link import LinkTimes
from tests.sms.carriers.smpp_peer import SmppPeer

TIMES = LinkTimes(reconnect_first_s=0.05)
REFERENCE = "0123456789abcdef0123456789abcd2a"


@dataclass
class KeptInbox:
    """Keeps what it is given in memory; nothing while `full` is set, and not yet while `hold` is clear."""

    receipts: list[Receipt] = field(default_factory=list)
    replies: list[IncomingText] = field(default_factory=list)
    full: bool = False
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.hold.set()

    async def take_receipts(self, receipts: Sequence[Receipt]) -> None:
        await self._ready()
        self.receipts += receipts

    async def take_reply(self, reply: IncomingText) -> None:
        await self._ready()
        self.replies.append(reply)

    async def _ready(self) -> None:
        await self.hold.wait()
        if self.full:
            raise Unavailable("the database is away")


def address(peer: SmppPeer, **settings: object) -> SmppAddress:
    """Of the peer, with the password it wants unless `settings` have another."""
    account = {"system_id": "outdial", "password": SecretStr("secret"), "system_type": "test"}
    return SmppAddress("127.0.0.1", peer.port, **(account | settings))


@asynccontextmanager
async def linked(
    peer: SmppPeer,
    inbox: KeptInbox | None = None,
    *,
    times: LinkTimes = TIMES,
    tls_context: ssl.SSLContext | None = None,
    **settings: object,
) -> AsyncIterator[SmppCarrier]:
    """A carrier that is bound to the peer."""
    opened = open_smpp(address(peer, **settings), utc_now, random.Random(1), times=times, tls=tls_context)
    async with opened as carrier, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(carrier.run(inbox or KeptInbox()))
        await peer.next("bound")
        await eventually_up(carrier)
        yield carrier
        running.cancel()


async def eventually_up(carrier: SmppCarrier, *, up: bool = True) -> None:
    """Return once the carrier is up, or down."""
    async with asyncio.timeout(15):
        while carrier.is_up is not up:  # noqa: ASYNC110 - a Carrier is asked, and tells nobody by itself
            await asyncio.sleep(0.01)


def a_text(body: str, *, sender: str = "Outdial", to: str = "+972501234567") -> OutgoingText:
    """A text to one person."""
    return OutgoingText(REFERENCE, to, sender, split_text(body))
