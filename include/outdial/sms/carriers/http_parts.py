"""Joins the parts in which a longer reply comes, each by a webhook of its own.

No part is acknowledged before it is kept: its request waits, for a few seconds at most, until the last part
is there, and all are answered once the joined reply is kept. Parts that stay without the others are kept as
they came, each a reply of its own. So are those that reach different gateways.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from outdial.domain.errors import OutdialError
from outdial.domain.sms.delivery import IncomingText
from outdial.sms.carriers.carrier import Inbox
from outdial.sms.carriers.http_receipts import Place
from outdial.telemetry.logs import get_logger

MOST_WAITING = 500
_IDS_REMEMBERED = 2000

log = get_logger(__name__)

_Key = tuple[str, str, str, int]


@dataclass(eq=False)
class _Gathering:
    """The parts of one reply so far; `ended` once it is kept whole, has failed to be, or is given up."""

    deadline_s: float
    parts: dict[int, IncomingText] = field(default_factory=dict[int, IncomingText])
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    is_complete: bool = False
    failure: OutdialError | None = None


class PartsInHand:
    """The parts that wait for others in this process."""

    def __init__(self, inbox: Inbox, wait_s: float) -> None:
        """`wait_s` is how long a part waits for the others, less than the carrier waits for an answer."""
        self._inbox = inbox
        self._wait_s = wait_s
        self._gatherings: dict[_Key, _Gathering] = {}
        self._joined: OrderedDict[str, None] = OrderedDict()

    async def take(self, part: IncomingText, place: Place) -> None:
        """Keep a part, with the others where they come in time; raises Unavailable as the inbox does."""
        if part.message_id in self._joined:
            return
        key = (part.phone, part.sent_to, place.reference, place.total)
        gathering = self._gathering(key)
        known = gathering.parts.get(place.number, part) if gathering else None
        if gathering is None or known is None or known.message_id != part.message_id:
            await self._inbox.take_reply(part)
            return
        gathering.parts[place.number] = part
        if len(gathering.parts) == place.total:
            await self._keep_whole(key, gathering)
        else:
            await self._wait(key, gathering, part)

    def _gathering(self, key: _Key) -> _Gathering | None:
        """None where there is no room for another."""
        if key not in self._gatherings:
            if len(self._gatherings) >= MOST_WAITING:
                return None
            now_s = asyncio.get_running_loop().time()
            self._gatherings[key] = _Gathering(now_s + self._wait_s)
        return self._gatherings[key]

    async def _keep_whole(self, key: _Key, gathering: _Gathering) -> None:
        del self._gatherings[key]
        gathering.is_complete = True
        parts = [part for _, part in sorted(gathering.parts.items())]
        try:
            await self._inbox.take_reply(replace(parts[0], body="".join(part.body for part in parts)))
            self._remember(parts)
        except OutdialError as failure:
            gathering.failure = failure
            raise
        finally:
            gathering.ended.set()

    async def _wait(self, key: _Key, gathering: _Gathering, part: IncomingText) -> None:
        try:
            async with asyncio.timeout_at(gathering.deadline_s):
                await gathering.ended.wait()
        except TimeoutError:
            if gathering.is_complete:  # and being kept
                await gathering.ended.wait()
        finally:
            self._give_up(key, gathering)
        if gathering.failure:
            raise gathering.failure
        if part.message_id not in self._joined:
            log.info(
                "a part of a reply is kept by itself", message_id=part.message_id, have=len(gathering.parts)
            )
            await self._inbox.take_reply(part)

    def _give_up(self, key: _Key, gathering: _Gathering) -> None:
        """The first whose time is over lets the others go too; later parts gather anew."""
        if self._gatherings.get(key) is gathering:
            del self._gatherings[key]
            gathering.ended.set()

    def _remember(self, parts: list[IncomingText]) -> None:
        """A part whose answer was lost comes again, and is no reply of its own."""
        self._joined.update((part.message_id, None) for part in parts)
        while len(self._joined) > _IDS_REMEMBERED:
            self._joined.popitem(last=False)
