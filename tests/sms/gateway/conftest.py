"""A stage for gateway tests: a real database, queue and Valkey, open."""

from __future__ import annotations

import pytest
import structlog

from outdial.messaging.provision import create_queues
from outdial.messaging.queue_address import QueueAddress
from outdial.standalone.aws import REGION
from outdial.storage.pool import Pool
from tests.sms.gateway.stage import Stage, a_name

# By default structlog prints every local variable of every frame, which takes seconds an exception.
structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ],
    logger_factory=structlog.PrintLoggerFactory(),
)


@pytest.fixture
async def address(aws_endpoint: str) -> QueueAddress:
    """A queue of texts of the test's own."""
    return await create_queues(REGION, aws_endpoint, a_name())


@pytest.fixture
def stage(database_dsn: str, redis_url: str, pool: Pool, address: QueueAddress) -> Stage:
    """Everything a gateway is connected to."""
    return Stage(database_dsn, redis_url, pool, address)
