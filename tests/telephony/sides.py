"""The two telephony sides that every test here runs against: a real Asterisk, and the simulated network."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from outdial.local_asterisk.asterisk import CONFIGURE, SECRET, Asterisk
from outdial.simulator.network import SimulatedNetwork, simulated_network
from outdial.simulator.scenario import Scenario, parse_scenario
from tests.dialer.stage import eventually
from tests.telephony import called
from tests.telephony.line import Line, line_to
from tests.telephony.witness import WITNESS, WITNESS_USER, Witness, witness_of

TRUNK, SECOND_TRUNK, DEAD_TRUNK = "trunk", "second", "dead"
VOICELESS = "voiceless"
"""Its audio is to come from an address that no machine has: Asterisk finds no port for it, as it does when
all of them are in use."""

_VOICELESS_TRUNK = f"""
[{VOICELESS}](outdial-trunk)
aors = {VOICELESS}
media_address = 192.0.2.1
bind_rtp_to_media_address = yes

[{VOICELESS}](outdial-aor)
contact = sip:127.0.0.1:9
"""
ADDITIONS = {"manager": WITNESS_USER, "trunks": _VOICELESS_TRUNK}
"""What the tests' Asterisks have besides the operator's configuration."""

GONE_TRUNK = "gone"
"""Asterisk asks it for a sign of life and gets none, so it places no call: as if there were no such trunk."""

NUMBERS_EACH = 3
# The simulator knows what happens to a number, not over which trunk it is called.
UNPLACED_NUMBER = called.number(called.ANSWERS, NUMBERS_EACH)
ETC = CONFIGURE.parent


class Side(Protocol):
    """A telephony side that can be started and ended again and again, on one port."""

    @property
    def ami_port(self) -> int: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def kill(self) -> None: ...

    async def has_looked_for(self, trunk: str) -> None:
        """Return once it is known that `trunk` gives no sign of life."""
        ...


@dataclass
class RealSide:
    """Asterisk with its called parties. Started already; a test that ends it starts it again."""

    asterisk: Asterisk

    @property
    def ami_port(self) -> int:
        return self.asterisk.ami_port

    async def start(self) -> None:
        await asyncio.to_thread(self.asterisk.start)

    async def stop(self) -> None:
        await asyncio.to_thread(self.asterisk.stop)

    async def kill(self) -> None:
        await asyncio.to_thread(self.asterisk.kill)

    async def has_looked_for(self, trunk: str) -> None:
        await eventually(lambda: self.asterisk.has_missed(trunk), every_s=0.2)


@dataclass
class SimulatedSide:
    """The simulated network, with people who behave as the called parties of the real one do."""

    ami_port: int
    _network: SimulatedNetwork | None = None
    _life: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        network = simulated_network(simulated_scenario(), ami_port=self.ami_port)
        self._network = await self._life.enter_async_context(network)

    async def stop(self) -> None:
        await self._life.aclose()

    async def kill(self) -> None:
        # Without links nobody hears the last words of a network that stops.
        if self._network is not None:
            self._network.drop_links()
        await self.stop()

    async def has_looked_for(self, trunk: str) -> None:
        # It is told of no such trunk, which comes to the same.
        assert trunk not in simulated_scenario().trunks


@dataclass(frozen=True)
class Phones:
    """What a test has: a telephony side, the dialer's line to it, and a witness of all calls."""

    side: Side
    line: Line
    witness: Witness

    @property
    def ami_port(self) -> int:
        """Where the dialer finds the manager."""
        return self.line.port


@asynccontextmanager
async def phones_of(side: Side) -> AsyncIterator[Phones]:
    """A line and a witness for one test, of a side that runs."""
    async with line_to(side.ami_port) as line, witness_of(side.ami_port) as witness:
        yield Phones(side, line, witness)


def simulated_scenario() -> Scenario:
    """The numbers, trunks, users and dialplan of the real side, as the simulator is told them."""
    return parse_scenario({
        "trunks": [TRUNK, SECOND_TRUNK, VOICELESS],
        "dead_trunks": [DEAD_TRUNK],
        "users": {
            "dialer": {
                "secret": SECRET,
                "read": ["call", "dtmf"],
                "events": dialer_events(ETC / "manager.conf"),
            },
            WITNESS: {"secret": SECRET, "events": "all"},
        },
        "dialplan": {"campaign-ivr": {"s": dialplan_of("campaign-ivr", ETC / "extensions.conf")}},
        "prompts": {"hello-world": 1.4},
        "ring_s": 0.3,
        "refuse_s": 0.1,
        "numbers": {
            called.number(behaviour, nth): habit
            for behaviour, habit in _habits().items()
            for nth in (*range(NUMBERS_EACH), NUMBERS_EACH + 1)
        }
        | {UNPLACED_NUMBER: {"outcome": "no_audio_port"}},
    })


def _habits() -> dict[str, dict[str, Any]]:
    refusals = {called.refuses(code): {"outcome": f"sip_{code}", "rings": False} for code in called.CODES}
    late = {
        called.rings_and_refuses(code): {"outcome": f"sip_{code}", "rings": True} for code in called.CODES
    }
    others: dict[str, dict[str, Any]] = {
        called.ANSWERS: {"outcome": "answered", "patience_s": 600},
        called.LEAVES: {"outcome": "answered", "patience_s": 0.6, "q850": 0},
        called.LEAVES_WITH_A_REASON: {"outcome": "answered", "patience_s": 0.6, "q850": 1},
        called.EARLY_MEDIA: {"outcome": "early_media", "patience_s": 600},
        called.RINGS: {"outcome": "no_answer"},
        called.SILENT: {"outcome": "dead_trunk"},
    }
    return refusals | late | others


def dialer_events(manager: Path) -> list[str]:
    """The events that the operator's configuration lets a dialer hear."""
    return re.findall(r"^eventfilter\(name\((\w+)\)\)", manager.read_text("utf-8"), re.MULTILINE)


def dialplan_of(context: str, extensions: Path) -> list[str]:
    """The steps of s in a context of the operator's dialplan."""
    _, _, rest = extensions.read_text("utf-8").partition(f"\n[{context}]\n")
    body, _, _ = rest.partition("\n[")
    return re.findall(r"^(?:exten => s,1,| same => n,)(.*)$", body, re.MULTILINE)
