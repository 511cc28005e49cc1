"""One TCP connection to Asterisk's manager (AMI): panoramisk parses, this file bounds; used by ami.py.

Panoramisk's Manager is not used: it sends unanswered originates again after a reconnect, and reconnects
after it was closed. One connection here is one object that ends once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol

from outdial.domain.errors import Unavailable
from outdial.telemetry.logs import get_logger

AmiMessage = Mapping[str, str]
"""The headers of one event or response, as Asterisk spells them."""

_END = b"\r\n\r\n"
_MAX_UNREAD_BYTES = 1 << 20
_MAX_UNSENT_BYTES = 256 << 10
_CONTROL = dict.fromkeys((*range(32), 127), " ")

log = get_logger(__name__)


class LinkDown(Unavailable):
    """Nothing was written: there is no connection that takes it."""


class NoAnswer(Unavailable):
    """The action was written; whether Asterisk acted on it is not known."""


def clean(value: str) -> str:
    """`value` without control characters: a line end inside a value would start a header or an action."""
    return value.translate(_CONTROL)


class AmiWire(AMIProtocol):
    """A connection, made by `loop.create_connection`; events go to `on_event`, `lost` is set at its end."""

    # What panoramisk asks of the object that owns a connection; here the connection owns itself. Actions
    # left unanswered are forgotten, never queued to be sent again.
    forgetable_actions = ("login", "ping", "originate", "hangup", "coreshowchannels")

    def __init__(self, on_event: Callable[[AmiMessage], None]) -> None:
        super().__init__()
        self.lost = asyncio.Event()
        self.awaiting_actions = deque[Any](maxlen=0)
        self._on_event = on_event
        self._unread = b""
        self._unanswered = set[asyncio.Future[Any]]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._transport = cast("asyncio.Transport", transport)
        self.factory = self
        self.encoding = "utf8"

    def data_received(self, data: bytes) -> None:
        """Pass on whole messages only: a character cut in two by TCP would be lost in panoramisk."""
        whole, end, self._unread = (self._unread + data).rpartition(_END)
        if len(self._unread) > _MAX_UNREAD_BYTES:
            log.error("the manager sent a message without an end; closing the connection")
            self.abort()
        elif end:
            super().data_received(whole + end)

    def connection_lost(self, exc: Any) -> None:  # noqa: ANN401 - panoramisk passes a message where Asterisk shuts down
        if self.lost.is_set():
            return
        self.lost.set()
        super().connection_lost(exc)
        for future in self._unanswered:
            if not future.done():
                future.set_exception(NoAnswer("the connection to Asterisk was lost before it answered"))

    def dispatch(self, message: Any) -> None:  # noqa: ANN401 - panoramisk's untyped Message
        """Called by panoramisk for each event that answers no action."""
        try:
            self._on_event(_headers(message))
        except Exception:
            # Raised on, asyncio would close the connection and every live call would lose its events.
            log.exception("an event could not be handled", event_name=message.get("Event"))

    async def request(
        self, headers: Mapping[str, str | Sequence[str]], timeout_s: float, *, as_list: bool | None = False
    ) -> list[AmiMessage]:
        """Send one action and return its response, with the events of its list where `as_list` is None.

        Raises LinkDown where nothing was sent, NoAnswer where no answer came within `timeout_s`.
        """
        if self.lost.is_set() or self._transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:
            raise LinkDown("there is no connection to Asterisk that takes an action")
        action = Action({name: _cleaned(value) for name, value in headers.items()})
        future = self.send(action, as_list=cast("bool", as_list))
        self._unanswered.add(future)
        try:
            async with asyncio.timeout(timeout_s):
                answer = await future
        except TimeoutError as error:
            raise NoAnswer(f"Asterisk did not answer within {timeout_s:g} s") from error
        finally:
            self._unanswered.discard(future)
            self.responses.pop(action.id, None)
        return [_headers(message) for message in (answer if isinstance(answer, list) else [answer])]

    def abort(self) -> None:
        """End the connection now, whatever is unsent."""
        self._transport.abort()


def _cleaned(value: str | Sequence[str]) -> str | list[str]:
    return clean(value) if isinstance(value, str) else [clean(item) for item in value]


def _headers(message: Any) -> AmiMessage:  # noqa: ANN401 - panoramisk's untyped Message
    # A repeated header is a list of its values; the ones read here are never repeated.
    return {name: value if isinstance(value, str) else value[-1] for name, value in message.items()}
