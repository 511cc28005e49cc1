"""The dialer as a process: opens what it needs from settings, obeys signals, closes everything."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from outdial.blacklist.cache import open_cache
from outdial.dialer.ami import AmiAddress
from outdial.dialer.ivr_services import IvrServicesConfig
from outdial.dialer.pace_lead import PaceConfig
from outdial.dialer.running import Connections, Dialer, DialerConfig
from outdial.dialer.sms_requests import open_sms_requests
from outdial.dialer.webhooks import WebhookRules
from outdial.domain.clock import utc_now
from outdial.messaging.announcing import EventTopics
from outdial.messaging.task_queue import open_task_queue
from outdial.messaging.topics import open_topics
from outdial.pacing.requests import Limits
from outdial.pacing.slots import open_pace
from outdial.settings import Settings, dial_queue_address
from outdial.storage.pool import open_pool
from outdial.telemetry.logs import get_logger

DATABASE_CONNECTIONS = 16
IDLE_TIMEOUT_S = 4.0
"""A dialer that freezes while it begins a call holds its campaign up for so long, and no longer."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

log = get_logger(__name__)


@dataclass(frozen=True)
class DialerOptions:
    """What the command line adds to the settings. `agi_host` None follows the advertised host."""

    drain_timeout_s: float = 30.0
    agi_host: str | None = None
    context: str = "campaign-ivr"


async def run_process(settings: Settings, options: DialerOptions) -> None:
    """Dial until SIGTERM or SIGINT, then drain; a second signal ends the process at once.

    Calls it then leaves unsettled are ended as `unknown` by whichever dialer leads.
    """
    stop = asyncio.Event()
    this = asyncio.current_task()
    assert this is not None  # noqa: S101 - a coroutine runs in a task

    def obey() -> None:
        if stop.is_set():
            log.warning("stopped at once: calls in progress are left to another dialer")
            this.cancel()
        stop.set()

    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, obey)
    async with _connected(settings) as connections:
        await Dialer(dialer_config(settings, options), connections, utc_now).run(stop)


def dialer_config(settings: Settings, options: DialerOptions) -> DialerConfig:
    """What a dialer is told, from settings and options."""
    advertised = settings.agi_advertised_host
    return DialerConfig(
        dsn=settings.database_dsn,
        ami=AmiAddress(settings.ami_host, settings.ami_port, settings.ami_user, settings.ami_secret),
        max_cps=settings.max_cps,
        # Asterisk on another machine must reach us; one on this machine needs no open door.
        agi_host=options.agi_host or (advertised if advertised in _LOOPBACK else "0.0.0.0"),  # noqa: S104
        agi_port=settings.agi_port,
        agi_advertised_host=advertised,
        context=options.context,
        topics=EventTopics(
            calls=settings.call_events_topic_arn,
            donations=settings.donation_events_topic_arn,
            optouts=settings.optout_events_topic_arn,
            notifications=settings.campaign_notifications_topic_arn,
        ),
        ivr=IvrServicesConfig(
            storage_url=settings.storage_url,
            audio_port=settings.audio_port,
            recording_port=settings.recording_port,
            webhooks=WebhookRules(settings.webhook_secret.get_secret_value(), settings.allowed_webhook_hosts),
            speech=settings.speech,
        ),
        pace=PaceConfig(settings.telephony_metrics_url),
        drain_timeout_s=options.drain_timeout_s,
    )


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncGenerator[Connections]:
    region, endpoint = settings.aws_region, settings.aws_endpoint_url
    address = dial_queue_address(settings, region, endpoint)
    sms_arn, sms_queue = settings.sms_gateway_topic_arn, settings.sms_requests_queue_url
    async with (
        open_pool(settings.database_dsn, DATABASE_CONNECTIONS, IDLE_TIMEOUT_S) as pool,
        open_task_queue(address) as queue,
        open_topics(region, endpoint) as topics,
        open_sms_requests(topics, sms_arn, sms_queue, region, endpoint) as send_sms,
        open_pace(settings.redis_url, pool, Limits(settings.max_cps)) as pace,
        open_cache(settings.redis_url, _warn_of_cache) as cache,
    ):
        yield Connections(pool, queue, topics, pace, send_sms, cache)


def _warn_of_cache(reason: str) -> None:
    log.warning("Redis does not hold the blacklist", reason=reason)
