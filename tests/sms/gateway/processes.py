"""Gateways as processes of their own, for tests that kill them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from outdial.simulator.sms.network import SimulatedCarrier
from outdial.standalone.aws import CREDENTIALS
from outdial.standalone.child_environment import child_environment
from tests.dialer.stage import eventually
from tests.sms.gateway.stage import SENDER, Stage

BOUND_WITHIN_S = 40


@asynccontextmanager
async def a_process(
    stage: Stage, carrier: SimulatedCarrier, log: Path
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """`outdial sms-gateway`, bound to `carrier` by SMPP; killed at the end where it still runs."""
    dsn = urlsplit(stage.dsn)
    environment = child_environment(
        os.environ,
        DB_HOST=dsn.hostname or "",
        DB_PORT=str(dsn.port),
        DB_NAME=dsn.path.lstrip("/"),
        DB_USER=dsn.username or "",
        DB_PASSWORD=dsn.password or "",
        REDIS_URL=stage.redis_url,
        AWS_ENDPOINT_URL=stage.address.endpoint_url or "",
        SMS_REQUESTS_QUEUE_URL=stage.address.queue_url,
        SMS_REQUESTS_DLQ_URL=stage.address.dlq_url,
        SMS_CARRIERS="smpp",
        SMS_SENDER=SENDER,
        SMS_WEB_PORT="0",
        SMPP_PORT=str(carrier.smpp_port),
        SMPP_SYSTEM_ID="gateway",
        SMPP_PASSWORD="secret",
        SMPP_PARTS_PER_SECOND=str(stage.per_second),
        **CREDENTIALS,
    )
    command = [sys.executable, "-c", "from outdial.cli.main import main; main()", "sms-gateway"]
    links = carrier.links
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=stream)
    try:
        await eventually(lambda: carrier.links > links or process.returncode is not None, BOUND_WITHIN_S)
        assert process.returncode is None, f"the gateway ended at once; see {log}"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
