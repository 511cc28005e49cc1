"""The FastAGI client: hands a call to the server its dialplan names, and answers that server's commands."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from outdial.simulator.agi_commands import find_command, split_words, usage_reply
from outdial.simulator.call import Call
from outdial.simulator.channel import UNKNOWN
from outdial.simulator.line import HungUpError
from outdial.telemetry.logs import get_logger

ASTERISK_VERSION = "22.10.1"
DEFAULT_PORT = 4573
# Asterisk gives up after 2 s (MAX_AGI_CONNECT). A machine that runs the whole stack may be that busy for
# a moment, and who answers in a scenario must not depend on it.
CONNECT_TIMEOUT_S = 10.0
# Asterisk waits for ever for a script to notice that its call is dead; a simulator need not.
LINGER_S = 60.0
_FALSE = frozenset({"no", "false", "n", "f", "0", "off"})
_DEAD = b"511 Command Not Permitted on a dead channel or intercept routine\n"

log = get_logger(__name__)


async def run_agi(call: Call, url: str, arguments: list[str]) -> None:
    """Run one AGI session to its end and set AGISTATUS. Raises HungUpError where the call ended in it."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await _connect(url)
    except (OSError, ValueError) as problem:
        log.warning("no FastAGI server answers", url=url, reason=str(problem) or "timeout")
        call.channel.variables["AGISTATUS"] = "FAILURE"
        return
    session = _Session(call, reader, writer)
    call.exchange.agi_transports.add(writer.transport)
    try:
        await session.run(environment(call, url, arguments))
    finally:
        call.exchange.agi_transports.discard(writer.transport)
        call.line.on_hang_up = None
        writer.close()
    call.channel.variables["AGISTATUS"] = "HANGUP" if call.line.ending else "SUCCESS"
    call.line.check()


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises OSError (TimeoutError among them), or ValueError where the URL is none."""
    parts = urlsplit(url)
    if parts.scheme != "agi" or not parts.hostname:
        raise ValueError(f"{url!r} is not agi://host[:port]/script")
    return await asyncio.open_connection(parts.hostname, parts.port or DEFAULT_PORT)


def environment(call: Call, url: str, arguments: list[str]) -> bytes:
    """The header of a session, in res_agi.c's order; the script is everything after host and slash."""
    channel = call.channel
    script = url.removeprefix("agi://").partition("/")[2]
    lines = [("network", "yes")]
    lines += [("network_script", script)] if script else []
    lines += [
        ("request", url),
        ("channel", channel.name),
        ("language", "en"),
        ("type", "PJSIP"),
        ("uniqueid", channel.uniqueid),
        ("version", ASTERISK_VERSION),
        ("callerid", _or_unknown(channel.caller_num)),
        ("calleridname", _or_unknown(channel.caller_name)),
        ("callingpres", "0"),
        ("callingani2", "0"),
        ("callington", "0"),
        ("callingtns", "0"),
        ("dnid", "unknown"),
        ("rdnis", "unknown"),
        ("context", channel.context),
        ("extension", channel.exten),
        ("priority", str(channel.priority)),
        ("enhanced", "0.0"),
        ("accountcode", ""),
        ("threadid", str(id(call))),
    ]
    lines += [(f"arg_{place}", value) for place, value in enumerate(arguments, start=1)]
    return ("".join(f"agi_{name}: {value}\n" for name, value in lines) + "\n").encode()


def _or_unknown(value: str) -> str:
    return "unknown" if value == UNKNOWN else value


class _Session:
    """One connection. After a hang-up it goes on "dead" until the server closes, as Asterisk does."""

    def __init__(self, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._call = call
        self._reader = reader
        self._writer = writer
        self._busy = False
        self._dead = False
        sighup = (call.channel.variable("AGISIGHUP") or "").lower()
        self._sends_hangup = sighup not in _FALSE
        self._deadline = asyncio.timeout(None)

    async def run(self, header: bytes) -> None:
        self._call.line.on_hang_up = self._hung_up
        self._writer.write(header)
        try:
            async with self._deadline:
                if self._call.line.ending is not None:
                    self._hung_up()
                await self._serve()
        except TimeoutError:
            log.warning("a FastAGI server kept a dead call", channel_id=self._call.channel.uniqueid)
        except OSError:
            log.info("a FastAGI connection broke", channel_id=self._call.channel.uniqueid)

    def _hung_up(self) -> None:
        self._deadline.reschedule(asyncio.get_running_loop().time() + LINGER_S)
        if not self._busy:
            self._go_dead()

    def _go_dead(self) -> None:
        """Tell the server, by a line that is no reply to anything, unless the call asked not to."""
        if self._dead:
            return
        self._dead = True
        if self._sends_hangup:
            self._writer.write(b"HANGUP\n")

    async def _serve(self) -> None:
        while line := await self._reader.readline():
            reply = await self._answer(line.decode(errors="replace").rstrip("\r\n"))
            self._writer.write(reply)
            if self._call.line.ending is not None:
                self._go_dead()
            await self._writer.drain()

    async def _answer(self, line: str) -> bytes:
        words = split_words(line)
        command = find_command(words)
        if command is None:
            return b"510 Invalid or unknown command\n"
        if self._dead and not command.runs_dead:
            return _DEAD
        arguments = words[command.length :]
        if not command.least <= len(arguments) <= command.most:
            return usage_reply(command).encode()
        self._busy = True
        try:
            return f"200 {await command.run(self._call, arguments)}\n".encode()
        except HungUpError:
            return f"200 {command.when_hung_up}\n".encode()
        finally:
            self._busy = False
