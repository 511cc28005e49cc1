"""The called side of the tests: sipp processes, and the numbers whose last four digits say what happens.

0NNN  refuses at once with SIP NNN       2000  rings, answers and stays        3000  rings for ever
1NNN  rings, then refuses with SIP NNN   2001  rings, answers and leaves       4000  never replies at all
                                         2016  the same, with a Q.850 cause
                                         2183  early media, then answers and stays
"""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from outdial.local_asterisk.software import Software

TEMPLATE = Path(__file__).with_name("callees.xml")
CODES = (
    402, 403, 404, 408, 410, 480, 484, 486, 487, 488, 500, 502, 503, 504, 600, 603, 604, 607, 608,
)  # fmt: skip
ANSWERS, LEAVES, LEAVES_WITH_A_REASON, EARLY_MEDIA, RINGS, SILENT = (
    "2000",
    "2001",
    "2016",
    "2183",
    "3000",
    "4000",
)
START_TIMEOUT_S = 10.0


def refuses(code: int) -> str:
    """Refuses at once, as networks do."""
    return f"0{code}"


def rings_and_refuses(code: int) -> str:
    """Rings before it refuses, as people do."""
    return f"1{code}"


def number(behaviour: str, nth: int = 0) -> str:
    """The `nth` number that behaves so."""
    return f"+1202{555 + nth}{behaviour}"


@dataclass
class Called:
    """A sipp process: the far end of one trunk."""

    software: Software
    folder: Path
    port: int
    first_media_port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        """Where the trunk leads."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.folder.mkdir(exist_ok=True)
        scenario = self.folder / "called.xml"
        scenario.write_text(_scenario(), "utf-8")
        with (self.folder / "sipp.log").open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *self.software.command("usr/bin/sipp"),
                    *("-sf", str(scenario), "-i", "127.0.0.1", "-p", str(self.port)),
                    *("-min_rtp_port", str(self.first_media_port), "-nostdin", "-l", "1000"),
                ],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while _is_udp_free(self.port):
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(f"sipp did not come up:\n{(self.folder / 'sipp.log').read_text()[-2000:]}")
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


def _scenario() -> str:
    which = "".join(
        f'<ereg regexp="{code}@" search_in="hdr" header="To:" assign_to="is_{code}"/>\n' for code in CODES
    )
    branches = "".join(f'<nop next="send_{code}" test="is_{code}"/>\n' for code in CODES)
    refusals = "".join(_REFUSAL.format(code=code) for code in CODES)
    template = TEMPLATE.read_text("utf-8")
    for part, text in {"WHICH_CODE": which, "BRANCHES": branches, "REFUSALS": refusals}.items():
        template = template.replace(f"%{part}%", text)
    return template


_REFUSAL = """
<label id="send_{code}"/>
<send retrans="500" next="refused">
<![CDATA[
SIP/2.0 {code} Refused
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]-[pid]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]>
</send>
"""
