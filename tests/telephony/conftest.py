"""The telephony side that these tests run against, chosen by --telephony, and a stage for the dialer."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from outdial.local_asterisk.asterisk import Asterisk
from outdial.local_asterisk.sipp import Sipp
from outdial.local_asterisk.software import get_software
from outdial.messaging.provision import create_queues
from outdial.messaging.queue_address import QueueAddress
from outdial.standalone.aws import REGION
from outdial.standalone.ports import choose_ports
from outdial.storage.pool import Pool
from tests.dialer.stage import Stage
from tests.telephony.called import scenario
from tests.telephony.recorded import Recorded, write_recorded
from tests.telephony.sides import (
    ADDITIONS,
    DEAD_TRUNK,
    GONE_TRUNK,
    SECOND_TRUNK,
    TRUNK,
    Phones,
    RealSide,
    SimulatedSide,
    phones_of,
)

TRUNKS = (TRUNK, SECOND_TRUNK, DEAD_TRUNK, GONE_TRUNK)
FIRST_AUDIO_PORT = 20_000
AUDIO_PORTS_EACH = 1000


@pytest.fixture(scope="session")
def is_real(pytestconfig: pytest.Config) -> bool:
    """Whether the other side is a real Asterisk."""
    return pytestconfig.getoption("--telephony") == "asterisk"


@pytest.fixture(scope="session")
def asterisk(worker_id: str) -> Iterator[Asterisk]:
    """Asterisk and the called parties of its trunks, running."""
    names = ("ami", "sip", *TRUNKS)
    ports = choose_ports(names, wished={})
    # Calls need ranges of ports: each test process has its own.
    nth_process = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    audio = FIRST_AUDIO_PORT + 3 * AUDIO_PORTS_EACH * nth_process
    software = get_software()
    # Asterisk plays nothing from a cache whose path is long or has a dot in it.
    with tempfile.TemporaryDirectory(prefix="a", dir="/tmp") as path:
        folder = Path(path)
        far_ends = [
            Sipp(software, folder / name, scenario(), ports[name], audio + (nth + 1) * AUDIO_PORTS_EACH)
            for nth, name in enumerate((TRUNK, SECOND_TRUNK))
        ]
        trunks = {name: f"127.0.0.1:{ports[name]}" for name in TRUNKS}
        qualified = {SECOND_TRUNK: 1, GONE_TRUNK: 1}
        real = Asterisk(
            software, folder, ports["ami"], ports["sip"], audio, trunks, qualified, additions=ADDITIONS
        )
        real.configure()
        try:
            for far_end in far_ends:
                far_end.start()
            real.start()
            yield real
        finally:
            real.kill()
            for far_end in far_ends:
                far_end.stop()


@pytest.fixture
async def phones(request: pytest.FixtureRequest, is_real: bool) -> AsyncIterator[Phones]:
    """A telephony side that runs, with nobody on the line."""
    if is_real:
        side = RealSide(request.getfixturevalue("asterisk"))
        async with phones_of(side) as phones:
            yield phones
            if phones.witness.live:
                # A test that failed must not be the next one's trouble.
                await side.kill()
        if not side.asterisk.is_running:
            await side.start()
        return
    side = SimulatedSide(choose_ports(["ami"], wished={})["ami"])
    await side.start()
    async with phones_of(side) as phones:
        yield phones
    await side.stop()


@pytest.fixture
async def address(aws_endpoint: str) -> QueueAddress:
    """A dial-task queue of the test's own."""
    return await create_queues(REGION, aws_endpoint, f"dial-{secrets.token_hex(6)}")


@pytest.fixture
def stage(database_dsn: str, redis_url: str, pool: Pool, address: QueueAddress) -> Stage:
    """Everything a dialer is connected to."""
    return Stage(database_dsn, redis_url, pool, address)


@pytest.fixture(scope="session")
def recorded(pytestconfig: pytest.Config, is_real: bool) -> Iterator[Recorded]:
    """What Asterisk was recorded to send; recorded anew, from this run, with --record."""
    known = Recorded.read()
    known.is_being_recorded = pytestconfig.getoption("--record")
    if known.is_being_recorded and not is_real:
        raise pytest.UsageError("--record writes down what Asterisk does: it needs --telephony asterisk")
    yield known
    if known.is_being_recorded:
        write_recorded(known)
