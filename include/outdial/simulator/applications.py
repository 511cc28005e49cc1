"""Dialplan applications, run by a dialplan step or by AGI's EXEC."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from outdial.simulator.audio_socket import audio_socket
from outdial.simulator.call import Call
from outdial.simulator.line import HungUpError
from outdial.simulator.listening import detect_machine, wait_for_silence
from outdial.simulator.originate import split_arguments
from outdial.simulator.outcomes import NORMAL_CLEARING

NOT_FOUND = -2
BEEP = "beep"
_BEEP_S = 0.4


def audio_length_s(call: Call, audio: str) -> float | None:
    """How long a file or URL plays: 0 for none, None where it does not exist."""
    scenario = call.exchange.scenario
    if audio in scenario.missing_audio:
        return None
    if not audio:
        return 0.0
    return scenario.prompts.get(audio, _BEEP_S if audio == BEEP else scenario.prompt_s)


async def run_application(call: Call, name: str, arguments: str) -> int:
    """What EXEC reports as its result. Raises HungUpError; NOT_FOUND where there is no such application."""
    application = _APPLICATIONS.get(name.lower())
    if application is None:
        return NOT_FOUND
    return await application(call, arguments)


async def _nothing(call: Call, _arguments: str) -> int:
    call.line.check()
    return 0


async def _hangup(call: Call, arguments: str) -> int:
    code = arguments.strip()
    call.line.hang_up(int(code) if code.isdecimal() else NORMAL_CLEARING)
    raise HungUpError


async def _wait(call: Call, arguments: str) -> int:
    await call.line.wait(_seconds(arguments))
    return 0


def _seconds(text: str) -> float:
    try:
        return max(float(text.strip()), 0.0)
    except ValueError:
        return 0.0


async def _set(call: Call, arguments: str) -> int:
    name, mark, value = arguments.partition("=")
    if mark:
        call.channel.variables[name.strip().lstrip("_")] = value.strip('"')
    return 0


async def _user_event(call: Call, arguments: str) -> int:
    name, *headers = split_arguments(arguments)
    body = "".join(f"{header.strip()}\r\n" for header in headers)
    call.exchange.publish_channel("UserEvent", call.channel, f"UserEvent: {name}\r\n{body}", "user")
    return 0


async def _playback(call: Call, arguments: str) -> int:
    files = (split_arguments(arguments) or [""])[0]
    status = "SUCCESS"
    for audio in files.split("&"):
        length_s = audio_length_s(call, audio)
        if length_s is None:
            status = "FAILED"
        else:
            await call.line.play(length_s, "")
    call.channel.variables["PLAYBACKSTATUS"] = status
    return 0


async def _dial(call: Call, arguments: str) -> int:
    options = [*split_arguments(arguments), "", "", ""][2]
    return await _transfer(call, "DIALSTATUS", goes_on="g" in options)


async def _queue(call: Call, arguments: str) -> int:
    options = [*split_arguments(arguments), "", ""][1]
    return await _transfer(call, "QUEUESTATUS", goes_on="c" in options)


async def _transfer(call: Call, variable: str, *, goes_on: bool) -> int:
    """Ring an agent and let them talk. The call ends when the agent hangs up, unless the options go on."""
    transfer = call.exchange.scenario.transfer
    await call.line.wait(call.races.uniform(*transfer.ring_s))
    started_at = asyncio.get_running_loop().time()
    if transfer.status == "ANSWER":
        await call.line.wait(call.races.uniform(*transfer.talk_s))
        call.channel.variables["ANSWEREDTIME"] = str(int(asyncio.get_running_loop().time() - started_at))
    if variable == "DIALSTATUS":
        call.channel.variables[variable] = transfer.status
    else:
        call.channel.variables[variable] = "CONTINUE" if transfer.status == "ANSWER" else "TIMEOUT"
    if transfer.status == "ANSWER" and not goes_on:
        call.line.hang_up(0)
        raise HungUpError
    return 0


_APPLICATIONS: dict[str, Callable[[Call, str], Awaitable[int]]] = {
    "answer": _nothing,
    "noop": _nothing,
    "verbose": _nothing,
    "log": _nothing,
    "ringing": _nothing,
    "progress": _nothing,
    "mixmonitor": _nothing,
    "stopmixmonitor": _nothing,
    "startmusiconhold": _nothing,
    "stopmusiconhold": _nothing,
    "hangup": _hangup,
    "wait": _wait,
    "musiconhold": _wait,
    "set": _set,
    "userevent": _user_event,
    "playback": _playback,
    "amd": detect_machine,
    "waitforsilence": wait_for_silence,
    "audiosocket": audio_socket,
    "dial": _dial,
    "queue": _queue,
}
