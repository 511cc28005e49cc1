"""The whole stack, as `make up` starts it, and ways to look at it from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from outdial.messaging.aws_clients import open_client
from outdial.settings import Settings, read_settings
from outdial.standalone.aws import CREDENTIALS
from outdial.standalone.home import Home
from outdial.standalone.welcome import welcome_facts
from outdial.storage.pool import Pool, open_pool
from tests.airflow_home import use_own_airflow_home
from tests.e2e.airflow_client import AirflowClient, open_airflow_client
from tests.e2e.inbox import Inbox

use_own_airflow_home()


@dataclass(frozen=True)
class Stack:
    """Everything a test of the whole looks at."""

    settings: Settings
    pool: Pool
    airflow: AirflowClient
    inbox: Inbox
    ledger: Path


@pytest.fixture
async def stack(airflow_stack: Home, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stack]:
    """The session's stack, with an inbox of the test's own for campaign notifications."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    settings = read_settings(airflow_stack.environment)
    facts = welcome_facts(airflow_stack)
    region, endpoint = settings.aws_region, settings.aws_endpoint_url
    async with (
        open_pool(settings.database_dsn, max_size=4) as pool,
        open_airflow_client(facts["airflow"], facts["user"], facts["password"]) as airflow,
        open_client("sqs", region, endpoint) as sqs,
        open_client("sns", region, endpoint) as sns,
    ):
        queue = await sqs.create_queue(QueueName=f"inbox-{uuid4().hex[:8]}")
        attributes = await sqs.get_queue_attributes(QueueUrl=queue["QueueUrl"], AttributeNames=["QueueArn"])
        await sns.subscribe(
            TopicArn=settings.campaign_notifications_topic_arn,
            Protocol="sqs",
            Endpoint=attributes["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )
        ledger = airflow_stack.path / "simulator" / "ledger.jsonl"
        yield Stack(settings, pool, airflow, Inbox(sqs, queue["QueueUrl"]), ledger)
