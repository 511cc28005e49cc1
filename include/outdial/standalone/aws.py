"""The stack's SQS and SNS endpoint, and what a client needs to talk to it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from outdial.standalone.part import Part, port_answers

REGION = "us-east-1"
# The endpoint checks no signatures; clients still insist on having something to sign with.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "outdial",
    "AWS_SECRET_ACCESS_KEY": "standalone",
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass(frozen=True)
class AwsServer:
    """Where the endpoint listens and logs."""

    log: Path
    port: int

    @property
    def endpoint(self) -> str:
        """The endpoint's URL."""
        return f"http://127.0.0.1:{self.port}"


def aws_part(server: AwsServer, environment: dict[str, str]) -> Part:
    """The part that runs `server`."""

    async def is_ready() -> bool:
        return await port_answers(server.port)

    command = [sys.executable, "-m", "outdial.standalone.aws_server", str(server.port)]
    return Part("aws", command, server.log, is_ready, environment=environment)
