"""How the people of the cases behave on a handset: they act by what they hear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.telephony.ivr.handset import Call, Dtmf, Person
from tests.telephony.ivr.people import AGENT, CASES, HANG_UP, PROMPT_S, Case, number_of

REACTION_S = 0.3
BEEP_S = 0.6
MESSAGE_S = 1.5
TALK_S = 1.0


def person_of(dtmf: Dtmf) -> Callable[[str], Person | None]:
    """Who picks up a number; nobody at numbers that are no case's and not the agent's."""
    persons: dict[str, Person] = {number_of(case): _follows(case, dtmf) for case in CASES}
    persons[AGENT] = _talks
    return persons.get


def _follows(case: Case, dtmf: Dtmf) -> Person:
    async def person(call: Call) -> None:
        for nth, deed in enumerate(case.habit):
            await call.hears(nth)
            await asyncio.sleep(REACTION_S)
            await _do(call, deed, dtmf)
        if case.after_the_message is not None:
            await asyncio.sleep(PROMPT_S + BEEP_S)
            await call.speak(MESSAGE_S)
            await _do(call, case.after_the_message, dtmf)

    return person


async def _do(call: Call, deed: str, dtmf: Dtmf) -> None:
    if deed == HANG_UP:
        await call.hang_up()
    else:
        await call.press(deed, dtmf)


async def _talks(call: Call) -> None:
    await asyncio.sleep(TALK_S)
    await call.hang_up()
