"""One TCP connection to an SMPP carrier: messages in and out, answers to what was asked; used by `smpp_link`.

One object is one connection, which ends once. Nothing is ever written twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import cast

from smpp34 import DeliverSm, RawPdu, SmppError, decode

from outdial.domain.errors import Unavailable
from outdial.sms.carriers.smpp_pdu import (
    HEADER_OCTETS,
    Command,
    Status,
    answer,
    header,
    is_answer,
    message,
)
from outdial.telemetry.logs import get_logger

MOST_OCTETS = 70_000
"""The longest message has one field of 65,535 octets; a longer one is no SMPP."""

_MAX_UNSENT_BYTES = 1 << 20
_LAST_SEQUENCE = 0x7FFFFFFF

log = get_logger(__name__)


class LinkDown(Unavailable):
    """Nothing was written: there is no connection that takes it."""


class NoAnswer(Unavailable):
    """It was written; whether the carrier acted on it is not known."""


class SmppWire(asyncio.Protocol):
    """A connection, made by `loop.create_connection`; `lost` is set at its end."""

    def __init__(self, on_delivery: Callable[[SmppWire, DeliverSm], None]) -> None:
        self.lost = asyncio.Event()
        self.heard_at_s = 0.0
        """When the carrier last said anything, by the loop's clock."""
        self._on_delivery = on_delivery
        self._unread = bytearray()
        self._sequences: Iterator[int] = cycle(range(1, _LAST_SEQUENCE + 1))
        self._unanswered: dict[int, asyncio.Future[RawPdu]] = {}
        self._leaving = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it with one
        self.lost.set()
        for future in self._unanswered.values():
            if not future.done():
                future.set_exception(NoAnswer("the connection to the carrier was lost before it answered"))

    def data_received(self, data: bytes) -> None:
        self.heard_at_s = asyncio.get_running_loop().time()
        self._unread += data
        while len(self._unread) >= HEADER_OCTETS and not self._transport.is_closing():
            length = header(self._unread)[0]
            if not HEADER_OCTETS <= length <= MOST_OCTETS:
                log.error("the carrier sent what is no SMPP; closing the connection", length=length)
                self.abort()
            if len(self._unread) < length:
                return
            octets = bytes(self._unread[:length])
            del self._unread[:length]
            self._take(octets)

    async def ask(self, write: Callable[[int], bytes], timeout_s: float) -> RawPdu:
        """Send what `write` makes of a sequence number, and return its answer.

        Raises LinkDown where nothing was sent, NoAnswer where no answer came within `timeout_s`.
        """
        if not self.takes_messages or self._transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:
            raise LinkDown("there is no connection to the carrier that takes a message")
        sequence = next(self._sequences)
        future = self._unanswered[sequence] = asyncio.get_running_loop().create_future()
        try:
            self._transport.write(write(sequence))
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError as error:
            raise NoAnswer("the carrier did not answer in time") from error
        finally:
            del self._unanswered[sequence]

    def answer_delivery(self, sequence: int, status: Status) -> None:
        """Say how a delivery was received; said to nobody where the connection is gone."""
        if not self.lost.is_set():
            self._transport.write(answer(Command.DELIVER_SM, sequence, status))

    @property
    def takes_messages(self) -> bool:
        """Is it open, and has the carrier not said that it will close it?"""
        return not (self._leaving or self.lost.is_set() or self._transport.is_closing())

    def abort(self) -> None:
        """End the connection now, whatever is unsent."""
        self._transport.abort()

    def _take(self, octets: bytes) -> None:
        _, command, _, sequence = header(octets)
        if is_answer(command):
            self._take_answer(cast("RawPdu", decode(octets)))
        elif command == Command.DELIVER_SM:
            self._take_delivery(octets, sequence)
        elif command == Command.ENQUIRE_LINK:
            self._transport.write(answer(command, sequence))
        elif command == Command.UNBIND:
            self._leaving = True
            self._transport.write(answer(command, sequence))
            self._transport.close()
        elif command != Command.ALERT_NOTIFICATION:
            self._transport.write(message(Command.GENERIC_NACK, sequence, Status.INVALID_COMMAND))

    def _take_answer(self, pdu: RawPdu) -> None:
        future = self._unanswered.get(pdu.sequence_number)
        if future is None:
            log.warning("the carrier answered too late", sequence=pdu.sequence_number)
        elif not future.done():
            future.set_result(pdu)

    def _take_delivery(self, octets: bytes, sequence: int) -> None:
        try:
            delivery = cast("DeliverSm", decode(octets))
        except SmppError as error:
            log.warning("the carrier brought what cannot be read", reason=str(error), length=len(octets))
            self.answer_delivery(sequence, Status.UNREADABLE)
            return
        self._on_delivery(self, delivery)
