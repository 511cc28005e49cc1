"""A manager client and a FastAGI server of the tests' own, so that the simulator is never its own judge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from outdial.simulator.network import SimulatedNetwork, simulated_network
from outdial.simulator.scenario import parse_scenario

NUMBER = "15551230001"
QUICK: dict[str, Any] = {
    "ring_s": 0.03,
    "refuse_s": 0.02,
    "patience_s": 20,
    "prompt_s": 0.6,
    "key_delay_s": 0.05,
    "barge_in": 0,
    "q850": 0,
    "prompts": {"short": 0.1},
    "dialplan": {
        "campaign-ivr": {"s": ["AGI(${AGI_URL})", "Hangup()"]},
        "wait": {"s": ["Wait(20)", "Hangup()"]},
        "short": {"s": ["Wait(0.05)", "Hangup()"]},
        "busy": {"s": ["Wait(0.05)", "Hangup(17)"]},
        "falls-off": {"s": ["Wait(0.05)"]},
    },
}


class Packet(list[tuple[str, str]]):
    """The headers of one message in the order they came."""

    def __getitem__(self, name: Any) -> Any:
        return next(value for key, value in self if key == name)

    def get(self, name: str) -> str | None:
        return next((value for key, value in self if key == name), None)

    @property
    def names(self) -> list[str]:
        return [key for key, _ in self]


class Ami:
    """A manager client that knows lines and blank lines, and nothing else."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.seen: list[Packet] = []

    def write(self, **headers: object) -> None:
        given = headers.pop("Variable", [])
        variables = [given] if isinstance(given, str) else given
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        lines += [f"Variable: {value}\r\n" for value in variables]
        self.writer.write(("".join(lines) + "\r\n").encode())

    async def read(self) -> Packet:
        """The next message; stray blank lines before it are skipped, as clients must."""
        async with asyncio.timeout(10):
            block = (await self.reader.readuntil(b"\r\n\r\n")).decode().lstrip("\r\n")
        packet = Packet(
            (name, value) for name, value in (line.split(": ", 1) for line in block.splitlines() if line)
        )
        self.seen.append(packet)
        return packet

    async def ask(self, **headers: object) -> Packet:
        """Send an action and read to its Response."""
        self.write(**headers)
        while (packet := await self.read()).get("Response") is None or packet.get("Event"):
            pass
        return packet

    async def until(self, event: str, **values: str) -> Packet:
        """Read to the first such event, among what was read since too."""
        while True:
            packet = await self.read()
            if packet.get("Event") == event and all(
                packet.get(key) == value for key, value in values.items()
            ):
                return packet

    async def log_in(self, secret: str = "dialer", **more: object) -> Packet:
        assert await self.reader.readline() == b"Asterisk Call Manager/11.0.0\r\n"
        return await self.ask(Action="Login", ActionID="l1", Username="dialer", Secret=secret, **more)

    def originate(self, channel_id: str = "c1", **headers: object) -> None:
        given: dict[str, object] = {
            "Action": "Originate",
            "ActionID": f"a-{channel_id}",
            "Channel": f"PJSIP/{NUMBER}@trunk",
            "Context": "wait",
            "Exten": "s",
            "Priority": 1,
            "Timeout": 5000,
            "CallerID": '"Campaign" <15550009999>',
            "Async": "true",
            "ChannelId": channel_id,
        }
        self.write(**{name: value for name, value in (given | headers).items() if value is not None})

    async def quiet(self, within_s: float = 0.25) -> list[Packet]:
        """Everything read so far and in the time given: shows that something does not come."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    await self.read()
        except TimeoutError:
            return self.seen

    @property
    def events(self) -> list[str]:
        return [packet["Event"] for packet in self.seen if packet.get("Event")]


def _abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


class Phones:
    """A running network, and clients that are closed with it."""

    def __init__(self, network: SimulatedNetwork, stack: AsyncExitStack) -> None:
        self.network = network
        self._stack = stack

    async def connect(self) -> Ami:
        reader, writer = await asyncio.open_connection(self.network.host, self.network.ami_port, limit=2**22)
        self._stack.callback(_abort, writer)
        return Ami(reader, writer)

    async def client(self) -> Ami:
        """A client that has logged in and read FullyBooted."""
        client = await self.connect()
        assert (await client.log_in())["Response"] == "Success"
        await client.until("FullyBooted")
        client.seen.clear()
        return client


@asynccontextmanager
async def _phones(**scenario: Any) -> AsyncIterator[Phones]:
    options = {name: scenario.pop(name) for name in ("ledger", "control_port", "clock") if name in scenario}
    async with (
        simulated_network(parse_scenario(QUICK | scenario), **options) as network,
        AsyncExitStack() as stack,
    ):
        yield Phones(network, stack)


@pytest.fixture
async def phones() -> AsyncIterator[Callable[..., Awaitable[Phones]]]:
    """Starts a quick network with the scenario fields it is given."""
    async with AsyncExitStack() as stack:
        yield lambda **scenario: stack.enter_async_context(_phones(**scenario))


class AgiSession:
    """One FastAGI connection, at the server's end."""

    def __init__(
        self, environment: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.environment = environment
        self.reader, self.writer = reader, writer

    async def line(self) -> str:
        async with asyncio.timeout(10):
            return (await self.reader.readline()).decode().rstrip("\n")

    async def send(self, command: str) -> str:
        self.writer.write(command.encode() + b"\n")
        return await self.line()

    def close(self) -> None:
        self.writer.close()


class AgiServer:
    """Accepts FastAGI connections and hands them over one by one."""

    def __init__(self) -> None:
        self.port = 0
        self._arrived: asyncio.Queue[AgiSession] = asyncio.Queue()

    @property
    def variable(self) -> str:
        return f"AGI_URL=agi://127.0.0.1:{self.port}/ivr"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        header = (await reader.readuntil(b"\n\n")).decode()
        await self._arrived.put(AgiSession(header.splitlines()[:-1], reader, writer))

    async def session(self) -> AgiSession:
        async with asyncio.timeout(10):
            return await self._arrived.get()


@pytest.fixture
async def agi() -> AsyncIterator[AgiServer]:
    """A FastAGI server on a free port."""
    server = AgiServer()
    writers: list[asyncio.StreamWriter] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await server.take(reader, writer)

    listener = await asyncio.start_server(take, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield server
        for writer in writers:
            writer.transport.abort()
