"""The link to Asterisk's manager: kept up, watched, and never sending anything twice. Used by the dialer.

An originate is written at most once. Whether one that got no reply was carried out, only the channels
Asterisk then has can tell.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import SecretStr

from outdial.dialer.ami_wire import AmiMessage, AmiWire, LinkDown, NoAnswer
from outdial.domain.errors import Unavailable
from outdial.storage.cancellation import raise_if_cancelled
from outdial.telemetry.logs import get_logger

ANSWER_TIMEOUT_S = 5.0
"""Asterisk answers an action within milliseconds; 5 s without one is a stuck or lost peer."""

PING_EVERY_S = 2.0
PINGS_KEPT = 5
PINGS_FRESH_S = 15.0
RECONNECT_AFTER_S = 1.0
SHUTTING_DOWN = "Asterisk is shutting down"
"""What every action is answered once Asterisk was told to stop: for 1 s to 16 s, as was seen."""

log = get_logger(__name__)


@dataclass(frozen=True)
class AmiAddress:
    """Where the manager listens and who we are to it."""

    host: str
    port: int
    user: str
    secret: SecretStr


@dataclass(frozen=True)
class Originate:
    """One call to place; answered, it enters the dialplan at `context`,s,1."""

    call_id: str
    number: str
    trunk: str
    ring_timeout_s: float
    caller_id: str | None = None
    context: str = "campaign-ivr"
    variables: Mapping[str, str] = field(default_factory=dict[str, str])

    def headers(self) -> dict[str, str | list[str]]:
        """The manager action; its ChannelId lets anybody ask later what became of the call."""
        headers: dict[str, str | list[str]] = {
            "Action": "Originate",
            "Channel": f"PJSIP/{self.number}@{self.trunk}",
            "ChannelId": self.call_id,
            "Context": self.context,
            "Exten": "s",
            "Priority": "1",
            "Timeout": str(round(self.ring_timeout_s * 1000)),
            # Without Async the link's events would be held back until the call is over.
            "Async": "true",
            # A bare comma would begin another variable.
            "Variable": [f"{name}={value}".replace(",", "\\,") for name, value in self.variables.items()],
        }
        return headers | ({"CallerID": self.caller_id} if self.caller_id else {})


class Answer(StrEnum):
    """What is known of an originate after it was tried."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNSENT = "unsent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class OriginateAnswer:
    """The answer, and Asterisk's own words where it refused."""

    answer: Answer
    message: str = ""


class AmiLink:
    """The manager link of one dialer; `run` keeps it up, everything else may be called at any time."""

    def __init__(
        self,
        address: AmiAddress,
        on_event: Callable[[AmiMessage], None],
        on_login: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_event` gets every event in order; `on_login` is called after each login, the first included."""
        self._address = address
        self._on_event = on_event
        self._on_login = on_login
        self._wire: AmiWire | None = None
        self._pings: deque[tuple[float, float]] = deque(maxlen=PINGS_KEPT)

    @property
    def connected(self) -> bool:
        """Whether we are logged in and the last ping was answered in time."""
        return self._wire is not None and not self._wire.lost.is_set()

    def latest_pings_s(self) -> list[float]:
        """How long Asterisk took to answer the last pings of the last seconds, oldest first."""
        now = asyncio.get_running_loop().time()
        return [took_s for at, took_s in self._pings if now - at < PINGS_FRESH_S]

    async def run(self) -> None:
        """Keep the link up until cancelled; then it is closed for good."""
        said = ""
        while True:
            raise_if_cancelled()
            try:
                await self._hold_one_connection()
                said = ""
            except (Unavailable, OSError, TimeoutError) as error:
                # Said once, not every second of an outage.
                if str(error) != said:
                    log.warning("no link to Asterisk", address=self._where, reason=str(error) or "timeout")
                said = str(error)
            await asyncio.sleep(RECONNECT_AFTER_S)

    async def originate(self, call: Originate) -> OriginateAnswer:
        """Place one call; written at most once, and never while the link is down."""
        try:
            response, *_ = await self._request(call.headers())
        except LinkDown as down:
            return OriginateAnswer(Answer.UNSENT, str(down))
        except NoAnswer as silence:
            return OriginateAnswer(Answer.UNKNOWN, str(silence))
        if "Event" in response:
            # The call failed before the reply came, which panoramisk then takes for the reply.
            self._on_event(response)
        elif response.get("Message") == SHUTTING_DOWN:
            self._leave()
            return OriginateAnswer(Answer.UNSENT, SHUTTING_DOWN)
        elif response.get("Response") != "Success":
            return OriginateAnswer(Answer.REFUSED, response.get("Message", ""))
        return OriginateAnswer(Answer.ACCEPTED)

    async def hangup(self, call_id: str, cause: int = 16) -> bool:
        """Hang up the channel of a call; False where there is none. Raises Unavailable."""
        request = {"Action": "Hangup", "Channel": call_id, "Cause": str(cause)}
        response, *_ = await self._request(request)
        return response.get("Response") == "Success"

    async def live_channels(self) -> dict[str, str]:
        """The state ("Down", "Ringing", "Up" …) of every channel by its unique id. Raises Unavailable."""
        response, *channels = await self._request({"Action": "CoreShowChannels"}, as_list=None)
        if response.get("Response") != "Success":
            raise Unavailable(f"Asterisk does not list its channels: {response.get('Message', '')}")
        return {
            channel["Uniqueid"]: channel.get("ChannelStateDesc", "")
            for channel in channels
            if channel.get("Event") == "CoreShowChannel"
        }

    async def _request(
        self, headers: Mapping[str, str | list[str]], *, as_list: bool | None = False
    ) -> list[AmiMessage]:
        if self._wire is None:
            raise LinkDown("there is no link to Asterisk")
        return await self._wire.request(headers, ANSWER_TIMEOUT_S, as_list=as_list)

    def _leave(self) -> None:
        if self._wire is not None:
            self._wire.abort()

    async def _hold_one_connection(self) -> None:
        wire = await self._connect()
        try:
            await self._login(wire)
            self._wire = wire
            log.info("linked to Asterisk", address=self._where)
            self._on_login()
            await self._ping_until_lost(wire)
        finally:
            self._wire = None
            wire.abort()
        raise Unavailable("the connection was lost")

    async def _connect(self) -> AmiWire:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            _, wire = await loop.create_connection(
                lambda: AmiWire(self._on_event), self._address.host, self._address.port
            )
        return wire

    async def _login(self, wire: AmiWire) -> None:
        login = {
            "Action": "Login",
            "Username": self._address.user,
            "Secret": self._address.secret.get_secret_value(),
            "Events": "on",
        }
        response, *_ = await wire.request(login, ANSWER_TIMEOUT_S)
        if response.get("Message") == SHUTTING_DOWN:
            raise Unavailable(SHUTTING_DOWN)
        if response.get("Response") != "Success":
            raise Unavailable(
                f"Asterisk refuses the login of {self._address.user}: check AMI_USER and AMI_SECRET"
            )

    async def _ping_until_lost(self, wire: AmiWire) -> None:
        # A frozen peer keeps its TCP connection: only silence tells.
        while not wire.lost.is_set():
            response = await self._ping(wire)
            if response.get("Response") != "Success":
                raise Unavailable(response.get("Message", "a ping was refused"))
            try:
                async with asyncio.timeout(PING_EVERY_S):
                    await wire.lost.wait()
            except TimeoutError:
                continue

    async def _ping(self, wire: AmiWire) -> AmiMessage:
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        response, *_ = await wire.request({"Action": "Ping"}, ANSWER_TIMEOUT_S)
        self._pings.append((loop.time(), loop.time() - asked_at))
        return response

    @property
    def _where(self) -> str:
        return f"{self._address.host}:{self._address.port}"
