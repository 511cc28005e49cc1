"""Who picks up where machines are listened for: how they speak, what they press, what must come of each.

The same people are a handset's and the simulated network's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from outdial.local_asterisk.asterisk import SECRET
from outdial.simulator.scenario import Scenario, parse_scenario
from tests.telephony.ivr.handset import Call, Dtmf, Person
from tests.telephony.ivr.people import HANG_UP, PROMPT_S
from tests.telephony.witness import WITNESS

SPEAKS_AFTER_S = 0.1
PRESSES_AFTER_S = 0.5
BEEP_AFTER_S, BEEP_S = 0.4, 0.3
REACTION_S = 0.3

PROMPT, MESSAGE, REMOVED = "welcome", "leave", "removed"
"""The flow's prompt, the message for machines, and what confirms an opt-out: by the names of their tones."""

FLOW = {
    "startNodeId": "welcome",
    "optOutAudioUrl": f"storage:{REMOVED}.wav",
    "nodes": [
        {"id": "welcome", "type": "play_audio", "audioUrl": f"storage:{PROMPT}.wav", "timeoutSeconds": 0.3}
    ],
}
WALKED = ("welcome",)


@dataclass(frozen=True)
class PicksUp:
    """Somebody, or some machine, that picks up, and what must come of it.

    They speak for `speaks_s`; a machine then beeps. `at_once` is pressed while they are listened to, `later`
    when they begin to hear something; "hangup" is one more key. They leave after `stays_s`.
    """

    name: str
    speaks_s: float
    detected: str
    disposition: str
    hears: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    message: str | None = None
    beeps: bool = False
    at_once: str = ""
    later: str = ""
    stays_s: float = 60

    @property
    def opted_out(self) -> bool:
        """Have they pressed 9?"""
        return "9" in self.at_once + self.later


LONG = "MACHINE LONGGREETING"
WHERE_MESSAGES_ARE_LEFT = (
    PicksUp("says hello", 0.5, "HUMAN HUMAN", "answered", (PROMPT,), WALKED),
    PicksUp("says nothing", 0, "NOTSURE TOOLONG", "answered", (PROMPT,), WALKED),
    PicksUp("opts out at once", 0, "NOTSURE TOOLONG", "answered", (REMOVED,), ("amd=9",), at_once="9"),
    PicksUp("hangs up at once", 0, "HANGUP", "answered", at_once=HANG_UP),
    PicksUp("is a machine", 2.5, LONG, "machine", (MESSAGE,), (), "left", beeps=True),
    PicksUp("is a machine that hangs up in its greeting", 9, LONG, "machine", stays_s=2.2),
    PicksUp("is a machine that hangs up in ours", 2.5, LONG, "machine", (MESSAGE,), (), "cut", later=HANG_UP),
    PicksUp("talks, then opts out", 2.5, LONG, "answered", (MESSAGE, REMOVED), ("amd=9",), "cut", later="9"),
    PicksUp("talks, then presses a key", 2.5, LONG, "answered", (MESSAGE, PROMPT), WALKED, "cut", later="5"),
    PicksUp("talks and presses a key", 2.5, LONG, "answered", (PROMPT,), WALKED, at_once="5"),
    PicksUp("opts out and is gone", 0, "HANGUP", "answered", (), ("amd=9",), at_once="9", stays_s=1.0),
)
WHERE_MACHINES_ARE_HUNG_UP_ON = (
    PicksUp("says hello there", 0.5, "HUMAN HUMAN", "answered", (PROMPT,), WALKED),
    PicksUp("is a machine in vain", 9, LONG, "machine"),
    PicksUp("talks and opts out", 9, LONG, "answered", (REMOVED,), ("amd=9",), at_once="9"),
)
WHERE_DOUBT_IS_A_MACHINE = (PicksUp("says nothing there", 0, "NOTSURE TOOLONG", "machine"),)


def numbered(cases: Iterable[PicksUp], first: int) -> dict[str, PicksUp]:
    """Each has a number of their own."""
    return {f"+1202555{first + nth:04}": case for nth, case in enumerate(cases)}


def person_of(cases: Mapping[str, PicksUp], dtmf: Dtmf) -> Callable[[str], Person | None]:
    """They, on a handset."""
    return {number: _picks_up(case, dtmf) for number, case in cases.items()}.get


def scenario_of(cases: Mapping[str, PicksUp], dtmf: Dtmf) -> Scenario:
    """They, in the simulated network."""
    return parse_scenario({
        "users": {"dialer": {"secret": SECRET}, WITNESS: {"secret": SECRET}},
        "dtmf": dtmf,
        "ring_s": 0.05,
        "prompt_s": PROMPT_S,
        "barge_in": 1,
        "key_delay_s": REACTION_S,
        "machine_s": 60,
        "q850": 0,
        "speaks_after_s": SPEAKS_AFTER_S,
        "beep_after_s": BEEP_AFTER_S,
        "beep_s": BEEP_S,
        "at_once_s": PRESSES_AFTER_S,
        "numbers": {
            number: {
                "outcome": "machine" if case.beeps else "answered",
                "hello_s": case.speaks_s,
                "greeting_s": case.speaks_s,
                "at_once": case.at_once,
                "keys": [case.later, ""],
                "patience_s": case.stays_s,
            }
            for number, case in cases.items()
        },
    })


def _picks_up(case: PicksUp, dtmf: Dtmf) -> Person:
    async def person(call: Call) -> None:
        async with asyncio.timeout(case.stays_s), asyncio.TaskGroup() as deeds:
            deeds.create_task(_speak(call, case))
            deeds.create_task(_act(call, case, dtmf))
            deeds.create_task(call.ended.wait())

    async def leaving(call: Call) -> None:
        try:
            await person(call)
        except TimeoutError:
            await call.hang_up()

    return leaving


async def _speak(call: Call, case: PicksUp) -> None:
    await asyncio.sleep(SPEAKS_AFTER_S)
    await call.speak(case.speaks_s)
    if case.beeps:
        await asyncio.sleep(BEEP_AFTER_S)
        await call.speak(BEEP_S)


async def _act(call: Call, case: PicksUp, dtmf: Dtmf) -> None:
    if case.at_once:
        await asyncio.sleep(PRESSES_AFTER_S)
        await _press(call, case.at_once, dtmf)
    if case.later:
        await call.hears(0)
        await asyncio.sleep(REACTION_S)
        await _press(call, case.later, dtmf)


async def _press(call: Call, keys: str, dtmf: Dtmf) -> None:
    await (call.hang_up() if keys == HANG_UP else call.press(keys, dtmf))
