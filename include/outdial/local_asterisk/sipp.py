"""One sipp process: the far end of a trunk, whose people do what a scenario says."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from outdial.local_asterisk.software import Software

START_TIMEOUT_S = 10.0
CALLS_AT_ONCE = 4000


@dataclass
class Sipp:
    """Takes calls on `port` as `scenario` (sipp's XML) says; its files stand in `folder`."""

    software: Software
    folder: Path
    scenario: str
    port: int
    first_media_port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        """Where the trunk leads."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it and wait until it listens. Raises RuntimeError with its last words where it does not."""
        self.folder.mkdir(exist_ok=True)
        scenario, log = self.folder / "scenario.xml", self.folder / "sipp.log"
        scenario.write_text(self.scenario, "utf-8")
        command = [
            *self.software.command("usr/bin/sipp"),
            *("-sf", str(scenario), "-i", "127.0.0.1", "-p", str(self.port)),
            *("-min_rtp_port", str(self.first_media_port), "-nostdin", "-l", str(CALLS_AT_ONCE)),
        ]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while _is_udp_free(self.port):
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                self.stop()
                raise RuntimeError(f"sipp did not come up:\n{log.read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once: it has nothing to lose."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


def _is_udp_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
