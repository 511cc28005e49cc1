"""One SMPP connection at the carrier's end: octets in, PDUs out. The server makes one for each socket."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outdial.simulator.sms import pdu
from outdial.simulator.sms.pdu import RESPONSE, Command, MalformedPdu, Status, Tag
from outdial.simulator.sms.smpp_door import SmppDoor
from outdial.simulator.sms.traffic import Taken
from outdial.telemetry.logs import get_logger

if TYPE_CHECKING:
    from outdial.simulator.sms.smpp_server import SmppServer

_ID = b"outdial-sim\0"
_VERSION = b"\x34"
_ANSWERS = {
    RESPONSE | Command.ENQUIRE_LINK,
    RESPONSE | Command.UNBIND,
    Command.GENERIC_NACK,
}

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Cut:
    """Break the link at the `n`-th submit from now: before the text is `taken`, after, or once `answered`."""

    n: int
    taken: bool
    answered: bool


class Session(asyncio.Protocol):
    """Bound to one account, or not yet."""

    def __init__(self, server: SmppServer, door: SmppDoor) -> None:
        self._server = server
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self._is_reading = False
        self._sequence = 0
        self._bound_as: Command | None = None
        self._enquiry: asyncio.TimerHandle | None = None
        self.account = ""
        self._actions: dict[int, Callable[[int, int, bytes], None]] = {
            Command.BIND_RECEIVER: self._bind,
            Command.BIND_TRANSMITTER: self._bind,
            Command.BIND_TRANSCEIVER: self._bind,
            Command.SUBMIT_SM: self._submit,
            Command.ENQUIRE_LINK: self._enquired,
            Command.UNBIND: self._unbound,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(type(transport).__name__)
        self._transport = transport
        self._server.sessions.add(self)
        if self._door.carrier.is_cut:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        self._server.sessions.discard(self)
        self._transport = None
        self._unbind()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._is_reading = True
        try:
            while (frame := self._frame()) is not None and self._transport is not None:
                self._take(*frame)
        finally:
            self._is_reading = False
            self._flush()

    def _frame(self) -> tuple[int, int, int, bytes] | None:
        """The next whole PDU: command, status, sequence and body."""
        if len(self._buffer) < pdu.HEADER.size:
            return None
        length, command, status, sequence = pdu.HEADER.unpack_from(self._buffer)
        if not pdu.HEADER.size <= length <= pdu.LONGEST:
            self.send(Command.GENERIC_NACK, sequence, status=Status.BAD_COMMAND_LENGTH)
            self.close()
            return None
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[pdu.HEADER.size : length])
        del self._buffer[:length]
        return command, status, sequence, body

    def _take(self, command: int, status: int, sequence: int, body: bytes) -> None:
        if command == RESPONSE | Command.DELIVER_SM:
            mailbox = self._door.mailbox_of(self.account)
            mailbox.acknowledge(self, sequence, accepted=status == Status.OK)
        elif command not in _ANSWERS:
            act = self._actions.get(command)
            if act is None:
                self.send(Command.GENERIC_NACK, sequence, status=Status.BAD_COMMAND)
            else:
                act(command, sequence, body)

    def _bind(self, command: int, sequence: int, body: bytes) -> None:
        answer = RESPONSE | command
        if self._bound_as is not None:
            self.send(answer, sequence, status=Status.ALREADY_BOUND)
            return
        try:
            system_id, password = pdu.read_bind(body)
            status = self._door.may_bind(system_id, password)
        except MalformedPdu as malformed:
            system_id, status = "", malformed.status
        if status is not Status.OK:
            self.send(answer, sequence, status=status)
            self.close()
            return
        self._bound_as, self.account = Command(command), system_id
        self.send(answer, sequence, _ID + pdu.tlv(Tag.SC_INTERFACE_VERSION, _VERSION))
        self._enquire_by_and_by()
        if self._bound_as is not Command.BIND_TRANSMITTER:
            self._door.mailbox_of(system_id).attach(self)

    def _submit(self, _command: int, sequence: int, body: bytes) -> None:
        if self._bound_as in {None, Command.BIND_RECEIVER}:
            self._refuse(sequence, Status.NOT_BOUND)
            return
        cut = self._server.cut_due()
        if cut is not None and not cut.taken:
            self.abort()
            return
        answer = self._door.submit(self.account, body)
        if isinstance(answer, Status):
            self._refuse(sequence, answer)
        elif cut is None or cut.answered:
            self._answer(sequence, answer)
        if cut is not None and cut.answered:
            self.close()
        elif cut is not None:
            self.abort()

    def _refuse(self, sequence: int, status: Status) -> None:
        self.send(RESPONSE | Command.SUBMIT_SM, sequence, status=status)

    def _answer(self, sequence: int, taken: Taken) -> None:
        if taken.lost:
            return
        answer = pdu.cstring(taken.message_ids[0])
        if not taken.answer_delay_s:
            self.send(RESPONSE | Command.SUBMIT_SM, sequence, answer)
            return
        self._door.carrier.later.call(
            taken.answer_delay_s, lambda: self.send(RESPONSE | Command.SUBMIT_SM, sequence, answer)
        )

    def _enquired(self, _command: int, sequence: int, _body: bytes) -> None:
        self.send(RESPONSE | Command.ENQUIRE_LINK, sequence)

    def _unbound(self, _command: int, sequence: int, _body: bytes) -> None:
        self._unbind()
        self.send(RESPONSE | Command.UNBIND, sequence)
        self.close()

    def _unbind(self) -> None:
        if self._enquiry is not None:
            self._enquiry.cancel()
        if self._bound_as is not None:
            self._bound_as = None
            self._door.mailbox_of(self.account).detach(self)

    def _enquire_by_and_by(self) -> None:
        every_s = self._door.carrier.texts.enquire_link_s
        if every_s:
            self._enquiry = asyncio.get_running_loop().call_later(every_s, self._enquire)

    def _enquire(self) -> None:
        self.send(Command.ENQUIRE_LINK, self._next_sequence())
        self._enquire_by_and_by()

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        return self._sequence

    def deliver(self, body: bytes) -> int:
        """Write a deliver_sm; returns its sequence number."""
        sequence = self._next_sequence()
        self.send(Command.DELIVER_SM, sequence, body)
        return sequence

    def send(self, command: int, sequence: int, body: bytes = b"", status: int = Status.OK) -> None:
        self.write(pdu.pack(command, sequence, body, status))

    def write(self, octets: bytes) -> None:
        """Write octets as they are. What is written while PDUs are read goes out in one piece."""
        self._out.append(octets)
        if not self._is_reading:
            self._flush()

    def _flush(self) -> None:
        if self._transport is not None and self._out:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def close(self) -> None:
        """Close once everything is written."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the link with a TCP reset, as a network does that breaks."""
        self._out.clear()
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
