"""The doctor's look at texts: their queue, who carries them, the gateway and its short links."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import httpx
import psycopg

from outdial.domain.errors import OutdialError, Unavailable
from outdial.domain.sms.link_codes import SAMPLE_CODE, secret_problem
from outdial.domain.sms.links import base_url_problem
from outdial.messaging.aws_clients import answered_in_time, open_client
from outdial.settings import Settings
from outdial.sms.carriers.opening import carrier_names
from outdial.standalone.findings import Check, Finding

_ANSWER_TIMEOUT_S = 5
_SETTINGS = "Set SMS_CARRIERS and what its carriers need (docs/sms-gateway.md)."
_GATEWAY = "Start `outdial sms-gateway` with the same settings"


def text_checks(settings: Settings) -> list[Check]:
    """Checks of all that texts need; only one that says so where nobody is to carry any."""
    doctor = _Texts(settings)
    if not settings.sms_carriers:
        return [Check("texts", doctor.nobody, _SETTINGS)]
    return [
        Check("SMS requests", doctor.requests, "Check SMS_REQUESTS_QUEUE_URL and SMS_REQUESTS_DLQ_URL."),
        Check("SMS carriers", doctor.carriers, "Get PostgreSQL, its schema and SMS_CARRIERS right first."),
        Check("SMS gateway", doctor.gateway, f"{_GATEWAY}, or set SMS_WEB_HOST and SMS_WEB_PORT to its own."),
        Check("short links", doctor.links, "Set LINKS_BASE_URL to an address that ends at SMS_WEB_PORT."),
    ]


@dataclass(frozen=True)
class _Texts:
    """One look at each, by the same settings."""

    settings: Settings

    async def nobody(self) -> Finding:
        return Finding("texts", "none are sent: SMS_CARRIERS names no carrier")

    async def requests(self) -> Finding:
        waiting = await self._depth(self.settings.sms_requests_queue_url)
        dead = await self._depth(self.settings.sms_requests_dlq_url)
        return Finding("SMS requests", f"{waiting} waiting, {dead} dead letters")

    async def _depth(self, url: str) -> str:
        if not url:
            raise Unavailable("no queue is named")
        attribute = "ApproximateNumberOfMessages"
        async with (
            open_client("sqs", self.settings.aws_region, self.settings.aws_endpoint_url) as sqs,
            answered_in_time("SQS"),
        ):
            answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])
        return answer["Attributes"][attribute]

    async def carriers(self) -> Finding:
        names = carrier_names(self.settings)
        opened = await self._opened()
        found = ", ".join(f"{name} with {opened[name]:g} parts a second" for name in names if name in opened)
        missing = [name for name in names if name not in opened]
        fix = f"{_GATEWAY}: none has ever opened {' and '.join(missing)}." if missing else ""
        return Finding("SMS carriers", found or "none was opened", fix)

    async def _opened(self) -> dict[str, float]:
        try:
            async with await psycopg.AsyncConnection.connect(
                self.settings.database_dsn, connect_timeout=_ANSWER_TIMEOUT_S
            ) as conn:
                rows = await conn.execute("select name, parts_per_second from carriers")
                return dict(await rows.fetchall())
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
            raise Unavailable(str(error)) from None

    async def gateway(self) -> Finding:
        host = "127.0.0.1" if self.settings.sms_web_host == "0.0.0.0" else self.settings.sms_web_host  # noqa: S104 - asked, not bound
        answer = await _ask(f"http://{host}:{self.settings.sms_web_port}/health")
        try:
            links: dict[str, bool] = answer.json()["carriers"]
        except (ValueError, KeyError):
            raise _NotOurs(f"what answers at {host}:{self.settings.sms_web_port} is no gateway") from None
        down = [name for name, is_up in links.items() if not is_up]
        if down:
            fix = "Its log says why; texts for it wait meanwhile. Check its host, port, name and password."
            return Finding("SMS gateway", f"has no link to {' and '.join(down)}", fix)
        return Finding("SMS gateway", f"linked to {' and '.join(links)}")

    async def links(self) -> Finding:
        base_url, secret = self.settings.links_base_url, self.settings.links_secret.get_secret_value()
        if not base_url:
            return Finding("short links", "none are made: LINKS_BASE_URL is not set")
        if problem := base_url_problem(base_url):
            return Finding(
                "short links", f"LINKS_BASE_URL {problem}", "Set it again, and start the gateway anew."
            )
        if problem := secret_problem(secret.encode()):
            return Finding(
                "short links", f"LINKS_SECRET {problem}", "Set it again, and start the gateway anew."
            )
        answer = await _ask(f"{base_url.rstrip('/')}/{SAMPLE_CODE}")
        if answer.status_code != HTTPStatus.NOT_FOUND or "noindex" not in answer.headers.get(
            "X-Robots-Tag", ""
        ):
            raise _NotOurs(f"what answers at {base_url} is not the gateway")
        return Finding("short links", f"the gateway answers at {base_url}")


async def _ask(url: str) -> httpx.Response:
    try:
        async with httpx.AsyncClient(timeout=_ANSWER_TIMEOUT_S, trust_env=False) as client:
            return await client.get(url)
    except httpx.HTTPError as error:
        raise Unavailable(f"{url} does not answer ({str(error) or type(error).__name__})") from None


class _NotOurs(OutdialError):
    """Somebody answers, but not whom we asked for."""
