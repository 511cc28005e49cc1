"""AMD() and WaitForSilence(): what Asterisk learns by listening. They throw away keys that are pressed."""

from __future__ import annotations

import asyncio

from outdial.simulator.call import Call
from outdial.simulator.line import HungUpError
from outdial.simulator.originate import split_arguments
from outdial.simulator.speech import Thresholds, judge, silent_at_ms


async def detect_machine(call: Call, arguments: str) -> int:
    """AMD(): 0 even where the call ends in it."""
    verdict = judge(call.person.plan.speech, Thresholds.from_arguments(split_arguments(arguments)))
    status, cause = verdict.status, verdict.cause
    try:
        await call.line.wait((verdict.at_ms - _since_answer_ms(call)) / 1000)
    except HungUpError:
        status, cause = "HANGUP", ""
    call.channel.variables |= {"AMDSTATUS": status, "AMDCAUSE": cause}
    return 0


async def wait_for_silence(call: Call, arguments: str) -> int:
    """WaitForSilence(ms, times, seconds at most)."""
    given = [int(text) if text.strip().isdecimal() else 0 for text in split_arguments(arguments)]
    silence_ms, times, limit_s = [*given, 0, 0, 0][:3]
    began_ms = at_ms = _since_answer_ms(call)
    for _ in range(times or 1):
        at_ms = silent_at_ms(call.person.plan.speech, at_ms, silence_ms or 1000)
    in_time = not limit_s or at_ms - began_ms <= limit_s * 1000
    try:
        await call.line.wait((at_ms - began_ms) / 1000 if in_time else limit_s)
    except HungUpError:
        call.channel.variables["WAITSTATUS"] = "HANGUP"
        raise
    call.channel.variables["WAITSTATUS"] = "SILENCE" if in_time else "TIMEOUT"
    return 0


def _since_answer_ms(call: Call) -> int:
    now = asyncio.get_running_loop().time()
    return round((now - (call.answered_at or now)) * 1000)
