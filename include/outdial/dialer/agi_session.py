"""One FastAGI conversation: the commands the IVR gives Asterisk for one call, and what Asterisk answers.

`agi_server` makes a session for each call; `ivr_runner` speaks through it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

from outdial.domain.errors import Broken, InvalidInput, OutdialError, Unavailable
from outdial.domain.ivr.flow import KEYS
from outdial.telemetry.logs import get_logger

log = get_logger(__name__)

REPLY_TIMEOUT_S = 10.0
# Asterisk answers STREAM FILE when the file is over, and fetching a URL counts too.
PLAY_LIMIT_S = 900.0
# Asterisk reads commands into a buffer of 2048 bytes and would take the rest for another command.
MAX_COMMAND_BYTES = 2000
MAX_STRAY_LINES = 100

_REPLY = re.compile(r"(?P<code>\d{3})(?P<sign>[ -])(?P<text>.*)", re.DOTALL)
_RESULT = re.compile(r"result=(?P<result>[^ ]*) ?(?P<data>.*)", re.DOTALL)
_ENDPOS = re.compile(r"endpos=(\d+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")

_KEY_CODES = frozenset(str(ord(key)) for key in f"{KEYS}ABCD")

_OK = 200
_DEAD_CHANNEL = 511
_USAGE = 520


class CallerHungUp(OutdialError):
    """The call is over: the person, or the link to Asterisk, is gone. A normal end."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`code` 200 with `result` and `data`, or an error code with its text as `data`."""

    code: int
    result: str
    data: str


@dataclass(frozen=True, slots=True)
class Playback:
    """What came of a prompt: the key that stopped it, and whether there was anything to hear."""

    key: str | None
    heard: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """Keys taken by GET DATA, without the terminator."""

    digits: str
    timed_out: bool
    heard: bool


class AgiSession:
    """A call under our control. One command at a time; CallerHungUp ends the conversation, wherever it is."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, environment: Mapping[str, str]
    ) -> None:
        """`environment` holds the `agi_…` lines Asterisk opened with; `agi_uniqueid` is the call id.

        `first_prompt_at` is the loop's time.
        """
        self.environment = environment
        self.first_prompt_at: float | None = None
        self._reader = reader
        self._writer = writer
        self._is_over = False

    async def answer(self) -> None:
        """Pick up, where the dialplan has not."""
        await self._ask("ANSWER")

    async def stream_file(self, audio: str, escape_digits: str = "") -> Playback:
        """Play a sound name or URL to its end, or to the first key that stands in `escape_digits`."""
        self.first_prompt_at = self.first_prompt_at or asyncio.get_running_loop().time()
        reply = await self._ask(f"STREAM FILE {quoted(audio)} {quoted(escape_digits)}", PLAY_LIMIT_S)
        if reply.result == "-1":
            await self.fail_if_hung_up()
            return Playback(None, heard=False)
        endpos = _ENDPOS.search(reply.data)
        return Playback(_key(reply), heard=endpos is None or int(endpos.group(1)) > 0)

    async def get_data(self, audio: str, timeout_s: float, max_digits: int) -> Entry:
        """Play a prompt, which any key stops, and take up to `max_digits` keys, ended by # or `timeout_s`."""
        limit_s = PLAY_LIMIT_S + timeout_s * (max_digits + 1)
        reply = await self._ask(f"GET DATA {quoted(audio)} {_ms(timeout_s)} {max_digits}", limit_s)
        if reply.result == "-1":
            await self.fail_if_hung_up()
            return Entry("", timed_out=False, heard=False)
        return Entry(reply.result, timed_out="(timeout)" in reply.data, heard=True)

    async def wait_for_digit(self, timeout_s: float) -> str | None:
        """The next key, or None if none came within `timeout_s`."""
        reply = await self._ask(f"WAIT FOR DIGIT {_ms(timeout_s)}", timeout_s + REPLY_TIMEOUT_S)
        if reply.result == "-1":
            raise CallerHungUp("the caller hung up")
        return _key(reply)

    async def get_variable(self, name: str) -> str | None:
        """A channel variable, or None where it is not set."""
        reply = await self._ask(f"GET VARIABLE {quoted(name)}")
        return reply.data.removeprefix("(").removesuffix(")") if reply.result == "1" else None

    async def evaluate(self, expression: str) -> str:
        """An expression such as `${NAME}` with its variables' values put in; works on a dead channel too."""
        reply = await self._ask(f"GET FULL VARIABLE {quoted(expression)}")
        return reply.data.removeprefix("(").removesuffix(")") if reply.result == "1" else ""

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable; line breaks become spaces."""
        await self._ask(f"SET VARIABLE {quoted(name)} {quoted(value)}")

    async def exec(self, application: str, arguments: str, timeout_s: float = REPLY_TIMEOUT_S) -> int:
        """Run a dialplan application and return its result; -2 where Asterisk has no such application."""
        reply = await self._ask(f"EXEC {quoted(application)} {quoted(arguments)}", timeout_s)
        return int(reply.result) if re.fullmatch(r"-?\d+", reply.result) else -1

    async def hangup(self) -> None:
        """End the call; a call that is over already is no error."""
        try:
            await self._ask("HANGUP")
        except CallerHungUp:
            return

    async def fail_if_hung_up(self) -> None:
        """Raise CallerHungUp where the call is over: some results look the same on a dead channel."""
        # result=-1 may mean a file that cannot be played or a caller who left. Asterisk answers 511 to this
        # command on a channel that is gone (with AGISIGHUP=no), or has closed the connection.
        await self._ask("CHANNEL STATUS")

    async def _ask(self, command: str, timeout_s: float = REPLY_TIMEOUT_S) -> Reply:
        """Give one command and await its reply.

        Raises CallerHungUp when the call is over, Unavailable when no sensible reply comes, Broken when
        Asterisk does not know the command.
        """
        if self._is_over:
            raise CallerHungUp("the call is over")
        try:
            async with asyncio.timeout(timeout_s):
                reply = await self._exchange(command)
        except TimeoutError as error:
            self._is_over = True
            raise Unavailable(f"Asterisk did not answer {_verb(command)} within {timeout_s:g} s") from error
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self._is_over = True
            raise CallerHungUp("the link to Asterisk is closed") from error
        return self._judged(command, reply)

    def _judged(self, command: str, reply: Reply) -> Reply:
        if reply.code == _DEAD_CHANNEL:
            self._is_over = True
            raise CallerHungUp("the caller hung up")
        if reply.code != _OK:
            raise Broken(f"Asterisk refused {_verb(command)}: {reply.code} {reply.data}")
        return reply

    async def _exchange(self, command: str) -> Reply:
        line = command.encode()
        if len(line) > MAX_COMMAND_BYTES:
            raise InvalidInput(
                f"{_verb(command)} has {len(line)} bytes; Asterisk takes {MAX_COMMAND_BYTES}: shorten it"
            )
        self._writer.write(line + b"\n")
        await self._writer.drain()
        return await self._read_reply()

    async def _read_reply(self) -> Reply:
        for _ in range(MAX_STRAY_LINES):
            match = _REPLY.fullmatch(await self._read_line())
            if match is None:
                # `HANGUP`, which Asterisk puts between replies, or the tail of a value with line breaks.
                continue
            if match["sign"] == "-":
                return await self._read_usage()
            return _parse(int(match["code"]), match["text"])
        self._is_over = True
        raise Unavailable(f"the peer sent {MAX_STRAY_LINES} lines that are no AGI reply")

    async def _read_usage(self) -> Reply:
        """The lines between `520-Invalid …` and `520 End of proper usage.`."""
        lines: list[str] = []
        for _ in range(MAX_STRAY_LINES):
            line = await self._read_line()
            if line.startswith(f"{_USAGE} "):
                return Reply(_USAGE, "", " ".join(lines))
            lines.append(line.strip())
        self._is_over = True
        raise Unavailable(f"the peer's usage text has more than {MAX_STRAY_LINES} lines")

    async def _read_line(self) -> str:
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            self._is_over = True
            raise Unavailable("the peer sent a line too long for AGI") from error
        return line.decode(errors="replace").rstrip("\r\n")


def quoted(value: str) -> str:
    """One argument of a command, whatever stands in it: no quote, backslash or line break gets out."""
    plain = _CONTROL.sub(" ", value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _parse(code: int, text: str) -> Reply:
    match = _RESULT.fullmatch(text) if code == _OK else None
    return Reply(code, match["result"], match["data"]) if match else Reply(code, "", text)


def _key(reply: Reply) -> str | None:
    """A key comes as the number of its character; 0 is none."""
    return chr(int(reply.result)) if reply.result in _KEY_CODES else None


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _verb(command: str) -> str:
    return command.partition('"')[0].strip()
