"""Free ports on loopback, so that two stacks never meet."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack


def choose_ports(names: Iterable[str], wished: Mapping[str, int]) -> dict[str, int]:
    """A different free port for each name: the wished one where it is still free, else any."""
    with ExitStack() as held:
        return {name: _hold_port(held, wished.get(name, 0)) for name in names}


def is_port_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _hold_port(held: ExitStack, wished: int) -> int:
    # Held until every name has its own, else the system could hand one port out twice.
    sock = held.enter_context(socket.socket())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", wished))
    except OSError:
        sock.bind(("127.0.0.1", 0))
    return sock.getsockname()[1]
