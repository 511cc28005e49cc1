"""Opens SQS and SNS clients and turns their failures into our errors; used by every file of this room.

Credentials come by AWS's standard chain: environment, shared files, the machine's role.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from outdial.domain.errors import OutdialError, Unavailable

AwsClient = Any
"""botocore builds its clients' types at run time."""

CALL_TIMEOUT_S = 5.0
LONGEST_POLL_S = 20
"""SQS lets nobody wait longer in one receive."""

_CONFIG = AioConfig(
    connect_timeout=2,
    read_timeout=LONGEST_POLL_S + 5,
    retries={"total_max_attempts": 2, "mode": "standard"},
    max_pool_connections=32,
)

# The request reached the service, which will never do this for this message.
_ABOUT_THE_MESSAGE = frozenset({
    "InvalidMessageContents",
    "InvalidParameterValue",
    "ReceiptHandleIsInvalid",
    "MessageNotInflight",
    "AWS.SimpleQueueService.MessageNotInflight",
})


class Refused(OutdialError):
    """The service will not take what was sent; the same request cannot succeed later."""


@asynccontextmanager
async def open_client(service: str, region: str, endpoint_url: str | None) -> AsyncGenerator[AwsClient]:
    """A client of "sqs" or "sns"; `endpoint_url` None is AWS itself. Opening it asks nothing."""
    async with get_session().create_client(
        service, region_name=region, endpoint_url=endpoint_url or None, config=_CONFIG
    ) as client:
        yield client


@asynccontextmanager
async def answered_in_time(service: str, timeout_s: float = CALL_TIMEOUT_S) -> AsyncGenerator[None]:
    """Around one request: raises Refused for a bad message, Unavailable for everything else that fails."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise Unavailable(f"{service} did not answer within {timeout_s:g} s.") from error
    except ClientError as error:
        raise _from_answer(service, error) from error
    except BotoCoreError as error:
        raise Unavailable(f"{service} cannot be reached: {error}") from error


def _from_answer(service: str, error: ClientError) -> OutdialError:
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "")
    kind = Refused if code in _ABOUT_THE_MESSAGE else Unavailable
    return kind(f"{service} answered {code} to {error.operation_name}: {message}")
