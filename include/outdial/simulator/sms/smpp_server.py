"""The carrier's SMPP socket, and what breaks on it on command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from outdial.simulator.sms.smpp_door import SmppDoor
from outdial.simulator.sms.smpp_session import Cut, Session

# Neither a length nor a command that SMPP knows.
_GARBAGE = b"\xff\xff\xff\xffHTTP/1.1 400 Bad Request\r\n"


class SmppServer:
    """All sessions there are."""

    def __init__(self, door: SmppDoor) -> None:
        self.door = door
        self.sessions: set[Session] = set()
        self.port = 0
        self._cut: Cut | None = None

    def session(self) -> Session:
        return Session(self, self.door)

    def cut_links(self) -> int:
        """Reset every connection; returns how many there were."""
        sessions = list(self.sessions)
        for session in sessions:
            session.abort()
        return len(sessions)

    def cut_link_at(self, cut: Cut) -> None:
        """Break the link once, at a submit still to come."""
        self._cut = cut

    def cut_due(self) -> Cut | None:
        """Asked at each submit: is this the one?"""
        cut = self._cut
        if cut is None:
            return None
        self._cut = Cut(cut.n - 1, cut.taken, cut.answered) if cut.n > 1 else None
        return cut if cut.n == 1 else None

    def send_garbage(self) -> int:
        """Write to every link what is not SMPP; returns how many there were."""
        for session in self.sessions:
            session.write(_GARBAGE)
        return len(self.sessions)

    def mend(self) -> None:
        self._cut = None


@asynccontextmanager
async def serve_smpp(door: SmppDoor, host: str, port: int) -> AsyncGenerator[SmppServer]:
    """Listen until the block ends; port 0 takes a free one. Raises OSError where it is taken."""
    server = SmppServer(door)
    listener = await asyncio.get_running_loop().create_server(server.session, host, port, backlog=256)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        server.cut_links()
