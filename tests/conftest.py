"""Real servers for the tests: PostgreSQL, Valkey and an SQS/SNS endpoint, each fresh for every test."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from outdial.messaging.provision import create_queues
from outdial.messaging.queue_address import QueueAddress
from outdial.standalone.aws import CREDENTIALS, REGION, AwsServer, aws_part
from outdial.standalone.child_environment import child_environment
from outdial.standalone.control import start_stack, stop_stack
from outdial.standalone.home import Home
from outdial.standalone.part import start_part, stop_part
from outdial.standalone.ports import choose_ports
from outdial.standalone.postgres import PostgresServer, create_database, drop_database, postgres_part
from outdial.standalone.valkey import ValkeyServer, valkey_part
from outdial.storage.migrate import migrate
from outdial.storage.pool import Pool, open_pool

TEMPLATE = "outdial_template"
STARTS_AIRFLOW = ("tests/e2e/", "tests/standalone/test_whole_stack.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of tests/telephony; from there pytest reads none when it is run without arguments."""
    parser.addoption(
        "--telephony",
        choices=("simulator", "asterisk"),
        default="simulator",
        help="what tests/telephony places its calls on",
    )
    parser.addoption(
        "--record", action="store_true", help="with a real Asterisk: write down anew what it sends"
    )


class ByFile(LoadFileScheduling):
    """Each file in one process, and all that start Airflow in the same: three at once starve each other."""

    def _split_scope(self, nodeid: str) -> str:
        return "airflow" if nodeid.startswith(STARTS_AIRFLOW) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """How tests are shared out where several processes run them."""
    return ByFile(config, log)


@pytest.fixture(scope="session")
def monkeypatch_session() -> Iterator[pytest.MonkeyPatch]:
    """Changes that last for the session."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="session", autouse=True)
def outdial_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch_session: pytest.MonkeyPatch) -> Path:
    """An empty home, so that no test finds the stack somebody keeps running in this folder."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch_session.setenv("OUTDIAL_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def server_ports() -> dict[str, int]:
    """A free port for each server of the session."""
    return choose_ports(("postgres", "valkey", "aws"), wished={})


@pytest.fixture(scope="session")
def server_loop() -> Iterator[asyncio.Runner]:
    """The loop that owns the session's servers; tests have loops of their own."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def server_environment() -> dict[str, str]:
    """What the session's servers inherit."""
    return child_environment(os.environ)


@pytest.fixture(scope="session")
def postgres_server(
    tmp_path_factory: pytest.TempPathFactory,
    server_loop: asyncio.Runner,
    server_ports: dict[str, int],
    server_environment: dict[str, str],
) -> Iterator[PostgresServer]:
    """PostgreSQL, running."""
    folder = tmp_path_factory.mktemp("postgres")
    password = secrets.token_hex(16)
    server = PostgresServer(
        folder / "data", folder / "log", server_ports["postgres"], password, durable=False
    )
    part = server_loop.run(postgres_part(server, server_environment))
    running = server_loop.run(start_part(part))
    yield server
    server_loop.run(stop_part(running))


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer, server_loop: asyncio.Runner) -> str:
    """The name of a migrated database, to be copied for each test."""
    server_loop.run(create_database(postgres_server, TEMPLATE))
    server_loop.run(migrate(postgres_server.dsn(TEMPLATE)))
    return TEMPLATE


@pytest.fixture
def database_dsn(
    postgres_server: PostgresServer, migrated_template: str, server_loop: asyncio.Runner
) -> Iterator[str]:
    """A database of the test's own, migrated and empty."""
    name = f"test_{secrets.token_hex(6)}"
    server_loop.run(create_database(postgres_server, name, migrated_template))
    yield postgres_server.dsn(name)
    server_loop.run(drop_database(postgres_server, name))


@pytest.fixture
async def pool(database_dsn: str) -> AsyncIterator[Pool]:
    """Connections to the test's own database."""
    async with open_pool(database_dsn, max_size=8) as opened:
        yield opened


@pytest.fixture(scope="session")
def valkey_server(
    tmp_path_factory: pytest.TempPathFactory,
    server_loop: asyncio.Runner,
    server_ports: dict[str, int],
    server_environment: dict[str, str],
) -> Iterator[ValkeyServer]:
    """Valkey, running."""
    folder = tmp_path_factory.mktemp("valkey")
    server = ValkeyServer(folder / "data", folder / "log", server_ports["valkey"], secrets.token_hex(16))
    running = server_loop.run(start_part(valkey_part(server, server_environment)))
    yield server
    server_loop.run(stop_part(running))


@pytest.fixture
def redis_url(valkey_server: ValkeyServer) -> str:
    """Redis with nothing in it."""
    with redis.Redis.from_url(valkey_server.url, socket_timeout=5) as client:
        client.flushall()
    return valkey_server.url


@pytest.fixture(scope="session")
def aws_endpoint(
    tmp_path_factory: pytest.TempPathFactory,
    server_loop: asyncio.Runner,
    server_ports: dict[str, int],
    server_environment: dict[str, str],
    monkeypatch_session: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The URL of an SQS and SNS endpoint, with credentials for it in the environment."""
    for name, value in CREDENTIALS.items():
        monkeypatch_session.setenv(name, value)
    server = AwsServer(tmp_path_factory.mktemp("aws") / "log", server_ports["aws"])
    running = server_loop.run(start_part(aws_part(server, server_environment)))
    yield server.endpoint
    server_loop.run(stop_part(running))


@pytest.fixture
def dial_queue(aws_endpoint: str, server_loop: asyncio.Runner) -> QueueAddress:
    """A dial-task queue and a dead-letter queue of the test's own."""
    return server_loop.run(create_queues(REGION, aws_endpoint, f"dial-{secrets.token_hex(6)}"))


@pytest.fixture(scope="session")
def airflow_stack(
    tmp_path_factory: pytest.TempPathFactory, server_environment: dict[str, str]
) -> Iterator[Home]:
    """The whole stack as `outdial standalone start` starts it, once for the session; yields its home.

    `read_settings(home.environment)` has its addresses, `welcome_facts(home)` Airflow's login. A test that
    asks for it needs a timeout of minutes: the first one waits for Airflow.
    """
    path = tmp_path_factory.mktemp("stack") / "home"
    started = asyncio.run(start_stack(path, server_environment, lambda _part: None))
    yield started.home
    asyncio.run(stop_stack(path))
