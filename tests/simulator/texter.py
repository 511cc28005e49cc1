"""An SMPP client of the tests' own; a library writes and reads its messages, so no side judges itself."""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import smpp34

from outdial.simulator.network import SimulatedNetwork, simulated_network
from outdial.simulator.scenario import parse_scenario
from outdial.simulator.sms.network import SimulatedCarrier, simulated_carrier
from outdial.simulator.sms.seen import TextSeen

SENDER = "15550009999"
PHONE = "15551230001"
TRANSCEIVER, TRANSMITTER, RECEIVER = 0x09, 0x02, 0x01
SUBMIT_RESP, DELIVER, DELIVER_RESP = 0x80000004, 0x05, 0x80000005
ACCOUNT = {"accounts": {"gateway": {"password": "secret"}}}
QUICK: dict[str, Any] = {**ACCOUNT, "receipt_delay_s": 0.02, "reply_delay_s": 0.02, "click_delay_s": 0.01}


class Texter:
    """Speaks for one account, and does nothing by itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.sequence = 0
        self.kept: list[Any] = []

    def write(self, command: int, body: bytes = b"", status: int = 0, sequence: int | None = None) -> int:
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        self.writer.write(struct.pack(">IIII", 16 + len(body), command, status, sequence) + body)
        return sequence

    async def read(self) -> Any:
        """The next message, whatever it is; None where the carrier has closed."""
        async with asyncio.timeout(10):
            head = await self.reader.read(4)
            if not head:
                return None
            head += await self.reader.readexactly(4 - len(head))
            return smpp34.decode(head + await self.reader.readexactly(struct.unpack(">I", head)[0] - 4))

    async def until(self, command: int, sequence: int | None = None) -> Any:
        """The next such message; others are kept for later."""
        while True:
            for found in self.kept:
                if found.command_id == command and sequence in {None, found.sequence_number}:
                    self.kept.remove(found)
                    return found
            found = await self.read()
            assert found is not None, "the carrier closed the link"
            self.kept.append(found)

    async def bind(
        self, system_id: str = "gateway", password: str = "secret", command: int = TRANSCEIVER
    ) -> int:
        """Returns the status."""
        body = f"{system_id}\0{password}\0\0".encode() + b"\x34\0\0\0"
        sequence = self.write(command, body)
        return (await self.until(0x80000000 | command, sequence)).command_status

    def submit(self, text: bytes = b"Hello", to: str = PHONE, **fields: Any) -> int:
        self.sequence += 1
        given: dict[str, Any] = {
            "source_addr": SENDER, "destination_addr": to, "short_message": text, "registered_delivery": 1,
            "dest_addr_ton": 1, "dest_addr_npi": 1, "sequence_number": self.sequence,
        }  # fmt: skip
        self.writer.write(smpp34.SubmitSm(**(given | fields)).encode())
        return self.sequence

    async def answer(self, sequence: int) -> tuple[int, str]:
        """Status and message id of the answer to a text."""
        answer = await self.until(SUBMIT_RESP, sequence)
        return answer.command_status, answer.body.rstrip(b"\0").decode()

    async def send(self, text: bytes = b"Hello", to: str = PHONE, **fields: Any) -> tuple[int, str]:
        return await self.answer(self.submit(text, to, **fields))

    async def delivery(self, *, status: int = 0) -> Any:
        """The next deliver_sm, acknowledged with `status`."""
        delivery = await self.until(DELIVER)
        self.write(DELIVER_RESP, b"\0", status, delivery.sequence_number)
        return delivery

    async def receipts(self, count: int) -> list[tuple[str, str]]:
        """Ids and states of so many receipts."""
        return [receipt(await self.delivery()) for _ in range(count)]

    async def is_quiet(self, within_s: float = 0.2) -> bool:
        try:
            async with asyncio.timeout(within_s):
                self.kept.append(await self.read())
        except TimeoutError:
            return not self.kept
        return False


def _abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def eventually(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - the carrier is asked from outside, not told
            await asyncio.sleep(0.01)


def receipt(delivery: Any) -> tuple[str, str]:
    """Id and state, as the receipt's text has them; its optional parameters say the same."""
    found = re.search(r"id:(\S+) .*stat:(\S+) err", delivery.short_message.decode())
    assert found, delivery.short_message
    assert tlv(delivery, smpp34.TLV_RECEIPTED_MESSAGE_ID).as_string() == found[1]
    return found[1], found[2]


def tlv(message: Any, tag: int) -> Any:
    return next(tlv for tlv in message.tlvs if tlv.tag == tag)


class Stand:
    """A carrier, and connections to it that end with the test."""

    def __init__(self, network: SimulatedNetwork, carrier: SimulatedCarrier, stack: AsyncExitStack) -> None:
        self.network = network
        self.carrier = carrier
        self._stack = stack

    async def connect(self) -> Texter:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.carrier.smpp_port)
        self._stack.callback(_abort, writer)
        return Texter(reader, writer)

    async def bound(self, command: int = TRANSCEIVER, system_id: str = "gateway") -> Texter:
        texter = await self.connect()
        assert await texter.bind(system_id, command=command) == 0
        return texter

    @property
    def texts(self) -> list[TextSeen]:
        return self.carrier.seen(TextSeen)


@asynccontextmanager
async def carrier_stand(scenario: dict[str, Any] | None = None, **fields: Any) -> AsyncIterator[Stand]:
    """A carrier with the fields of `texts:` that it is given, on free ports."""
    options = {name: fields.pop(name) for name in ("ledger", "control_port", "clock") if name in fields}
    world = parse_scenario((scenario or {}) | {"texts": QUICK | fields})
    async with (
        simulated_network(world, **options) as network,
        simulated_carrier(network, 0, 0) as carrier,
        AsyncExitStack() as stack,
    ):
        yield Stand(network, carrier, stack)
