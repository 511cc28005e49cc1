"""The webhooks by which the HTTP carrier brings receipts and replies; the gateway's web server mounts them.

Vonage takes 200 for kept and repeats after 5xx: replies for 24 hours, receipts for 72.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from aiohttp import web
from pydantic import SecretStr

from outdial.domain.clock import Clock
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.sms.carriers.carrier import Inbox
from outdial.sms.carriers.http_bodies import read_fields, read_form, read_within
from outdial.sms.carriers.http_parts import PartsInHand
from outdial.sms.carriers.http_receipts import read_receipt, read_reply
from outdial.sms.carriers.http_signature import TIMESTAMP, is_signed
from outdial.telemetry.logs import get_logger

MOST_OCTETS = 64 * 1024
_BODY_S = 10.0
_REPEAT_AFTER_S = 5
_QUIET_S = 60.0
# Vonage says nowhere that it signs a repeat anew, and what is refused for its age is lost. Who brings an old
# one again gains nothing: the inbox keeps each once.
_OLDEST_S = 73 * 3600
_NEWEST_S = 300

log = get_logger(__name__)

_Fields = Mapping[str, str]
_Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """How a webhook shows that it comes from the carrier.

    By `signature_secret`, with which Vonage signs where its support has switched that on; without one by
    `secret`, as the last part of the path or as "Authorization: Bearer". Without either all are refused.
    `part_wait_s` is how long a part of a longer reply waits for the others, `answer_s` how long any webhook
    may take to be kept: Vonage hangs up after 15 s.
    """

    clock: Clock
    signature_secret: SecretStr | None = None
    secret: SecretStr | None = None
    oldest_signature_s: float = _OLDEST_S
    part_wait_s: float = 5.0
    answer_s: float = 12.0


def webhook_routes(inbox: Inbox, rules: WebhookRules) -> list[web.RouteDef]:
    """/receipts/http and /replies/http, each with or without a secret behind it, by GET and POST.

    The server should write no access log: paths may hold the secret.
    """
    desk = _Desk(inbox, rules)
    routes: list[web.RouteDef] = []
    for path, keep in (("/receipts/http", desk.keep_receipt), ("/replies/http", desk.keep_reply)):
        handler: _Handler = partial(desk.receive, keep)
        for whole in (path, path + "/{secret}"):
            routes += [web.get(whole, handler, allow_head=False), web.post(whole, handler)]
    return routes


class _Desk:
    """Where webhooks are handed in. Answers 200 kept, 400 unreadable, 403 not the carrier, 503 repeat it."""

    def __init__(self, inbox: Inbox, rules: WebhookRules) -> None:
        self._inbox = inbox
        self._rules = rules
        self._signature_secret = rules.signature_secret.get_secret_value() if rules.signature_secret else ""
        self._secret = rules.secret.get_secret_value() if rules.secret else ""
        self._parts = PartsInHand(inbox, rules.part_wait_s)
        self._quiet_until_s: dict[str, float] = {}

    async def receive(self, keep: Callable[[_Fields], Awaitable[None]], request: web.Request) -> web.Response:
        """One webhook, from whom it is to whether it is kept."""
        self._refuse_strangers(request)
        try:
            fields = await _fields_of(request)
            if not fields and request.method == "GET":
                return web.Response(text="Nothing was sent, and nothing kept.")  # somebody tries the address
            self._refuse_unsigned(fields)
            await self._in_time(keep(fields))
        except InvalidInput as problem:
            self._say("webhook not readable", str(problem))
            raise web.HTTPBadRequest(text=f"Not kept: {problem}.") from problem
        except Unavailable as failure:
            log.warning("webhook not kept", reason=str(failure))
            raise web.HTTPServiceUnavailable(
                text="Not kept: bring it again.", headers={"Retry-After": str(_REPEAT_AFTER_S)}
            ) from failure
        return web.Response(text="Kept.")

    async def keep_receipt(self, fields: _Fields) -> None:
        """Raises InvalidInput and Unavailable."""
        await self._inbox.take_receipts([read_receipt(fields)])

    async def keep_reply(self, fields: _Fields) -> None:
        """Raises InvalidInput and Unavailable."""
        reply, place = read_reply(fields, self._rules.clock())
        if place is None:
            await self._inbox.take_reply(reply)
        else:
            await self._parts.take(reply, place)

    async def _in_time(self, keeping: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self._rules.answer_s):
                await keeping
        except TimeoutError as error:
            raise Unavailable(f"it took longer than {self._rules.answer_s:g} s") from error

    def _refuse_strangers(self, request: web.Request) -> None:
        """What can be known before the body is read."""
        if self._signature_secret:
            return
        if not self._secret:
            raise self._refused("no webhook is taken: set SMS_HTTP_SIGNATURE_SECRET, or SMS_WEBHOOK_SECRET")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        given = request.match_info.get("secret") or bearer
        if not hmac.compare_digest(given.encode(errors="surrogateescape"), self._secret.encode()):
            raise self._refused("the secret is missing or wrong")

    def _refuse_unsigned(self, fields: _Fields) -> None:
        if not self._signature_secret:
            return
        if not is_signed(fields, self._signature_secret):
            raise self._refused("the signature is missing or wrong")
        written = fields.get(TIMESTAMP, "")
        if not (written.isascii() and written.isdigit()):
            raise self._refused("the signature has no timestamp")
        age_s = self._rules.clock().timestamp() - float(written)
        if not -_NEWEST_S <= age_s <= self._rules.oldest_signature_s:
            raise self._refused("the signature is of another time")

    def _refused(self, reason: str) -> web.HTTPForbidden:
        self._say("webhook refused", reason)
        return web.HTTPForbidden(text="Not kept: it does not show that it comes from the carrier.")

    def _say(self, event: str, reason: str) -> None:
        """Strangers can send much: once a minute is enough to find the reason."""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._quiet_until_s.get(event, 0):
            self._quiet_until_s[event] = now_s + _QUIET_S
            log.warning(event, reason=reason)


async def _fields_of(request: web.Request) -> dict[str, str]:
    """Of a GET the query, of a POST the body: no carrier uses both at once."""
    if request.method == "GET":
        return read_form(request.rel_url.raw_query_string)
    try:
        async with asyncio.timeout(_BODY_S):
            body = await read_within(request.content, MOST_OCTETS)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text=f"Not kept: it did not arrive within {_BODY_S:g} s.") from error
    if body is None:
        raise web.HTTPRequestEntityTooLarge(
            MOST_OCTETS, text=f"Not kept: it is longer than {MOST_OCTETS} octets."
        )
    return read_fields(request.content_type, body)
