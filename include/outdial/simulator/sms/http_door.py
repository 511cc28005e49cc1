"""POST /sms/json, as Vonage's SMS API answers it: 200, and what happened in each message's `status`."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import cast

from aiohttp import web

from outdial.simulator.sms.alphabet import Encoding, decode, encode, split
from outdial.simulator.sms.carrier import TextCarrier
from outdial.simulator.sms.outcomes import Refusal
from outdial.simulator.sms.scenario import HttpAccount
from outdial.simulator.sms.signing import FIELD, is_signed
from outdial.simulator.sms.traffic import Submitted, Taken, Wanted
from outdial.simulator.sms.webhooks import PRICE

HTTP = "http"
_NUMBER = re.compile(r"\+?([1-9][0-9]{6,14})")
_LONGEST = 3200
_BALANCE = "15.53590000"
_NETWORK = "99999"

_MISSING, _INVALID, _CREDENTIALS, _TOO_LONG, _SIGNATURE = 2, 3, 4, 12, 14
_STATUS_OF = {
    Refusal.THROTTLED: (1, "Throughput Rate Exceeded - please wait [ 250 ] and retry"),
    Refusal.BAD_NUMBER: (_INVALID, "Invalid to param"),
    Refusal.DOWN: (5, "Internal Error"),
    Refusal.BARRED: (7, "Number barred"),
    Refusal.NO_CREDIT: (9, "Partner quota exceeded"),
    Refusal.TOO_LONG: (_TOO_LONG, "Message too long"),
    Refusal.BAD_SENDER: (15, "Illegal Sender Address - rejected"),
}


class _NotTaken(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class HttpDoor:
    """The way in of the HTTP door."""

    def __init__(self, carrier: TextCarrier) -> None:
        self._carrier = carrier

    async def send(self, request: web.Request) -> web.Response:
        """One text, in JSON or as a form."""
        if self._carrier.is_down:
            return web.Response(status=503)
        fields = await _fields(request)
        try:
            submitted = self._read(fields, request.headers.get("Authorization", ""))
            answer = _demand_taken(self._carrier.take(submitted))
        except _NotTaken as refused:
            self._carrier.counters["http_errors"] += 1
            error = {"status": str(refused.status), "error-text": str(refused)}
            return web.json_response({"message-count": "1", "messages": [error]})
        if answer.lost:
            return _hang_up(request)
        await asyncio.sleep(answer.answer_delay_s)
        return web.json_response(_taken(submitted, answer))

    def _read(self, fields: Mapping[str, str], authorization: str) -> Submitted:
        account = self._carrier.texts.http
        if account is None:
            raise _NotTaken(_CREDENTIALS, "Bad Credentials")
        _check_sender(account, fields, authorization)
        for name in ("from", "to", "text"):
            if not fields.get(name):
                raise _NotTaken(_MISSING, f"Missing {name} param")
        number = _NUMBER.fullmatch(fields["to"])
        if number is None:
            raise _NotTaken(_INVALID, "Invalid to param")
        encoding = _encoding(fields.get("type", "text"))
        if len(fields["text"]) > _LONGEST:
            raise _NotTaken(_TOO_LONG, "Message too long")
        # What GSM-7 has not is lost where the sender calls it plain text.
        text = decode(encode(fields["text"], encoding), encoding)
        return Submitted(
            carrier=HTTP,
            account=account.key,
            sender=fields["from"],
            to=f"+{number[1]}",
            bodies=tuple(split(text, encoding)),
            encoding=encoding,
            wanted=_wanted(fields.get("status-report-req", "true")),
            validity=fields.get("ttl", ""),
            reference=fields.get("client-ref", ""),
            callback=fields.get("callback", ""),
            parts_per_second=account.parts_per_second,
        )


def _demand_taken(answer: Taken | Refusal) -> Taken:
    if isinstance(answer, Refusal):
        raise _NotTaken(*_STATUS_OF[answer])
    return answer


def _encoding(kind: str) -> Encoding:
    if kind not in {"text", "unicode"}:
        raise _NotTaken(_INVALID, "Invalid type param")
    return Encoding.UCS2 if kind == "unicode" else Encoding.GSM7


def _wanted(asked: str) -> Wanted:
    return Wanted.NONE if asked.lower() in {"0", "false"} else Wanted.ALL


async def _fields(request: web.Request) -> dict[str, str]:
    """The fields of a form or of a JSON object, all as text, and none where it is neither."""
    if "json" not in request.content_type:
        return {name: str(value) for name, value in (await request.post()).items()}
    try:
        data: object = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {}
    given = cast("dict[str, object]", data) if isinstance(data, dict) else {}
    return {name: _as_text(value) for name, value in given.items()}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_sender(account: HttpAccount, fields: Mapping[str, str], authorization: str) -> None:
    """Key and secret among the fields or in the header, or a signature in place of the secret."""
    key, secret = fields.get("api_key", ""), fields.get("api_secret", "")
    if authorization:
        key, secret = _basic(authorization)
    if key != account.key:
        raise _NotTaken(_CREDENTIALS, "Bad Credentials")
    if FIELD in fields:
        if not account.signature_secret or not is_signed(fields, account.signature_secret):
            raise _NotTaken(_SIGNATURE, "Invalid Signature")
    elif not hmac.compare_digest(secret.encode(), account.secret.encode()):
        raise _NotTaken(_CREDENTIALS, "Bad Credentials")


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (key, secret) if scheme.lower() == "basic" else ("", "")


def _hang_up(request: web.Request) -> web.Response:
    """No answer ever comes: the connection breaks."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


def _taken(submitted: Submitted, answer: Taken) -> dict[str, object]:
    messages: list[dict[str, str]] = []
    for message_id in answer.message_ids:
        message = {
            "to": submitted.to.removeprefix("+"),
            "message-id": message_id,
            "status": "0",
            "remaining-balance": _BALANCE,
            "message-price": PRICE,
            "network": _NETWORK,
        }
        messages.append(message | ({"client-ref": submitted.reference} if submitted.reference else {}))
    return {"message-count": str(len(messages)), "messages": messages}


@asynccontextmanager
async def serve_http(carrier: TextCarrier, host: str, port: int) -> AsyncGenerator[int]:
    """Listen until the block ends, yield the port; 0 takes a free one. Raises OSError where it is taken."""
    app = web.Application()
    app.router.add_post("/sms/json", HttpDoor(carrier).send)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
