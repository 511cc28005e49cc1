"""Who picked up, a person or a machine, and the message for a machine. Used by `walks`, before the flow."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg import OperationalError

from outdial.dialer.agi_session import REPLY_TIMEOUT_S, AgiSession, CallerHungUp
from outdial.dialer.ivr_voice import LOCATE_TIMEOUT_S, Locate
from outdial.domain.answering_machines import AnsweringMachines, MachineMessage, WhoAnswered
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ivr.flow import KEYS, OPT_OUT_KEY
from outdial.domain.ivr.walk import LAST_CHANCE_S
from outdial.telemetry.logs import get_logger

LATE_KEY_S = 0.2
"""The manager's word of a key, on a link of its own, may come so much later than AGI's reply."""

EFFECT_TIMEOUT_S = 5.0
NO_SUCH_APPLICATION = -2
HUNG_UP = "HANGUP"

log = get_logger(__name__)


@dataclass
class Answering:
    """What is known of whoever picked up, filled in as the call goes on.

    AMD() and WaitForSilence() throw away the keys that are pressed while they listen: only the manager tells
    of those, and of keys before AGI begins. They are gathered here. Machines press none, so any key shows
    that a person is there.
    """

    who: WhoAnswered | None = None
    detected: str | None = None
    message: MachineMessage | None = None
    keys: str = ""
    _takes_keys_until: float = field(default=math.inf, init=False)

    @property
    def wants_out(self) -> bool:
        """Has somebody opted out before they were asked anything?"""
        return OPT_OUT_KEY in self.keys

    def take_key(self, key: str) -> None:
        """A key of which the manager told; those that AGI sees too pass by."""
        if _now() < self._takes_keys_until:
            self.note_key(key)

    def note_key(self, key: str | None) -> None:
        """A key was pressed, or none."""
        if key:
            self.keys += key
            self.who = WhoAnswered.PERSON

    def leave_keys_to_agi(self) -> None:
        """From now on AGI sees every key."""
        self._takes_keys_until = -math.inf

    @contextmanager
    def told_of_keys(self) -> Generator[None]:
        """While the block runs, and a moment longer, the manager alone tells of keys."""
        self._takes_keys_until = math.inf
        try:
            yield
        finally:
            self._takes_keys_until = _now() + LATE_KEY_S


@dataclass(frozen=True, slots=True)
class MessageEffects:
    """What a message for a machine asks of the world outside the call."""

    may_leave: Callable[[], Awaitable[bool]]
    note_begins: Callable[[], Awaitable[bool]]
    locate: Locate


async def find_out_who(session: AgiSession, amd: AnsweringMachines, answering: Answering) -> None:
    """Listen who picked up. Raises CallerHungUp where they do not stay."""
    with answering.told_of_keys():
        await _listen(session, amd, answering)
        if answering.who is WhoAnswered.MACHINE:
            await asyncio.sleep(LATE_KEY_S)


async def leave_message(
    session: AgiSession, amd: AnsweringMachines, answering: Answering, effects: MessageEffects
) -> None:
    """Play the message once the machine has said its own, unless one was left before. Raises CallerHungUp.

    Any key ends it: a person has picked up.
    """
    audio = await _message_audio(amd, effects)
    if audio is None or not await _is_recording(session, amd, answering) or answering.keys:
        return
    if not await _agreed(effects.note_begins):
        return
    # What a hang-up in the middle of it leaves behind.
    answering.message = MachineMessage.CUT
    playback = await session.stream_file(audio, KEYS)
    if playback.key is None:
        answering.message = MachineMessage.LEFT if playback.heard else MachineMessage.UNPLAYED
    answering.note_key(playback.key or await session.wait_for_digit(LAST_CHANCE_S))


def amd_arguments(amd: AnsweringMachines) -> str:
    """The thresholds in the order in which AMD() takes them, all of them: nothing is left to amd.conf."""
    thresholds = (
        amd.initial_silence_ms,
        amd.greeting_ms,
        amd.after_greeting_silence_ms,
        amd.total_analysis_ms,
        amd.minimum_word_ms,
        amd.between_words_silence_ms,
        amd.maximum_words,
        amd.silence_threshold,
        amd.maximum_word_ms,
    )
    return ",".join(str(threshold) for threshold in thresholds)


async def _listen(session: AgiSession, amd: AnsweringMachines, answering: Answering) -> None:
    result = await session.exec("AMD", amd_arguments(amd), amd.total_analysis_ms / 1000 + REPLY_TIMEOUT_S)
    if result == NO_SUCH_APPLICATION:
        # Whoever it is, they are not to wait in silence for what cannot be.
        log.error("Asterisk cannot detect answering machines: load app_amd.so, which needs an amd.conf")
        answering.who = WhoAnswered.PERSON
        return
    answering.detected = (await session.evaluate("${AMDSTATUS} ${AMDCAUSE}")).strip()
    status = answering.detected.partition(" ")[0]
    if status == HUNG_UP:
        raise CallerHungUp("the caller hung up while Asterisk listened who they are")
    if not answering.keys:
        answering.who = _WHO.get(status, amd.not_sure)


_WHO = {"HUMAN": WhoAnswered.PERSON, "MACHINE": WhoAnswered.MACHINE}


async def _message_audio(amd: AnsweringMachines, effects: MessageEffects) -> str | None:
    """What Asterisk is to play; None where it cannot be had, or was left before."""
    if amd.message_url is None or not await _agreed(effects.may_leave):
        return None
    try:
        async with asyncio.timeout(LOCATE_TIMEOUT_S):
            return await effects.locate(amd.message_url)
    except (InvalidInput, Unavailable, TimeoutError) as error:
        log.warning("the message for machines could not be found", reason=str(error) or "timeout")
        return None


async def _is_recording(session: AgiSession, amd: AnsweringMachines, answering: Answering) -> bool:
    """Wait until the machine is silent for longer than it pauses before its beep.

    Asterisk 22 can wait for a tone of one frequency (WaitForTone), but beeps have no common one, and some
    machines have none. It can wait for silence, and so cannot tell a machine that records from one that
    draws breath: `message_after_silence_ms` is longer than breaths and the pause before a beep are.
    """
    limit_s = amd.greeting_at_most_seconds
    with answering.told_of_keys():
        arguments = f"{amd.message_after_silence_ms},1,{limit_s}"
        await session.exec("WaitForSilence", arguments, limit_s + REPLY_TIMEOUT_S)
        status = await session.get_variable("WAITSTATUS")
    if status == HUNG_UP:
        raise CallerHungUp("the machine hung up")
    return status == "SILENCE"


async def _agreed(ask: Callable[[], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(EFFECT_TIMEOUT_S):
            return await ask()
    except (OperationalError, TimeoutError) as error:
        # Without a record of it the message could be left again and again.
        log.warning("no message is left: the database does not answer", reason=str(error) or "timeout")
        return False


def _now() -> float:
    return asyncio.get_running_loop().time()
