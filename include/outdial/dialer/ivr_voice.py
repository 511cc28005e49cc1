"""Prompts and keys on one call: what the IVR says and what comes back, through an AGI session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from outdial.dialer.agi_session import AgiSession
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ivr.flow import KEYS
from outdial.domain.ivr.speech import Prompt, Speech
from outdial.domain.ivr.steps import Ask, Play
from outdial.telemetry.logs import get_logger

BEEP = "beep"
LOCATE_TIMEOUT_S = 5.0
SPEAK_TIMEOUT_S = 1.0
"""Nobody stays for longer silence; what is late for this prompt is at hand for the next."""

log = get_logger(__name__)

Locate = Callable[[Prompt], Awaitable[str]]
"""From a prompt to what Asterisk plays. Raises InvalidInput or Unavailable."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The IVR's voice and ear on one call."""

    session: AgiSession
    call_id: str
    locate: Locate

    async def play(self, step: Play) -> str | None:
        """Play one prompt; returns the key that stopped it, or that came while we listened after it."""
        key = await self._prompt(step.prompt, step.interrupt_by)
        return key or await self._listen(step.interrupt_by, step.listen_s)

    async def ask(self, step: Ask) -> str:
        """Play prompts and take keys; returns them without the terminator, and nothing for silence."""
        *before, last = step.prompts or (None,)
        key = await self._first_key(before)
        if key is None and step.max_digits > 1 and step.terminator == "#":
            digits = await self._get_data(step, last)
            if digits is not None:
                return digits
        else:
            # GET DATA would take # for a terminator, which in a menu is a key like any other.
            key = key or await self._prompt(last, KEYS)
        return await self._type(step, key or await self._key(step))

    async def beep(self, interrupt_by: str) -> str | None:
        """The sign to begin speaking; the key of `interrupt_by` that came meanwhile."""
        return (await self.session.stream_file(BEEP, interrupt_by)).key

    async def _first_key(self, prompts: Sequence[Prompt | None]) -> str | None:
        for prompt in prompts:
            if key := await self._prompt(prompt, KEYS):
                return key
        return None

    async def _prompt(self, prompt: Prompt | None, keys: str) -> str | None:
        found = await self._found(prompt)
        if found is None:
            return None
        playback = await self.session.stream_file(found, keys)
        self._note_heard(playback.heard, prompt)
        return playback.key

    async def _get_data(self, step: Ask, prompt: Prompt | None) -> str | None:
        """Asterisk itself collects the keys, so that none is lost between two commands. None: not played."""
        found = await self._found(prompt)
        if found is None:
            return None
        entry = await self.session.get_data(found, step.timeout_s, step.max_digits)
        self._note_heard(entry.heard, prompt)
        return entry.digits if entry.heard else None

    async def _type(self, step: Ask, key: str) -> str:
        """The keys from the first one on, each within the time the step allows."""
        digits = ""
        while key and not (key == step.terminator and step.max_digits > 1):
            digits += key
            if len(digits) >= step.max_digits:
                break
            key = await self._key(step)
        return digits

    async def _key(self, step: Ask) -> str:
        return await self.session.wait_for_digit(step.timeout_s) or ""

    async def _listen(self, keys: str, listen_s: float) -> str | None:
        """The first key that stands in `keys`; others do not end the wait."""
        loop = asyncio.get_running_loop()
        ends_at, left_s = loop.time() + listen_s, listen_s
        while left_s > 0:
            key = await self.session.wait_for_digit(left_s)
            if key is None or key in keys:
                return key
            left_s = ends_at - loop.time()
        return None

    async def _found(self, prompt: Prompt | None) -> str | None:
        """Where the prompt is; speech that cannot be made gives way to the audio written beside it."""
        if not prompt:
            return None
        try:
            async with asyncio.timeout(SPEAK_TIMEOUT_S if isinstance(prompt, Speech) else LOCATE_TIMEOUT_S):
                return await self.locate(prompt)
        except (InvalidInput, Unavailable, TimeoutError) as error:
            reason = str(error) or "timeout"
            log.warning("audio could not be found", call_id=self.call_id, audio=str(prompt), reason=reason)
        return await self._found(prompt.instead) if isinstance(prompt, Speech) else None

    def _note_heard(self, heard: bool, prompt: Prompt | None) -> None:
        if not heard:
            log.warning("audio could not be played", call_id=self.call_id, audio=str(prompt))
