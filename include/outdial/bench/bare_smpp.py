"""A bare SMPP client that floods a carrier with texts: its ceiling, with which the gateway is compared.

It asks nobody whether a text may go and writes nothing down, but acknowledges receipts, as every client must.
`python -m outdial.bench.bare_smpp PORT USER PASSWORD TEXTS WINDOW` prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import resource
import struct
import sys
from typing import Any, cast

from smpp34 import SubmitSm

HEADER = struct.Struct(">IIII")
BIND, SUBMIT, DELIVER, ENQUIRE, ANSWER = 0x09, 0x04, 0x05, 0x15, 0x80000000
BODY = b"Hello friend, we meet on Sunday. Reply STOP to opt out"
WITHIN_S = 300
RECEIPTS_WITHIN_S = 20


class BareClient(asyncio.Protocol):
    """Keeps `window` texts unanswered until all are taken and their receipts are in."""

    def __init__(self, texts: int, window: int) -> None:
        self.taken = self.receipts = self.sent = 0
        self.bound, self.all_taken, self.all_told = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._texts, self._window = texts, window
        self._unread = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def bind(self, user: str, password: str) -> None:
        """Say who we are; `bound` is set once the carrier agrees."""
        names = b"".join(name.encode() + b"\0" for name in (user, password, ""))
        self._write(BIND, 1, names + b"\x34\0\0\0")

    def flood(self) -> None:
        """Begin; the rest follows the answers."""
        for _ in range(min(self._window, self._texts)):
            self._submit()

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while len(self._unread) >= HEADER.size:
            length, command, status, sequence = HEADER.unpack_from(self._unread)
            if len(self._unread) < length:
                return
            del self._unread[:length]
            self._take(command, status, sequence)

    def _take(self, command: int, status: int, sequence: int) -> None:
        if command == ANSWER | SUBMIT and status == 0:
            self.taken += 1
            if self.sent < self._texts:
                self._submit()
            elif self.taken == self._texts:
                self.all_taken.set()
        elif command == DELIVER:
            self._write(ANSWER | DELIVER, sequence, b"\0")
            self.receipts += 1
            if self.receipts == self._texts:
                self.all_told.set()
        elif command == ANSWER | BIND and status == 0:
            self.bound.set()
        elif command == ENQUIRE:
            self._write(ANSWER | ENQUIRE, sequence)

    def _submit(self) -> None:
        to = f"1999{self.sent:07}"
        self.sent += 1
        submit = SubmitSm("12025559999", to, BODY, registered_delivery=1, sequence_number=self.sent + 1)
        self._transport.write(submit.encode())

    def _write(self, command: int, sequence: int, body: bytes = b"") -> None:
        self._transport.write(HEADER.pack(HEADER.size + len(body), command, 0, sequence) + body)


async def flood(port: int, user: str, password: str, load: tuple[int, int]) -> dict[str, Any]:
    """Flood the carrier on `port` with `load` = (texts, window); what came of it, and our own CPU."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: BareClient(*load), "127.0.0.1", port)
    client.bind(user, password)
    async with asyncio.timeout(WITHIN_S):
        await client.bound.wait()
        began_s, before = loop.time(), _cpu_s()
        client.flood()
        await client.all_taken.wait()
        took_s, used_s = loop.time() - began_s, _cpu_s() - before
    async with asyncio.timeout(RECEIPTS_WITHIN_S):
        await client.all_told.wait()
    return {
        "texts": client.taken,
        "receipts": client.receipts,
        "texts_per_second": client.taken / took_s,
        "cpu_share": used_s / took_s,
    }


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    _port, _user, _password, _texts, _window = sys.argv[1:]
    _load = (int(_texts), int(_window))
    print(json.dumps(asyncio.run(flood(int(_port), _user, _password, _load))))  # noqa: T201 - its answer
