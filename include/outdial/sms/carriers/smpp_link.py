"""The link to an SMPP carrier: bound, watched and bound again after a loss; `smpp` sends texts over it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr
from smpp34 import DeliverSm, RawPdu

from outdial.domain.errors import Unavailable
from outdial.sms.carriers.smpp_pdu import Command, Status, bind_transceiver, message
from outdial.sms.carriers.smpp_wire import LinkDown, NoAnswer, SmppWire
from outdial.storage.cancellation import raise_if_cancelled
from outdial.telemetry.logs import get_logger

OnDelivery = Callable[[SmppWire, DeliverSm], None]

log = get_logger(__name__)


@dataclass(frozen=True)
class SmppLogin:
    """Where the carrier listens and who we are to it; `tls` proves that it is the carrier."""

    host: str
    port: int
    system_id: str
    password: SecretStr
    system_type: str = ""
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True)
class LinkTimes:
    """How long is waited for what, in seconds.

    Carriers drop connections that are silent for a minute or so, and block those who bind too often.
    """

    answer_s: float = 9.0
    enquire_every_s: float = 15.0
    reconnect_first_s: float = 0.5
    reconnect_most_s: float = 30.0
    steady_s: float = 60.0
    """A link that held so long is bound again at once; one that did not, ever later."""
    unbind_s: float = 2.0


class SmppLink:
    """`run` keeps it up; `ask` may be called at any time, and never has more than `window` under way."""

    def __init__(
        self,
        login: SmppLogin,
        times: LinkTimes,
        window: int,
        on_delivery: OnDelivery,
        randomness: random.Random,
    ) -> None:
        self._login = login
        self._times = times
        self._window = asyncio.Semaphore(window)
        self._on_delivery = on_delivery
        self._randomness = randomness
        self._wire: SmppWire | None = None

    @property
    def is_up(self) -> bool:
        """Are we bound, and was the carrier last heard in time?"""
        return self._wire is not None and self._wire.takes_messages

    async def ask(self, write: Callable[[int], bytes], window_s: float, answer_s: float) -> RawPdu:
        """Send a message once the window has room and return its answer. Raises LinkDown or NoAnswer."""
        if not self.is_up:
            raise LinkDown("there is no link to the carrier")
        try:
            async with asyncio.timeout(window_s):
                await self._window.acquire()
        except TimeoutError as error:
            raise LinkDown("the carrier answers so slowly that nothing more may be sent") from error
        try:
            if self._wire is None:
                raise LinkDown("the link to the carrier was lost")
            return await self._wire.ask(write, answer_s)
        finally:
            self._window.release()

    async def run(self) -> None:
        """Keep the link up until cancelled; then it is unbound."""
        loop = asyncio.get_running_loop()
        said, losses = "", 0
        while True:
            raise_if_cancelled()
            began_at = loop.time()
            reason = await self._hold_one_connection()
            if loop.time() - began_at > self._times.steady_s:
                said, losses = "", 0
            # Said once, not at every try of an outage.
            if reason != said:
                log.warning("no link to the carrier", address=self._where, reason=reason)
            said = reason
            await asyncio.sleep(self._pause_s(losses))
            losses += 1

    def _pause_s(self, losses: int) -> float:
        # Spread, so that the gateways of one account do not all come back at the same moment.
        longest_s = min(self._times.reconnect_most_s, self._times.reconnect_first_s * 2 ** min(losses, 16))
        return longest_s * self._randomness.uniform(0.5, 1)

    async def _hold_one_connection(self) -> str:
        """Connect, bind and watch; returns why that ended."""
        wire: SmppWire | None = None
        try:
            wire = await self._connect()
            await self._bind(wire)
            self._wire = wire
            log.info("linked to the carrier", address=self._where)
            await self._enquire_until_lost(wire)
        except (Unavailable, OSError, TimeoutError) as error:
            return str(error) or "timeout"
        finally:
            is_bound, self._wire = self._wire is not None, None
            if wire is not None:
                await self._leave(wire, is_bound=is_bound)
        return "the connection was lost"

    async def _connect(self) -> SmppWire:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._times.answer_s):
            _, wire = await loop.create_connection(
                lambda: SmppWire(self._on_delivery), self._login.host, self._login.port, ssl=self._login.tls
            )
        return wire

    async def _bind(self, wire: SmppWire) -> None:
        login = self._login
        names = login.system_id, login.password.get_secret_value(), login.system_type
        answer = await wire.ask(lambda sequence: bind_transceiver(sequence, *names), self._times.answer_s)
        if answer.command_status != Status.OK:
            raise Unavailable(
                f"the carrier refuses the bind of {login.system_id} (status 0x{answer.command_status:x}): "
                "check SMPP_SYSTEM_ID, SMPP_PASSWORD and how many links the account may have"
            )

    async def _enquire_until_lost(self, wire: SmppWire) -> None:
        # A frozen peer keeps its TCP connection: only silence tells.
        while wire.takes_messages:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._times.enquire_every_s):
                    await wire.lost.wait()
                    return
            await self._enquire(wire)

    async def _enquire(self, wire: SmppWire) -> None:
        asked_at = asyncio.get_running_loop().time()
        try:
            await wire.ask(lambda sequence: message(Command.ENQUIRE_LINK, sequence), self._times.answer_s)
        except NoAnswer:
            # A busy carrier answers in turn, and is there while it says anything.
            if wire.heard_at_s < asked_at:
                raise

    async def _leave(self, wire: SmppWire, *, is_bound: bool) -> None:
        try:
            if is_bound and wire.takes_messages:
                await wire.ask(lambda sequence: message(Command.UNBIND, sequence), self._times.unbind_s)
        except Unavailable:
            pass
        finally:
            wire.abort()

    @property
    def _where(self) -> str:
        return f"{self._login.host}:{self._login.port}"
