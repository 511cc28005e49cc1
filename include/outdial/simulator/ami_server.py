"""The manager interface as a TCP server: banner, login, sessions, and links that break on command."""

from __future__ import annotations

import asyncio
import hmac
import socket
import struct
from dataclasses import dataclass

from outdial.simulator import ami_messages as ami
from outdial.simulator.actions import Reply, answer_action
from outdial.simulator.ami_messages import Message, MessageBuffer
from outdial.simulator.exchange import Exchange
from outdial.simulator.scenario import DEFAULT_EVENTS, User
from outdial.telemetry.logs import get_logger

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
AUTH_TIMEOUT_S = 30.0
BAD_LOGIN_DELAY_S = 1.0
# Asterisk gives up on a client that does not read (writetimeout); we measure in bytes.
MOST_UNREAD_BYTES = 16_000_000
_DRAIN_S = 5.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LinkDrop:
    """Close the link at the `nth` action of this name: `answers` first or not, `call_proceeds` or not."""

    action: str = "Originate"
    nth: int = 1
    answers: bool = False
    call_proceeds: bool = True


class AmiServer:
    """All sessions of one simulated Asterisk, and what is done to their links."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.sessions: set[_Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._thaw_timer: asyncio.TimerHandle | None = None
        self._drop: LinkDrop | None = None
        self._seen = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from banner to close; given to asyncio.start_server."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        session = _Session(self, reader, writer)
        self.sessions.add(session)
        self.exchange.listeners.add(session)
        try:
            await session.run()
        except OSError:
            log.info("a manager link broke")
        finally:
            self.exchange.listeners.discard(session)
            self.sessions.discard(session)
            writer.close()

    def drop_links(self) -> int:
        """Abort every link with a reset, as a dead router does. Returns how many."""
        sessions = list(self.sessions)
        for session in sessions:
            session.reset()
        return len(sessions)

    def drop_link_after(self, drop: LinkDrop) -> None:
        """Arm one drop; actions are counted from now."""
        self._drop, self._seen = drop, 0

    def due_drop(self, action: Message) -> LinkDrop | None:
        """The armed drop, once, where `action` is the one it waits for."""
        drop = self._drop
        if drop is None or action.get("Action").lower() != drop.action.lower():
            return None
        self._seen += 1
        if self._seen < drop.nth:
            return None
        self._drop = None
        return drop

    def freeze(self, seconds: float) -> None:
        """Neither read nor write for a while: the link looks alive and is not."""
        self._thawed.clear()
        if self._thaw_timer is not None:
            self._thaw_timer.cancel()
        self._thaw_timer = asyncio.get_running_loop().call_later(seconds, self.thaw)

    def mend(self) -> None:
        """End a freeze and disarm a drop."""
        self._drop = None
        self.thaw()

    def thaw(self) -> None:
        self._thawed.set()
        for session in self.sessions:
            session.flush()

    @property
    def is_frozen(self) -> bool:
        return not self._thawed.is_set()

    async def until_thawed(self) -> None:
        await self._thawed.wait()

    async def stop(self) -> None:
        """Say Shutdown, then end every link."""
        how = "Uncleanly" if self.exchange.calls else "Cleanly"
        self.exchange.publish("Shutdown", "system", f"Shutdown: {how}\r\nRestart: False\r\n")
        for session in list(self.sessions):
            session.close()
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=_DRAIN_S)
            for task in late:
                task.cancel()


class _Session:
    """One link: a Listener of the exchange once its user has logged in."""

    def __init__(self, server: AmiServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._exchange = server.exchange
        self._reader = reader
        self._writer = writer
        self._user: User | None = None
        self._shown: set[str] | None = set()  # classes of event; None is all that `read` allows
        self._held: list[bytes] | None = None  # events wait here during a synchronous Originate
        self._unsent: list[bytes] = []  # what a frozen link has not sent

    async def run(self) -> None:
        self._send(BANNER)
        buffer = MessageBuffer()
        try:
            async with asyncio.timeout(AUTH_TIMEOUT_S) as deadline:
                while data := await self._reader.read(65536):
                    await self._server.until_thawed()
                    for action in buffer.feed(data):
                        if not await self._take(action):
                            return
                    if self._user is not None:
                        deadline.reschedule(None)
        except TimeoutError:
            log.info("nobody logged in on a manager link", within_s=AUTH_TIMEOUT_S)

    async def _take(self, action: Message) -> bool:
        """Handle one action. False ends the session."""
        name = action.get("Action").lower()
        if name == "logoff":
            self._send(ami.response(action, "Goodbye", ("Message", "Thanks for all the fish.")))
            return False
        if self._exchange.is_shutting_down:
            self._send(ami.error(action, "Asterisk is shutting down"))
            return name != "login"
        if name == "login":
            return await self._log_in(action)
        if self._user is None:
            missing = "Permission denied" if name else "Missing action in request"
            self._send(ami.error(action, missing))
            return True
        if name == "events":
            self._choose_events(action)
            return True
        return await self._answer(action, self._user)

    async def _log_in(self, action: Message) -> bool:
        user = self._exchange.scenario.users.get(action.get("Username"))
        given = action.get("Secret").encode()
        if user is None or not hmac.compare_digest(user.secret.encode(), given):
            await asyncio.sleep(BAD_LOGIN_DELAY_S)
            self._send(ami.error(action, "Authentication failed"))
            return False
        self._user = user
        self._shown = _classes(action.get("Events", "on"))
        self._send(ami.success(action, "Authentication accepted"))
        if self.wants("FullyBooted", "system"):
            self._send(_fully_booted(self._exchange))
        return True

    def _choose_events(self, action: Message) -> None:
        self._shown = _classes(action.get("EventMask"))
        state = "Off" if self._shown == set() else "On"
        self._send(ami.response(action, "Success", ("Events", state)))

    async def _answer(self, action: Message, user: User) -> bool:
        drop = self._server.due_drop(action)
        if drop is not None and not drop.call_proceeds:
            self.reset()
            return False
        reply = answer_action(self._exchange, user, action)
        if drop is not None and not drop.answers:
            self._begin(reply)
            self.reset()
            return False
        await self._send_reply(reply)
        return drop is None

    async def _send_reply(self, reply: Reply) -> None:
        if reply.connected is None:
            self._send(reply.data)
            self._begin(reply)
            return
        self._held = []
        self._begin(reply)
        answered = await reply.connected
        self._send(reply.data if answered else reply.failed)
        held, self._held = self._held, None
        for event in held:
            self._send(event)

    def _begin(self, reply: Reply) -> None:
        if reply.call is not None:
            self._exchange.spawn(reply.call)

    def wants(self, event: str, privilege: str) -> bool:
        user = self._user
        if user is None or privilege not in user.read:
            return False
        if self._shown is not None and privilege not in self._shown:
            return False
        return user.events == DEFAULT_EVENTS or event in user.events

    def deliver(self, rendered: bytes) -> None:
        if self._held is not None:
            self._held.append(rendered)
        else:
            self._send(rendered)

    def _send(self, data: bytes) -> None:
        if self._server.is_frozen:
            self._unsent.append(data)
            return
        self._writer.write(data)
        if self._writer.transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            log.warning("a manager client does not read; its link is closed")
            self.reset()

    def flush(self) -> None:
        """Send what a freeze held back."""
        unsent, self._unsent = self._unsent, []
        for data in unsent:
            self._send(data)

    def close(self) -> None:
        """End the link in order: what was written still arrives."""
        self._writer.close()
        self._reader.feed_eof()

    def reset(self) -> None:
        """End the link with a TCP reset."""
        sock = self._writer.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def _classes(mask: str) -> set[str] | None:
    """An event mask: on, off, or classes by name."""
    words = {word.strip().lower() for word in mask.split(",")}
    if words & {"on", "all", "true", "yes", "1"}:
        return None
    return words - {"", "off", "none", "false", "no", "0"}


def _fully_booted(exchange: Exchange) -> bytes:
    """The one event that carries no Timestamp."""
    uptime_s = int((exchange.clock() - exchange.started_at).total_seconds())
    return ami.render([
        ("Event", "FullyBooted"),
        ("Privilege", "system,all"),
        ("Uptime", uptime_s),
        ("LastReload", uptime_s),
        ("Status", "Fully Booted"),
    ])
