"""One Asterisk process with the configuration that operators get, on ports of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from outdial.local_asterisk.software import Software

CONFIGURE = Path(__file__).parents[2] / "asterisk" / "configure"
SECRET = "dialer"  # noqa: S105 - guards a manager on loopback while a test or a benchmark runs
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0  # it was seen to take 16 s to see its calls out

# Asterisk's core reads these and says an error where one is missing; it needs nothing in them.
_EMPTY = (
    "acl", "ccss", "cel", "dnsmgr", "features", "http", "indications", "musiconhold", "pjproject", "stasis",
    "udptl",
)  # fmt: skip
_READY = b"Asterisk Ready."


@dataclass
class Asterisk:
    """An Asterisk in `folder`: `start`, `stop` and `kill` it as often as you like.

    `trunks` are the carriers' addresses by the name of the trunk; those in `qualified_every_s` are asked for
    a sign of life that often, the others never. `additions` is what the operator would put into
    outdial-local.NAME.conf, by that name.
    """

    software: Software
    folder: Path
    ami_port: int
    sip_port: int
    first_rtp_port: int
    trunks: Mapping[str, str]
    qualified_every_s: Mapping[str, int] = field(default_factory=dict[str, int])
    additions: Mapping[str, str] = field(default_factory=dict[str, str])
    audio_ports: int = 400
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def configure(self) -> None:
        """Write its configuration: the operator's, and where things are on this machine."""
        etc = self.folder / "etc"
        environment = {
            "PATH": os.environ["PATH"],
            "AMI_SECRET": SECRET,
            "AMI_PORT": str(self.ami_port),
            "SIP_BIND": f"127.0.0.1:{self.sip_port}",
            "RTP_START": str(self.first_rtp_port),
            "RTP_END": str(self.first_rtp_port + self.audio_ports),
            "TRUNKS": " ".join(self.trunks),
        }
        for name, address in self.trunks.items():
            environment[f"TRUNK_{name}_HOST"] = address
            environment[f"TRUNK_{name}_QUALIFY_S"] = str(self.qualified_every_s.get(name, 0))
        subprocess.run([str(CONFIGURE), str(etc)], env=environment, check=True, timeout=10)
        for name in _EMPTY:
            (etc / f"{name}.conf").touch()
        (etc / "asterisk.conf").write_text(self._places(), "utf-8")
        for name, text in self.additions.items():
            with (etc / f"outdial-local.{name}.conf").open("a", encoding="utf-8") as file:
                file.write(text)

    def start(self) -> None:
        """Start it and wait until it takes calls."""
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*self._command(), "-f", "-n"], stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        give_up_at = time.monotonic() + START_TIMEOUT_S
        # Its manager answers a moment earlier than it takes calls.
        while _READY not in self._output.read_bytes():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                self.kill()
                raise RuntimeError(f"Asterisk did not come up:\n{self._last_words()}")
            time.sleep(0.05)

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and not ended since."""
        return self._process is not None

    def stop(self) -> None:
        """End it as an operator does, calls or no calls."""
        if self._process is None:
            return
        stop = [*self._command(), "-r", "-x", "core stop now"]
        nowhere = subprocess.DEVNULL
        console = subprocess.Popen(stop, stdin=nowhere, stdout=nowhere, stderr=nowhere)
        self._wait_for_end()
        # Now and then a console waits for an Asterisk that is gone.
        console.kill()
        console.wait(STOP_TIMEOUT_S)

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._wait_for_end()

    def has_missed(self, trunk: str) -> bool:
        """Whether it has found that a qualified trunk gives no sign of life."""
        command = [*self._command(), "-r", "-x", f"pjsip show aor {trunk}"]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=STOP_TIMEOUT_S, check=True)
        return "Unavail" in shown.stdout

    def complaints(self) -> list[str]:
        """The errors it has logged."""
        log = self.folder / "log" / "messages"
        if not log.exists():
            return []
        return [line for line in log.read_text("utf-8", "replace").splitlines() if "ERROR[" in line]

    def _wait_for_end(self) -> None:
        process = self._process
        if process is None:
            return
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT_S)
        self._process = None
        # It would take a socket left behind for a running Asterisk.
        (self.folder / "run" / "asterisk.ctl").unlink(missing_ok=True)

    def _command(self) -> list[str]:
        return [*self.software.command("usr/sbin/asterisk"), "-C", str(self.folder / "etc" / "asterisk.conf")]

    def _last_words(self) -> str:
        return self._output.read_text("utf-8", "replace")[-2000:]

    @property
    def _output(self) -> Path:
        return self.folder / "output.log"

    def _places(self) -> str:
        places = {
            "astetcdir": self.folder / "etc",
            "astmoddir": self.software.modules,
            "astdatadir": self.software.data,
            "astagidir": self.software.data / "agi-bin",
            "astvarlibdir": self.folder / "lib",
            "astdbdir": self.folder / "lib",
            "astkeydir": self.folder / "lib",
            "astspooldir": self.folder / "spool",
            "astrundir": self.folder / "run",
            "astlogdir": self.folder / "log",
            "astcachedir": self.folder / "cache",
        }
        for folder in ("lib", "spool", "run", "log", "cache"):
            (self.folder / folder).mkdir(exist_ok=True)
        lines = "".join(f"{name} => {place}\n" for name, place in places.items())
        return f"[directories]\n{lines}\n[options]\nhideconnect = yes\nhide_messaging_ami_events = yes\n"


def remove(asterisk: Asterisk) -> None:
    """Kill it and delete what it wrote."""
    asterisk.kill()
    shutil.rmtree(asterisk.folder, ignore_errors=True)
