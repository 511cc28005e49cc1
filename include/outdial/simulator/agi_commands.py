"""AGI commands and their replies, as res_agi.c gives them. Used by the FastAGI client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from outdial.simulator.applications import BEEP, audio_length_s, run_application
from outdial.simulator.call import Call

# ast_app_getdata: what GET DATA and GET OPTION wait where they are not told (dialplan defaults, seconds).
_FIRST_KEY_S = 10.0
_NEXT_KEY_S = 5.0
_OPTION_S = 5.0
_MOST_DIGITS = 1024
_FOREVER_S = 1_000_000.0
_SAMPLES_PER_S = 8000
_SPOKEN_S = 0.5  # one digit read aloud

_Run = Callable[[Call, list[str]], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Command:
    """One AGI command: its words, how many arguments it takes, and whether a dead channel may run it."""

    words: str
    run: _Run
    least: int = 0
    most: int = 0
    runs_dead: bool = False
    when_hung_up: str = "result=-1"

    @property
    def length(self) -> int:
        return len(self.words.split())


def split_words(line: str) -> list[str]:
    """Words as res_agi.c splits them: by blanks, quotes keep blanks together, a backslash escapes."""
    words: list[str] = []
    quoted = escaped = inside = False
    for char in line:
        if char == '"' and not escaped:
            quoted = not quoted
            if quoted and not inside:
                words.append("")
                inside = True
        elif char in " \t" and not quoted and not escaped:
            inside = False
        elif char == "\\" and not escaped:
            escaped = True
            continue
        else:
            if not inside:
                words.append("")
                inside = True
            words[-1] += char
        escaped = False
    return words


def find_command(words: list[str]) -> Command | None:
    """The command these words begin with, whatever their case."""
    lowered = [word.lower() for word in words]
    return next((_COMMANDS[key] for n in (3, 2, 1) if (key := " ".join(lowered[:n])) in _COMMANDS), None)


def usage_reply(command: Command) -> str:
    """What a wrong number of arguments is answered with: several lines, the last one without a dash."""
    return (
        "520-Invalid command syntax.  Proper usage follows:\n"
        f"Usage: {command.words.upper()} with {command.least} to {command.most} arguments\n"
        "520 End of proper usage.\n"
    )


def _ms(text: str) -> float:
    """Milliseconds as C's atoi reads them, in seconds."""
    try:
        return int(text) / 1000
    except ValueError:
        return 0.0


def _whole(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and int(text) else default


def _key(pressed: str) -> int:
    return ord(pressed) if pressed else 0


async def _answer(call: Call, _arguments: list[str]) -> str:
    call.line.check()
    return "result=0"


async def _hangup(call: Call, arguments: list[str]) -> str:
    target = call.exchange.find(arguments[0]) if arguments else call
    if target is None:
        return "result=-1"
    # 32 is Asterisk's flag for an explicit request, not a Q.850 cause.
    call.exchange.publish_channel("SoftHangupRequest", target.channel, "Cause: 32\r\n")
    target.line.hang_up(0)
    return "result=1"


async def _noop(_call: Call, _arguments: list[str]) -> str:
    return "result=0"


async def _verbose(_call: Call, _arguments: list[str]) -> str:
    return "result=1"


async def _set_variable(call: Call, arguments: list[str]) -> str:
    call.channel.variables[arguments[0]] = arguments[1]
    return "result=1"


async def _get_variable(call: Call, arguments: list[str]) -> str:
    value = call.channel.variable(arguments[0])
    return "result=0" if value is None else f"result=1 ({value})"


async def _get_full_variable(call: Call, arguments: list[str]) -> str:
    return f"result=1 ({call.channel.expand(arguments[0])})"


async def _channel_status(call: Call, arguments: list[str]) -> str:
    target = call.exchange.find(arguments[0]) if arguments else call
    return "result=-1" if target is None else f"result={int(target.channel.state)}"


async def _exec(call: Call, arguments: list[str]) -> str:
    name, *rest = arguments
    return f"result={await run_application(call, name, call.channel.expand(','.join(rest)))}"


async def _stream(call: Call, arguments: list[str]) -> str:
    """STREAM FILE and CONTROL STREAM FILE: a missing file is told from a hang-up only by endpos=0."""
    length_s = audio_length_s(call, arguments[0])
    if length_s is None:
        return "result=-1 endpos=0"
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    # Nobody takes a beep for a question: they wait for it to be over.
    hear = call.line.wait if arguments[0] == BEEP else call.line.play
    pressed = await hear(length_s, arguments[1])
    return f"result={_key(pressed)} endpos={int((loop.time() - began_at) * _SAMPLES_PER_S)}"


async def _get_option(call: Call, arguments: list[str]) -> str:
    timeout_s = _ms(arguments[2]) if len(arguments) > 2 else _OPTION_S  # noqa: PLR2004 - the third argument
    reply = await _stream(call, arguments)
    if not reply.startswith("result=0 "):
        return reply
    pressed = await call.line.wait_for_key(timeout_s, arguments[1])
    return f"result={_key(pressed)} {reply.partition(' ')[2]}"


async def _wait_for_digit(call: Call, arguments: list[str]) -> str:
    timeout_s = _ms(arguments[0])
    pressed = await call.line.wait_for_key(_FOREVER_S if timeout_s < 0 else timeout_s)
    return f"result={_key(pressed)}"


async def _get_data(call: Call, arguments: list[str]) -> str:
    audio, timeout, most = (arguments + ["0", ""][len(arguments) - 1 :])[:3]
    length_s = audio_length_s(call, audio)
    if length_s is None:
        return "result=-1"
    first_s, next_s = _key_timeouts(_ms(timeout))
    pressed = await call.line.play_and_wait(length_s, first_s)
    digits = ""
    while pressed and pressed != "#":
        digits += pressed
        if len(digits) >= _whole(most, _MOST_DIGITS):
            return f"result={digits}"
        pressed = await call.line.wait_for_key(next_s)
    return f"result={digits}" if pressed else f"result={digits} (timeout)"


def _key_timeouts(timeout_s: float) -> tuple[float, float]:
    if timeout_s < 0:
        return _FOREVER_S, _FOREVER_S
    return (timeout_s, timeout_s) if timeout_s else (_FIRST_KEY_S, _NEXT_KEY_S)


async def _say(call: Call, arguments: list[str]) -> str:
    """SAY DIGITS, NUMBER, ALPHA: half a second for each character."""
    pressed = await call.line.play(_SPOKEN_S * len(arguments[0]), arguments[1])
    return f"result={_key(pressed)}"


_ANY = 128
_ENDED = "result=-1 endpos=0"
_COMMANDS = {
    command.words: command
    for command in (
        Command("answer", _answer),
        Command("hangup", _hangup, 0, 1),
        Command("noop", _noop, 0, _ANY, runs_dead=True),
        Command("verbose", _verbose, 1, 2, runs_dead=True),
        Command("set variable", _set_variable, 2, 2, runs_dead=True),
        Command("get variable", _get_variable, 1, 1, runs_dead=True),
        Command("get full variable", _get_full_variable, 1, 2, runs_dead=True),
        Command("channel status", _channel_status, 0, 1),
        Command("exec", _exec, 1, _ANY, runs_dead=True),
        Command("stream file", _stream, 2, 3, when_hung_up=_ENDED),
        Command("control stream file", _stream, 2, 7, when_hung_up=_ENDED),
        Command("get option", _get_option, 2, 3, when_hung_up=_ENDED),
        Command("wait for digit", _wait_for_digit, 1, 1),
        Command("get data", _get_data, 1, 3),
        Command("say digits", _say, 2, 2),
        Command("say number", _say, 2, 3),
        Command("say alpha", _say, 2, 2),
    )
}
