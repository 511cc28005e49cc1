"""The other end of FastAGI for the tests: connects as Asterisk does and answers from a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

ENVIRONMENT = (
    b"agi_network: yes\nagi_network_script: ivr\nagi_request: agi://127.0.0.1/ivr\n"
    b"agi_channel: PJSIP/trunk-00000001\nagi_uniqueid: call-1\nagi_callerid: 15550009999\n"
    b"agi_calleridname: Campaign: spring\nagi_arg_1: \n\n"
)
DEAD = "511 Command Not Permitted on a dead channel or intercept routine"
PATIENCE_S = 10


@dataclass(frozen=True)
class Peer:
    """One connection to the server under test."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read_command(self) -> str | None:
        """The next command, or None once the server has closed the connection."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                line = await self.reader.readline()
            except ConnectionError:
                return None
        return line.decode().removesuffix("\n") if line else None

    def reply(self, text: str) -> None:
        """Answer the last command."""
        self.writer.write(f"{text}\n".encode())

    async def follow(self, script: Sequence[tuple[str, str]]) -> None:
        """Expect each command and give its reply; then expect the server to close."""
        for expected, reply in script:
            assert await self.read_command() == expected
            self.reply(reply)
        assert await self.read_command() is None

    async def is_closed(self) -> bool:
        """Wait for the server to close; what it sent before is not looked at."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionError:
                pass
        return True


@asynccontextmanager
async def peer(port: int, opening: bytes = ENVIRONMENT) -> AsyncGenerator[Peer]:
    """Connect and send `opening`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(opening)
        yield Peer(reader, writer)
    finally:
        writer.transport.abort()
