"""The audio line of one call: what is heard on it, which keys are pressed on it, and who hangs it up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from outdial.simulator.channel import Channel
from outdial.simulator.exchange import Exchange
from outdial.simulator.person import Intent, Person
from outdial.simulator.scenario import HANGUP

ANY_KEY = "0123456789*#ABCD"
_PRESS_S = 0.14  # from DTMFBegin to DTMFEnd, as measured
_RFC4733_MS = 280  # the length Asterisk then reports
_SIP_INFO_MS = 160
_SHORTEST_BARGED_S = 0.5


class HungUpError(Exception):
    """Raised wherever a call waits for something when its line is hung up."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why the line is dead: the Q.850 cause Hangup will carry."""

    cause: int


class Line:
    """Waits of a call happen here, so that a hang-up ends any of them at once."""

    def __init__(self, exchange: Exchange, channel: Channel, person: Person) -> None:
        self._exchange = exchange
        self._channel = channel
        self._person = person
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[str] | None = None
        self._accepted = ""
        self._intent: Intent | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self.ending: Ending | None = None
        self.on_hang_up: Callable[[], None] | None = None
        self.keys_pressed = ""

    def hang_up(self, cause: int) -> None:
        """End the call; the first one to hang up decides the cause."""
        if self.ending is not None:
            return
        self.ending = Ending(cause)
        self._resolve("")
        if self.on_hang_up is not None:
            self.on_hang_up()

    def check(self) -> None:
        """Raises HungUpError where the line is dead."""
        if self.ending is not None:
            raise HungUpError

    async def wait(self, seconds: float, accepted: str = "") -> str:
        """The first key of `accepted` pressed within `seconds`, or "". Raises HungUpError."""
        self.check()
        waiter = self._waiter = self._loop.create_future()
        self._accepted = accepted
        timer = self._loop.call_later(max(seconds, 0.0), self._resolve, "")
        try:
            key = await waiter
        finally:
            timer.cancel()
            self._waiter = None
        self.check()
        return key

    def _resolve(self, key: str) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(key)

    async def play(self, seconds: float, accepted: str) -> str:
        """Play a prompt that `accepted` keys cut short. A prompt nobody may cut short is only heard."""
        self._intent = None
        if not accepted:
            return await self.wait(seconds)
        self._mean_to_act(audio_s=seconds)
        return await self._wait_for_key(seconds, accepted)

    async def play_and_wait(self, audio_s: float, timeout_s: float) -> str:
        """Play a prompt, then wait `timeout_s` for a key: the first one of GET DATA."""
        if audio_s:
            self._intent = None
        self._mean_to_act(audio_s)
        return await self._wait_for_key(audio_s + timeout_s, ANY_KEY)

    async def wait_for_key(self, timeout_s: float, accepted: str = ANY_KEY) -> str:
        """Wait in silence: the person goes on with what they meant to press."""
        self._mean_to_act(audio_s=0.0)
        return await self._wait_for_key(timeout_s, accepted)

    async def _wait_for_key(self, seconds: float, accepted: str) -> str:
        try:
            return await self.wait(seconds, accepted)
        finally:
            self._put_down()

    def _mean_to_act(self, audio_s: float) -> None:
        """Time the next key. Keys are only begun while somebody listens, so none falls into a gap."""
        if self._intent is None:
            self._intent = self._person.next_intent()
        intent = self._intent
        if not intent.keys:
            return
        # Whoever barges in does so well before the prompt ends, whatever its length.
        delay_s = (
            min(intent.delay_s, 0.6 * audio_s) if intent.barges_in and audio_s else audio_s + intent.delay_s
        )
        self._timers.append(self._loop.call_later(delay_s, self._act, intent))

    def _put_down(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _act(self, intent: Intent) -> None:
        if self.ending is not None:
            return
        if intent.keys == HANGUP:
            intent.keys = ""
            self.hang_up_by_person()
            return
        key, intent.keys = intent.keys[0], intent.keys[1:]
        intent.delay_s = self._person.pause_between_keys_s()
        self._press(key)
        # Someone who types on while a prompt ignores the key is still typing.
        if intent.keys:
            self._timers.append(self._loop.call_later(_PRESS_S + intent.delay_s, self._act, intent))

    def _press(self, key: str) -> None:
        if self._exchange.scenario.dtmf == "info":
            self._release(key, _SIP_INFO_MS)
            return
        body = f"Digit: {key}\r\nDirection: Received\r\n"
        self._exchange.publish_channel("DTMFBegin", self._channel, body, "dtmf")
        self._loop.call_later(_PRESS_S, self._release, key, _RFC4733_MS)

    def _release(self, key: str, duration_ms: int) -> None:
        """The key counts when it is let go, for whoever listens then."""
        if self.ending is not None:
            return
        self.keys_pressed += key
        body = f"Digit: {key}\r\nDurationMs: {duration_ms}\r\nDirection: Received\r\n"
        self._exchange.publish_channel("DTMFEnd", self._channel, body, "dtmf")
        if key in self._accepted:
            self._resolve(key)

    def act_at_once(self) -> None:
        """The person has picked up and does what they mean to do before they have heard anything."""
        intent = self._person.plan.at_once
        if intent.keys:
            self._loop.call_later(intent.delay_s, self._act, intent)

    def hang_up_by_person(self) -> None:
        """The BYE of the called side: a cause only where it carries a Reason header."""
        if self.ending is not None:
            return
        cause = 16 if self._person.plan.sends_reason else 0
        self._exchange.publish_channel("HangupRequest", self._channel, f"Cause: {cause}\r\n" if cause else "")
        self.hang_up(cause)
