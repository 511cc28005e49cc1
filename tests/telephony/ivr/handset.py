"""A telephone in a test's hands: it answers, tells prompts by their tones, speaks and presses keys."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.telephony.ivr import sip
from tests.telephony.ivr.tones import FRAME_SAMPLES, SILENCE, VOICE, tone_of

KEYS = "0123456789*#"
FRAME_S = 0.02
PCMU, EVENT = 0, 101
FRAMES_OF_A_PROMPT = 3
LAST_PACKETS = 3
Dtmf = Literal["rfc4733", "info"]
Person = Callable[["Call"], Awaitable[None]]


@dataclass(frozen=True)
class Prompt:
    """A tone that began to sound, at loop time `at`."""

    hz: int
    at: float


@dataclass(eq=False)
class Call:
    """One call, from the called side."""

    phone: Handset
    invite: sip.Message
    peer: tuple[str, int]
    prompts: list[Prompt] = field(default_factory=list[Prompt])
    answered_at: float = 0.0
    first_packet_at: float = 0.0
    first_sound_at: float = 0.0
    heard: bytearray = field(default_factory=bytearray)
    is_speaking: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    _answers: dict[int, asyncio.Future[str]] = field(default_factory=dict[int, asyncio.Future[str]])
    _audio: asyncio.DatagramTransport | None = None
    _sent: int = 0
    _time: int = 0
    _requests: int = 0
    _sounding: tuple[int, int] = (0, 0)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def number(self) -> str:
        """Who was called."""
        return self.invite.dialled

    @property
    def tag(self) -> str:
        """Our side of the dialogue."""
        return f"h{id(self):x}"

    async def hears(self, nth: int, within_s: float = 15) -> Prompt:
        """Wait for the `nth` prompt of the call, from 0."""
        async with asyncio.timeout(within_s):
            while len(self.prompts) <= nth:
                self._news.clear()
                await self._news.wait()
        return self.prompts[nth]

    async def press(self, keys: str, how: Dtmf, hold_s: float = 0.08, gap_s: float = 0.08) -> None:
        """Press keys one after another."""
        for key in keys:
            await (self._tone_event(key, hold_s) if how == "rfc4733" else self._info(key))
            await asyncio.sleep(gap_s)

    async def speak(self, seconds: float) -> None:
        """Say something for so long."""
        self.is_speaking = True
        await asyncio.sleep(seconds)
        self.is_speaking = False

    async def hang_up(self) -> None:
        """Say BYE."""
        await self._ask("BYE")
        self.ended.set()

    async def live(self, person: Person, ring_s: float) -> None:
        """Ring, answer, let the person do as they do, until either side hangs up."""
        self._reply("180 Ringing")
        await asyncio.sleep(ring_s)
        loop = asyncio.get_running_loop()
        self._audio, _ = await loop.create_datagram_endpoint(lambda: _Ear(self), local_addr=("127.0.0.1", 0))
        talking = asyncio.create_task(self._talk())
        acting = asyncio.create_task(self._act(person))
        try:
            self.answered_at = loop.time()
            self._reply("200 OK", sip.audio_offer(*self._audio.get_extra_info("sockname")[:2]))
            await self.ended.wait()
        finally:
            for task in (talking, acting):
                task.cancel()
            await asyncio.wait([talking, acting])
            self._audio.close()

    async def _act(self, person: Person) -> None:
        try:
            await person(self)
        except Exception as error:  # noqa: BLE001 - the test that holds the phone raises it
            self.phone.failures.append(error)

    def on_message(self, message: sip.Message) -> None:
        match message.method:
            case "ACK":
                self.acknowledged.set()
            case "BYE":
                self.phone.send(sip.response(message, "200 OK", self.phone.contact, self.tag), self.peer)
                self.ended.set()
            case "CANCEL":
                self.phone.send(sip.response(message, "200 OK", self.phone.contact, self.tag), self.peer)
                self._reply("487 Request Terminated")
                self.ended.set()
            case "SIP/2.0":
                answer = self._answers.get(int(message.header("cseq").split()[0]))
                if answer and not answer.done():
                    answer.set_result(message.first)
            case _:
                pass

    def on_audio(self, packet: bytes) -> None:
        now = asyncio.get_running_loop().time()
        self.first_packet_at = self.first_packet_at or now
        if packet[1] & 0x7F != PCMU:
            return
        self.heard += packet[12:]
        hz, frames = tone_of(packet[12:]), 1
        if hz:
            self.first_sound_at = self.first_sound_at or now
        if hz == self._sounding[0]:
            frames = self._sounding[1] + 1
        self._sounding = (hz, frames)
        # Fewer frames are the join of two tones, or a packet that was cut.
        if hz in self.phone.tones and frames == FRAMES_OF_A_PROMPT:
            self.prompts.append(Prompt(hz, now - (FRAMES_OF_A_PROMPT - 1) * FRAME_S))
            self._news.set()

    async def _talk(self) -> None:
        loop = asyncio.get_running_loop()
        began_at, frames = loop.time(), 0
        while True:
            self._send(PCMU, VOICE if self.is_speaking else SILENCE, self._time)
            self._time += FRAME_SAMPLES
            frames += 1
            await asyncio.sleep(began_at + frames * FRAME_S - loop.time())

    async def _tone_event(self, key: str, hold_s: float) -> None:
        code, began = KEYS.index(key), self._time
        packets = max(2, round(hold_s / FRAME_S))
        for nth in range(packets):
            self._send(EVENT, struct.pack("!BBH", code, 10, (nth + 1) * FRAME_SAMPLES), began, first=nth == 0)
            await asyncio.sleep(FRAME_S)
        for _ in range(LAST_PACKETS):
            self._send(EVENT, struct.pack("!BBH", code, 0x80 | 10, packets * FRAME_SAMPLES), began)

    async def _info(self, key: str) -> None:
        await self._ask("INFO", "application/dtmf-relay", f"Signal={key}\r\nDuration=160\r\n")

    async def _ask(self, method: str, kind: str = "", body: str = "") -> None:
        await self.acknowledged.wait()
        self._requests += 1
        answer = self._answers[self._requests] = asyncio.get_running_loop().create_future()
        dialogue = sip.Dialogue(self.invite, self.phone.contact, self.tag)
        self.phone.send(sip.request(dialogue, method, self._requests, kind, body), self.peer)
        async with asyncio.timeout(5):
            assert " 200 " in await answer

    def _reply(self, status: str, sdp: str = "") -> None:
        self.phone.send(sip.response(self.invite, status, self.phone.contact, self.tag, sdp), self.peer)

    def _send(self, kind: int, payload: bytes, at: int, *, first: bool = False) -> None:
        if self._audio is None or self._audio.is_closing():
            return
        self._sent += 1
        marked = kind | (0x80 if first else 0)
        head = struct.pack(
            "!BBHII", 0x80, marked, self._sent & 0xFFFF, at & 0xFFFFFFFF, id(self) & 0xFFFFFFFF
        )
        self._audio.sendto(head + payload, self.invite.audio_at)


@dataclass(eq=False)
class _Ear(asyncio.DatagramProtocol):
    call: Call

    def datagram_received(self, data: bytes, _addr: Any) -> None:
        self.call.on_audio(data)


@dataclass(eq=False)
class Handset(asyncio.DatagramProtocol):
    """Answers the calls on its port; `person_of` says by its number who picks up. None lets it ring.

    Only `tones` are prompts; a beep is none.
    """

    person_of: Callable[[str], Person | None]
    tones: frozenset[int]
    ring_s: float = 0.05
    calls: dict[str, Call] = field(default_factory=dict[str, Call])
    failures: list[Exception] = field(default_factory=list[Exception])
    contact: str = ""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        host, port = transport.get_extra_info("sockname")[:2]
        self.contact = f"sip:{host}:{port}"

    def send(self, data: bytes, peer: tuple[str, int]) -> None:
        self._transport.sendto(data, peer)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = sip.Message.parse(data)
        key = message.header("call-id")
        if key in self.calls:
            self.calls[key].on_message(message)
        elif message.method == "INVITE":
            call = self.calls[key] = Call(self, message, addr)
            person = self.person_of(call.number)
            task = asyncio.create_task(call.live(person, self.ring_s) if person else self._ring(call))
            self._tasks.add(task)

    async def _ring(self, call: Call) -> None:
        self.send(sip.response(call.invite, "180 Ringing", self.contact, call.tag), call.peer)
        await call.ended.wait()

    async def close(self) -> None:
        """Put everything down."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._transport.close()

    def of(self, number: str) -> Call:
        """The call to this number."""
        return next(call for call in self.calls.values() if call.number == number)


@asynccontextmanager
async def a_handset(
    port: int, person_of: Callable[[str], Person | None], tones: frozenset[int]
) -> AsyncIterator[Handset]:
    """A telephone on a port of this machine; what its people failed at is raised when it is put down."""
    loop = asyncio.get_running_loop()
    _, handset = await loop.create_datagram_endpoint(
        lambda: Handset(person_of, tones), local_addr=("127.0.0.1", port)
    )
    try:
        yield handset
    finally:
        await handset.close()
    if handset.failures:
        raise ExceptionGroup("people on the phone", handset.failures)
