"""Takes spoken messages from Asterisk over AudioSocket and puts them into our storage.

Asterisk connects to us for each message, so that dialer and Asterisk share no disk and no recording of a
person stays behind on the telephony host.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID, uuid4

from outdial.campaigns.stored_recordings import write_recording
from outdial.dialer.agi_session import AgiSession
from outdial.dialer.audio_server import ListenAt
from outdial.dialer.voice_mail import (
    HANG_UP_FRAME,
    ID,
    ID_BYTES,
    SHORTEST_S,
    Message,
    as_wav,
    read_frame,
)
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ivr.actions import Recording
from outdial.domain.ivr.flow import OPT_OUT_KEY
from outdial.domain.ivr.steps import Performed
from outdial.telemetry.logs import get_logger

ID_TIMEOUT_S = 5.0
FRAME_TIMEOUT_S = 5.0
"""A call that sends no sound at all still ends by its own limits; this is for a peer that is gone."""

APPLICATION_GRACE_S = 15.0
LAST_FRAMES_S = 1.0
SAVE_TIMEOUT_S = 30.0
SAVE_AGAIN_AFTER_S = (1.0, 5.0, 30.0)
NO_SUCH_APPLICATION = -2

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")

log = get_logger(__name__)

OnSaved = Callable[[str, float], Awaitable[None]]
"""Told where a message is and how many seconds it has."""


@dataclass(frozen=True)
class Saved:
    """What a message becomes: its place in the storage, and who is told."""

    folder: str
    name: str
    on_saved: OnSaved


@dataclass
class _Wanted:
    recording: Recording
    saved: Saved
    done: asyncio.Future[Message]


class Recorder:
    """Waits for the connections it asked Asterisk for; anything else is sent away."""

    def __init__(self, storage_url: str) -> None:
        """`storage_url` is where `recordings/` is."""
        self._storage_url = storage_url
        self._address = ""
        self._wanted: dict[UUID, _Wanted] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, session: AgiSession, recording: Recording, saved: Saved) -> Performed:
        """Record on this call until the message is over; it is saved in the background.

        A caller who hangs up ends the message, which is kept, and raises CallerHungUp. Raises Unavailable
        where Asterisk cannot record.
        """
        if not self._address:
            raise Unavailable("the recorder is not running")
        key = uuid4()
        wanted = _Wanted(recording, saved, asyncio.get_running_loop().create_future())
        self._wanted[key] = wanted
        try:
            limit_s = recording.max_seconds + APPLICATION_GRACE_S
            result = await session.exec("AudioSocket", f"{key},{self._address}", limit_s)
            if result == NO_SUCH_APPLICATION:
                raise Unavailable("Asterisk has no AudioSocket: load app_audiosocket.so")
            await session.fail_if_hung_up()
            async with asyncio.timeout(LAST_FRAMES_S):
                message = await wanted.done
        except TimeoutError as error:
            raise Unavailable(f"Asterisk did not connect to {self._address}") from error
        finally:
            del self._wanted[key]
        return Performed(message.seconds >= SHORTEST_S, message.key)

    async def drain(self, timeout_s: float) -> None:
        """Wait for messages that are being saved."""
        if self._tasks:
            _done, left = await asyncio.wait(self._tasks, timeout=timeout_s)
            if left:
                log.error("messages not saved", messages=len(left))

    @asynccontextmanager
    async def serve(self, at: ListenAt) -> AsyncGenerator[int]:
        """Listen while the block runs; gives the port. Raises Unavailable where it cannot be taken."""
        try:
            server = await asyncio.start_server(self._open, at.host, at.port, reuse_address=True)
        except OSError as error:
            raise Unavailable(
                f"cannot listen for recordings on {at.host}:{at.port}: {error.strerror or error}; "
                "set RECORDING_PORT"
            ) from error
        port = server.sockets[0].getsockname()[1]
        self._address = f"{at.advertised_host}:{port}"
        try:
            yield port
        finally:
            self._address = ""
            server.close()
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    def _open(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._own(self._serve(reader, writer))

    def _own(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            wanted = await self._introduced(reader)
            if wanted is not None:
                message = await _listen(reader, wanted.recording)
                wanted.done.set_result(message)
                if message.key != OPT_OUT_KEY and message.seconds >= SHORTEST_S:
                    self._own(self._save(message, wanted.saved))
            writer.write(HANG_UP_FRAME)
        except Exception:
            log.exception("recording failed", peer=writer.get_extra_info("peername"))
        finally:
            writer.close()

    async def _introduced(self, reader: asyncio.StreamReader) -> _Wanted | None:
        try:
            async with asyncio.timeout(ID_TIMEOUT_S):
                kind, body = await read_frame(reader)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            return None
        wanted = self._wanted.get(UUID(bytes=body)) if kind == ID and len(body) == ID_BYTES else None
        return None if wanted is None or wanted.done.done() else wanted

    async def _save(self, message: Message, saved: Saved) -> None:
        wav = await asyncio.to_thread(as_wav, bytes(message.sound))
        for pause_s in (*SAVE_AGAIN_AFTER_S, 0.0):
            try:
                async with asyncio.timeout(SAVE_TIMEOUT_S):
                    where = await asyncio.to_thread(
                        write_recording, self._storage_url, saved.folder, saved.name, wav
                    )
                return await saved.on_saved(where, message.seconds)
            except (Unavailable, InvalidInput, TimeoutError) as error:
                log.warning("message not saved", name=saved.name, reason=str(error) or "timeout")
                await asyncio.sleep(pause_s)
        log.error("message lost", name=saved.name)
        return None


async def _listen(reader: asyncio.StreamReader, recording: Recording) -> Message:
    """Take frames in until the message is over or the peer is gone."""
    loop = asyncio.get_running_loop()
    message = Message(recording, loop.time(), loop.time())
    with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
        while True:
            async with asyncio.timeout_at(min(message.ends_at, loop.time() + FRAME_TIMEOUT_S)):
                kind, body = await read_frame(reader)
            if not message.take_in(kind, body, loop.time()):
                break
    return message


def recording_name(call_id: str, node_id: str) -> str:
    """The file's name: the call's, and the node's, as letters that any storage takes."""
    return f"{call_id}-{_UNSAFE.sub('-', node_id)[:40]}.wav"
