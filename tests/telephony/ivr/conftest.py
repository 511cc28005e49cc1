"""A telephony side with people who hear prompts: a real Asterisk with a handset, or the simulated network."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from outdial.local_asterisk.asterisk import SECRET, Asterisk
from outdial.local_asterisk.software import get_software
from outdial.simulator.network import simulated_network
from outdial.simulator.scenario import parse_scenario
from outdial.standalone.ports import choose_ports
from tests.telephony.ivr.handset import Dtmf, Handset, a_handset
from tests.telephony.ivr.lines import person_of
from tests.telephony.ivr.people import ABSENT_AGENT, AGENT, CASES, PROMPT_S, TONES, number_of
from tests.telephony.ivr.tones import tone_wav
from tests.telephony.sides import TRUNK
from tests.telephony.witness import WITNESS_USER

FIRST_AUDIO_PORT, AUDIO_PORTS_EACH = 45_000, 1000
# A queue rings only members whose state it can know: endpoints.
DESK = """
[desk](outdial-trunk)
aors = desk

[desk](outdial-aor)
contact = sip:{agent}@127.0.0.1:{port}
"""
QUEUES = """
[staffed]
strategy = ringall
member => PJSIP/desk

[deserted]
joinempty = no
"""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The simulator carries no sound and has no queues: what is heard there is nothing to test."""
    is_real = config.getoption("--telephony") == "asterisk"
    return True if collection_path.name == "test_on_asterisk.py" and not is_real else None


@dataclass(frozen=True)
class People:
    """Where a dialer finds the people; `handset` is theirs on a real Asterisk, where they really hear."""

    ami_port: int
    handset: Handset | None


@dataclass(frozen=True)
class HandsetTrunk:
    """An Asterisk whose only trunk leads to a handset on `port`."""

    asterisk: Asterisk
    port: int


@pytest.fixture(scope="session")
def handset_trunk(worker_id: str) -> Iterator[HandsetTrunk]:
    """It is started when first asked for."""
    ports = choose_ports(("ami", "sip", TRUNK), wished={})
    nth_process = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    audio = FIRST_AUDIO_PORT + AUDIO_PORTS_EACH * nth_process
    with tempfile.TemporaryDirectory(prefix="a", dir="/tmp") as path:
        trunks = {TRUNK: f"127.0.0.1:{ports[TRUNK]}"}
        desk = DESK.format(agent=AGENT, port=ports[TRUNK])
        additions = {"manager": WITNESS_USER, "trunks": desk, "queues": QUEUES}
        asterisk = Asterisk(
            get_software(), Path(path), ports["ami"], ports["sip"], audio, trunks, additions=additions
        )
        asterisk.configure()
        asterisk.start()
        try:
            yield HandsetTrunk(asterisk, ports[TRUNK])
        finally:
            asterisk.kill()


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """A storage that has every prompt."""
    (tmp_path / "audio").mkdir()
    for name, hz in TONES.items():
        (tmp_path / "audio" / f"{name}.wav").write_bytes(tone_wav(hz, PROMPT_S))
    return tmp_path


@pytest.fixture
def people(request: pytest.FixtureRequest, is_real: bool) -> Any:
    """Opens the side whose people press their keys as told."""

    @asynccontextmanager
    async def open_side(dtmf: Dtmf) -> AsyncIterator[People]:
        if is_real:
            trunk: HandsetTrunk = request.getfixturevalue("handset_trunk")
            async with a_handset(trunk.port, person_of(dtmf), frozenset(TONES.values())) as handset:
                yield People(trunk.asterisk.ami_port, handset)
        else:
            async with simulated_network(_scenario(dtmf)) as network:
                yield People(network.ami_port, None)

    return open_side


def _scenario(dtmf: Dtmf) -> Any:
    # What somebody does after their message is one more habit.
    habits = {number_of(case): {"keys": [*case.habit, case.after_the_message or "", ""]} for case in CASES}
    return parse_scenario({
        "users": {"dialer": {"secret": SECRET}},
        "dtmf": dtmf,
        "ring_s": 0.05,
        "patience_s": 60,
        "prompt_s": PROMPT_S,
        "message_s": 1.5,
        "key_delay_s": 0.3,
        "barge_in": 1,
        "transfer": {"status": "ANSWER", "ring_s": 0.1, "talk_s": 1},
        "numbers": habits | {ABSENT_AGENT: {"outcome": "no_answer"}},
    })
