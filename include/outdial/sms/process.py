"""The gateway as a process: opens what it needs from settings, obeys signals, closes everything."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from outdial.attempts.begin_texts import LinkTerms
from outdial.blacklist.cache import open_cache
from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.domain.sms.link_codes import secret_problem
from outdial.domain.sms.links import base_url_problem
from outdial.messaging.announcing import Announcer, EventTopics
from outdial.messaging.task_queue import open_task_queue
from outdial.messaging.topics import open_topics
from outdial.settings import Settings, text_queue_address
from outdial.sms.carriers.opening import open_carriers
from outdial.sms.gateway import Connections, Gateway, GatewayConfig
from outdial.sms.webhooks import WebhookRules
from outdial.storage.pool import open_pool
from outdial.telemetry.logs import get_logger

DATABASE_CONNECTIONS = 12

log = get_logger(__name__)


async def run_process(settings: Settings) -> None:
    """Send until SIGTERM or SIGINT, then drain; a second signal ends the process at once.

    Texts it then leaves without an answer are ended as `unknown` by whichever gateway lives. Raises
    InvalidInput where a setting is missing, Unavailable where something does not answer.
    """
    config = gateway_config(settings)
    stop = asyncio.Event()
    this = asyncio.current_task()
    assert this is not None  # noqa: S101 - a coroutine runs in a task

    def obey() -> None:
        if stop.is_set():
            log.warning("stopped at once: texts in flight end as unknown")
            this.cancel()
        stop.set()

    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, obey)
    async with AsyncExitStack() as stack:
        carriers = await open_carriers(settings, utc_now, random.Random(), stack)  # noqa: S311 - spreads reconnects
        connections = await stack.enter_async_context(_connected(settings))
        await Gateway(config, connections, carriers, utc_now).run(stop)


def gateway_config(settings: Settings) -> GatewayConfig:
    """What a gateway is told. Raises InvalidInput for links that could not be made."""
    signature = settings.sms_http_signature_secret
    secret = settings.sms_webhook_secret
    return GatewayConfig(
        dsn=settings.database_dsn,
        sender=settings.sms_sender,
        web_host=settings.sms_web_host,
        web_port=settings.sms_web_port,
        links=_link_terms(settings),
        webhooks=WebhookRules(
            utc_now,
            signature if signature.get_secret_value() else None,
            secret if secret.get_secret_value() else None,
        ),
    )


def _link_terms(settings: Settings) -> LinkTerms | None:
    if not settings.links_base_url:
        return None
    secret = settings.links_secret.get_secret_value().encode()
    problems = [
        f"{name} {problem}"
        for name, problem in (
            ("LINKS_BASE_URL", base_url_problem(settings.links_base_url)),
            ("LINKS_SECRET", secret_problem(secret)),
        )
        if problem
    ]
    if problems:
        raise InvalidInput(*problems)
    return LinkTerms(settings.links_base_url, secret)


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncGenerator[Connections]:
    region, endpoint = settings.aws_region, settings.aws_endpoint_url
    async with (
        open_pool(settings.database_dsn, DATABASE_CONNECTIONS) as pool,
        open_task_queue(text_queue_address(settings, region, endpoint)) as queue,
        open_topics(region, endpoint) as topics,
        open_cache(settings.redis_url, _warn_of_cache) as cache,
    ):
        arns = EventTopics(optouts=settings.optout_events_topic_arn)
        yield Connections(pool, queue, cache, Announcer(topics, arns))


def _warn_of_cache(reason: str) -> None:
    log.warning("Redis does not hold the blacklist", reason=reason)
