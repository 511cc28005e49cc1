"""AudioSocket(): carries the person's voice and keys to a server, as app_audiosocket of Asterisk 22 does."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from uuid import UUID

from outdial.simulator.call import Call
from outdial.simulator.originate import split_arguments
from outdial.telemetry.logs import get_logger

_HANGUP, _ID, _DTMF, _SOUND = 0x00, 0x01, 0x03, 0x10
_CONNECT_TIMEOUT_S = 2.0
_FRAME_S = 0.02
_SAMPLES = 160
_VOICE = struct.pack(f"<{_SAMPLES}h", *(4000 if n % 20 < 10 else -4000 for n in range(_SAMPLES)))  # noqa: PLR2004 - 400 Hz
_QUIET = bytes(len(_VOICE))
_A_LIFE_S = 24 * 3600.0

log = get_logger(__name__)


async def audio_socket(call: Call, arguments: str) -> int:
    """Speak for as long as the scenario has people speak, then act as at a prompt. Raises HungUpError.

    -1 where the server cannot be reached; the call goes on.
    """
    call.line.check()
    try:
        key, address = split_arguments(arguments)[:2]
        host, _, port = address.rpartition(":")
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(_frame(_ID, UUID(key).bytes))
    except (OSError, ValueError) as problem:
        log.warning("no AudioSocket server answers", arguments=arguments, reason=str(problem) or "timeout")
        return -1
    tasks = [asyncio.ensure_future(work) for work in (_speak(call, writer), _until_ended(reader))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return 0
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        writer.close()


async def _speak(call: Call, writer: asyncio.StreamWriter) -> None:
    speech_s = call.races.uniform(*call.exchange.scenario.message_s)
    sound = asyncio.create_task(_send_sound(writer, speech_s))
    try:
        await call.line.wait(speech_s)
        # Whoever has said what they wanted acts then: it is as if a prompt had ended.
        key = await call.line.play_and_wait(_FRAME_S, _A_LIFE_S)
        while key:
            writer.write(_frame(_DTMF, key.encode()))
            key = await call.line.wait_for_key(_A_LIFE_S)
    finally:
        sound.cancel()
        await asyncio.wait([sound])


async def _send_sound(writer: asyncio.StreamWriter, speech_s: float) -> None:
    """A frame every 20 ms by the clock: voice first, then silence."""
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    sent = 0
    with suppress(ConnectionError):
        while True:
            writer.write(_frame(_SOUND, _VOICE if sent * _FRAME_S < speech_s else _QUIET))
            await writer.drain()
            sent += 1
            await asyncio.sleep(began_at + sent * _FRAME_S - loop.time())


async def _until_ended(reader: asyncio.StreamReader) -> None:
    """Read, and let fall, what the server plays, until it hangs up or goes away."""
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            kind, length = struct.unpack("!BH", await reader.readexactly(3))
            await reader.readexactly(length)
            if kind == _HANGUP:
                return


def _frame(kind: int, body: bytes) -> bytes:
    return struct.pack("!BH", kind, len(body)) + body
