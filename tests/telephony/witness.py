"""A manager client beside the dialer's, which hears every event of every call and judges by them alone."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from outdial.local_asterisk.asterisk import SECRET
from tests.dialer.stage import eventually

WITNESS = "witness"
# Sees every event that the simulator sends too, so that the two can be compared.
WITNESS_USER = f"""
[{WITNESS}]
secret = {SECRET}
read = call,dtmf,user,system
write = originate,call,reporting
"""
RECONNECT_AFTER_S = 0.1


@dataclass(frozen=True)
class Heard:
    """One event: its headers in the order in which they came."""

    headers: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """The value of a header; empty where there is none."""
        return next((value for header, value in self.headers if header == name), "")

    @property
    def event(self) -> str:
        """What happened."""
        return self.get("Event")

    @property
    def call_id(self) -> str:
        """The channel it happened to."""
        return self.get("Uniqueid") or self.get("DestUniqueid")


@dataclass(frozen=True)
class Placed:
    """One originate, as it came to be a call; `at` in epoch seconds."""

    channel_id: str
    number: str
    at: float


@dataclass
class Witness:
    """What was heard so far, and which channels there are."""

    port: int
    user: str = WITNESS
    calls: dict[str, list[Heard]] = field(default_factory=lambda: defaultdict(list))
    live: set[str] = field(default_factory=set)
    answers: dict[str, Heard] = field(default_factory=dict)
    _writer: asyncio.StreamWriter | None = None

    def heard(self, event: str, **values: str) -> list[Heard]:
        """Every such event, of whichever call."""
        return [
            one
            for events in self.calls.values()
            for one in events
            if one.event == event and all(one.get(name) == value for name, value in values.items())
        ]

    @property
    def originates(self) -> list[Placed]:
        """Every call that was placed, as often as it was: what the invariants are held against."""
        return [placed for call_id, events in self.calls.items() for placed in _placed(call_id, events)]

    @property
    def live_channels(self) -> list[str]:
        """The calls that have not ended."""
        return sorted(self.live)

    def send(self, **headers: str) -> None:
        """Say something to the manager; what it answers comes among `answers`."""
        assert self._writer is not None, "the witness has no link"
        self._writer.write(
            ("".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode()
        )

    async def ask(self, **headers: str) -> Heard:
        """Say something to the manager and wait for what it answers."""
        action_id = f"asked-{len(self.answers)}"
        self.send(**headers, ActionID=action_id)
        await eventually(lambda: action_id in self.answers)
        return self.answers[action_id]

    async def listen(self) -> None:
        """Hear everything until cancelled, through restarts of the other side."""
        while True:
            with suppress(OSError, EOFError):
                await self._listen_once()
            self._writer = None
            # Its link breaks with the telephony side alone, and all channels with it.
            self.live.clear()
            await asyncio.sleep(RECONNECT_AFTER_S)

    @property
    def is_listening(self) -> bool:
        """Whether it has been let in."""
        return self._writer is not None

    async def _listen_once(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        try:
            await reader.readline()
            writer.write(
                f"Action: Login\r\nUsername: {self.user}\r\nSecret: {SECRET}\r\nEvents: on\r\n\r\n".encode()
            )
            while True:
                self._take(await reader.readuntil(b"\r\n\r\n"), writer)
        finally:
            writer.transport.abort()

    def _take(self, block: bytes, writer: asyncio.StreamWriter) -> None:
        lines = block.decode().strip("\r\n").split("\r\n")
        heard = Heard(tuple((name, value) for name, _, value in (line.partition(": ") for line in lines)))
        if heard.get("Message") == "Authentication accepted":
            self._writer = writer
        if heard.get("Response") and not heard.event:
            self.answers[heard.get("ActionID")] = heard
        if not heard.event or not heard.call_id:
            return
        self.calls[heard.call_id].append(heard)
        if heard.event == "Newchannel":
            self.live.add(heard.call_id)
        elif heard.event == "Hangup":
            self.live.discard(heard.call_id)


@asynccontextmanager
async def witness_of(port: int, user: str = WITNESS) -> AsyncIterator[Witness]:
    """A witness that listens until the block ends; one that logs in as somebody else hears what they may."""
    witness = Witness(port, user)
    listening = asyncio.create_task(witness.listen())
    try:
        await eventually(lambda: witness.is_listening)
        yield witness
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


def _placed(call_id: str, events: list[Heard]) -> list[Placed]:
    began = [event for event in events if event.event == "Newchannel"]
    # Through an endpoint that does not exist no channel comes to be: the failure is all there is.
    began = began or [event for event in events if event.event == "OriginateResponse"]
    dialled = next((event.get("DialString") for event in events if event.get("DialString")), "")
    return [Placed(call_id, dialled.partition("@")[0], float(event.get("Timestamp"))) for event in began]
