"""Posts what happened in an IVR to a campaign's own systems, in the background: no call waits for them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from outdial.dialer.outside_addresses import Destination, find_destination
from outdial.domain.clock import Clock
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.storage.cancellation import raise_if_cancelled
from outdial.telemetry.logs import get_logger

TIMEOUT_S = 5.0
RETRY_AFTER_S = (1.0, 5.0, 30.0, 120.0)
MOST_WAITING = 5000
AT_ONCE_FOR_A_HOST = 4
"""One slow receiver must not hold up the others."""

_TRY_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """The secret that signs every body, and the hosts that may be private and spoken to by plain http."""

    secret: str = ""
    private_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Posting:
    """One event on its way; `event_id` stays the same over all tries."""

    url: str
    event_id: str
    body: bytes


class Webhooks:
    """Takes postings at once and delivers them while `run` does."""

    def __init__(self, rules: WebhookRules, clock: Clock) -> None:
        self._rules = rules
        self._clock = clock
        self._new: asyncio.Queue[Posting] = asyncio.Queue(MOST_WAITING)
        self._unsent = 0
        self._all_sent = asyncio.Event()
        self._all_sent.set()
        self._in_a_hurry = asyncio.Event()
        self._hosts: dict[str, asyncio.Semaphore] = {}

    def post(self, url: str, event_id: str, event: Mapping[str, Any]) -> None:
        """Deliver soon. Raises InvalidInput without a secret, Unavailable where too many wait already."""
        if not self._rules.secret:
            raise InvalidInput("webhooks are signed: set WEBHOOK_SECRET")
        if self._unsent >= MOST_WAITING:
            raise Unavailable(f"{MOST_WAITING} webhooks wait already: their receivers are too slow")
        body = json.dumps(event, default=str, ensure_ascii=False).encode()
        self._unsent += 1
        self._all_sent.clear()
        self._new.put_nowait(Posting(url, event_id, body))

    async def run(self) -> None:
        """Deliver until cancelled."""
        # Proxies and .netrc of the environment would lead past the check of addresses.
        client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False)
        async with client, asyncio.TaskGroup() as group:
            while True:
                raise_if_cancelled()
                group.create_task(self._deliver(client, await self._new.get()))

    async def drain(self, timeout_s: float) -> None:
        """Give what waits a last chance: what would be tried later is tried now."""
        self._in_a_hurry.set()
        try:
            async with asyncio.timeout(timeout_s):
                await self._all_sent.wait()
        except TimeoutError:
            log.warning("webhooks left unsent", webhooks=self._unsent)

    async def _deliver(self, client: httpx.AsyncClient, posting: Posting) -> None:
        try:
            for pause_s in RETRY_AFTER_S:
                reason = await self._try(client, posting)
                if reason is None:
                    return
                log.info("webhook not taken", event_id=posting.event_id, reason=reason, again_in_s=pause_s)
                await self._pause(pause_s)
            if reason := await self._try(client, posting):
                log.error("webhook given up", url=posting.url, event_id=posting.event_id, reason=reason)
        except InvalidInput as error:
            log.warning("webhook refused", url=posting.url, event_id=posting.event_id, reason=str(error))
        finally:
            self._unsent -= 1
            if not self._unsent:
                self._all_sent.set()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._in_a_hurry.wait()

    async def _try(self, client: httpx.AsyncClient, posting: Posting) -> str | None:
        """Why it was not taken and is worth another try; None once it is. Raises InvalidInput for never."""
        try:
            async with asyncio.timeout(2 * TIMEOUT_S):
                to = await find_destination(posting.url, self._rules.private_hosts)
                async with self._hosts.setdefault(to.host, asyncio.Semaphore(AT_ONCE_FOR_A_HOST)):
                    status = await self._send(client, to, posting)
        except (httpx.HTTPError, Unavailable, TimeoutError) as error:
            return str(error) or "timeout"
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        if status in _TRY_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"answers {status}"
        raise InvalidInput(f"the receiver answers {status}")

    async def _send(self, client: httpx.AsyncClient, to: Destination, posting: Posting) -> int:
        pinned = httpx.URL(posting.url).copy_with(host=to.address)
        headers = {
            "Host": to.url.netloc,
            "Content-Type": "application/json",
            "User-Agent": "outdial",
            "Outdial-Event-Id": posting.event_id,
            "Outdial-Signature": sign(self._rules.secret, int(self._clock().timestamp()), posting.body),
        }
        # The certificate must be the name's, though the connection goes to the address that was checked.
        request = client.build_request(
            "POST", pinned, content=posting.body, headers=headers, extensions={"sni_hostname": to.host}
        )
        answer = await client.send(request, stream=True)
        await answer.aclose()
        return answer.status_code


def sign(secret: str, at: int, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`, so that nobody can forge or replay a posting."""
    signed = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"
