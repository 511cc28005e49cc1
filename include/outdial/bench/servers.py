"""PostgreSQL, Valkey and an SQS endpoint of a benchmark's own, empty, in a folder that goes with it."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from outdial.bench.fauxqs import fauxqs_part
from outdial.messaging.provision import provision
from outdial.settings import replace_aws_variables
from outdial.standalone.aws import CREDENTIALS, REGION, AwsServer, aws_part
from outdial.standalone.child_environment import child_environment
from outdial.standalone.part import running_part
from outdial.standalone.ports import choose_ports
from outdial.standalone.postgres import PostgresServer, create_database, postgres_part
from outdial.standalone.valkey import ValkeyServer, valkey_part
from outdial.storage.migrate import migrate

DATABASE = "outdial"
SqsKind = Literal["moto", "fauxqs"]
"""moto is what one machine runs with; fauxqs keeps up with more."""


@dataclass(frozen=True)
class Servers:
    """How a process reaches them (the variables of `outdial.settings`), and their process ids by name."""

    environment: Mapping[str, str]
    dsn: str
    pids: Mapping[str, int]


@asynccontextmanager
async def running_servers(folder: Path, sqs: SqsKind) -> AsyncGenerator[Servers]:
    """Fresh servers, for the length of a block."""
    ports = choose_ports(("postgres", "valkey", "aws"), wished={})
    inherited = child_environment(os.environ)  # noqa: TID251 - for processes, not for us
    password = secrets.token_hex(16)
    postgres = PostgresServer(folder / "postgres", folder / "postgres.log", ports["postgres"], password)
    valkey = ValkeyServer(folder / "valkey", folder / "valkey.log", ports["valkey"], password)
    aws = AwsServer(folder / "aws.log", ports["aws"])
    parts = [await postgres_part(postgres, inherited), valkey_part(valkey, inherited)]
    if sqs == "fauxqs":
        parts.append(await fauxqs_part(aws.port, aws.log, inherited))
    else:
        parts.append(aws_part(aws, inherited))
    async with AsyncExitStack() as life:
        running = [await life.enter_async_context(running_part(part)) for part in parts]
        await create_database(postgres, DATABASE)
        await migrate(postgres.dsn(DATABASE))
        replace_aws_variables(CREDENTIALS)
        environment = {
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(ports["postgres"]),
            "DB_NAME": DATABASE,
            "DB_USER": DATABASE,
            "DB_PASSWORD": password,
            "REDIS_URL": valkey.url,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": aws.endpoint,
            "STORAGE_URL": (folder / "storage").as_uri(),
            **CREDENTIALS,
            **await provision(REGION, aws.endpoint),
        }
        pids = {one.part.name: one.process.pid for one in running}
        yield Servers(inherited | environment, postgres.dsn(DATABASE), pids)
