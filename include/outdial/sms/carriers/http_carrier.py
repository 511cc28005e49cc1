"""The HTTP/JSON carrier, in the form of Vonage's SMS API; the gateway opens it.

Its receipts and replies come as webhooks (outdial.sms.webhooks).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from pydantic import SecretStr

from outdial.domain.errors import InvalidInput, OutdialError
from outdial.domain.sms.delivery import TextFailure
from outdial.domain.sms.encoding import Encoding
from outdial.sms.carriers.carrier import Inbox, NotTaken, OutgoingText, Unsure
from outdial.sms.carriers.http_answers import read_answer, refusal_of_http
from outdial.sms.carriers.http_bodies import read_within
from outdial.sms.carriers.http_receipts import NAME
from outdial.sms.carriers.resting import Rest

_CONNECT_S, _ANSWER_S = 3.0, 9.0
_MOST_ANSWER_OCTETS = 256 * 1024
_UNREACHABLE_REST_S = 5.0
# A request on a connection that the other side is about to close is lost without a trace, and its text with
# it. Servers keep idle connections for 5 s or more.
_KEEPALIVE_S = 4.0
_SHORTEST_TTL_S, _LONGEST_TTL_S = 20, 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class HttpCarrierAddress:
    """Where the carrier is asked, e.g. https://rest.nexmo.com/sms/json, and who we are to it.

    `answer_s` is how long it has to answer; what it has not answered by then nobody knows.
    """

    url: str
    key: str
    secret: SecretStr
    parts_per_second: float = 10
    most_in_flight: int = 20
    confirms_stop: bool = False
    answer_s: float = _ANSWER_S


@asynccontextmanager
async def open_http_carrier(address: HttpCarrierAddress) -> AsyncGenerator[HttpCarrier]:
    """The carrier, for the length of a block; asks nothing yet. Raises InvalidInput for a bad address."""
    if not address.url.startswith(("https://", "http://")):
        raise InvalidInput("SMS_HTTP_URL is not set: give the URL at which the carrier takes texts.")
    if not address.key or not address.secret.get_secret_value():
        raise InvalidInput("SMS_HTTP_KEY or SMS_HTTP_SECRET is not set: give what the carrier gave you.")
    connector = aiohttp.TCPConnector(limit=address.most_in_flight, keepalive_timeout=_KEEPALIVE_S)
    timeout = aiohttp.ClientTimeout(total=address.answer_s, connect=_CONNECT_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield HttpCarrier(session, address)


class HttpCarrier:
    """A Carrier."""

    name = NAME
    gives_receipts = True

    def __init__(self, session: aiohttp.ClientSession, address: HttpCarrierAddress) -> None:
        """Use `open_http_carrier`."""
        self._session = session
        self._address = address
        self._rest = Rest(NAME)

    @property
    def parts_per_second(self) -> float:
        """As agreed with the carrier."""
        return self._address.parts_per_second

    @property
    def most_in_flight(self) -> int:
        """As many as there are connections."""
        return self._address.most_in_flight

    @property
    def confirms_stop(self) -> bool:
        """As agreed with the carrier."""
        return self._address.confirms_stop

    @property
    def is_up(self) -> bool:
        """False for a while after it was out of reach, or refused our whole account."""
        return self._rest.is_over

    async def submit(self, text: OutgoingText) -> Sequence[str]:
        """See Carrier."""
        try:
            return await self._ask(text)
        except NotTaken as refusal:
            self._rest.begin_after(refusal)
            raise

    async def run(self, inbox: Inbox) -> None:
        """Nothing to do: what the carrier brings comes as webhooks."""
        del inbox
        await asyncio.Event().wait()

    async def _ask(self, text: OutgoingText) -> Sequence[str]:
        try:
            async with self._session.post(
                self._address.url, json=self._fields(text), allow_redirects=False
            ) as response:
                status, retry_after = response.status, response.headers.get("Retry-After")
                body = await read_within(response.content, _MOST_ANSWER_OCTETS)
        # aiohttp's own count of what was never sent: no connection, or none in time.
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise NotTaken(
                TextFailure.CARRIER_DOWN, f"the HTTP carrier is out of reach: {error}", _UNREACHABLE_REST_S
            ) from error
        except TimeoutError as error:
            raise Unsure(f"the HTTP carrier did not answer within {self._address.answer_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unsure(f"the HTTP carrier broke off: {error or type(error).__name__}") from error
        return _read(status, retry_after, body, text)

    def _fields(self, text: OutgoingText) -> dict[str, Any]:
        return {
            "api_key": self._address.key,
            "api_secret": self._address.secret.get_secret_value(),
            "from": text.sender.removeprefix("+"),
            "to": text.to.removeprefix("+"),
            "text": text.body,
            "type": "unicode" if text.split.encoding is Encoding.UCS_2 else "text",
            "ttl": min(max(text.validity_s, _SHORTEST_TTL_S), _LONGEST_TTL_S) * 1000,
            "client-ref": text.reference,
            "status-report-req": True,
        }


def _read(status: int, retry_after: str | None, body: bytes | None, text: OutgoingText) -> Sequence[str]:
    if status != HTTPStatus.OK:
        raise refusal_of_http(status, retry_after)
    if body is None:
        raise Unsure(f"the HTTP carrier's answer is longer than {_MOST_ANSWER_OCTETS} octets")
    try:
        return read_answer(body)
    except OutdialError as refusal:
        # Carriers write numbers without a plus, and only with one are they masked in logs.
        refusal.args = (str(refusal).replace(text.to.removeprefix("+"), text.to).replace("++", "+"),)
        raise
