"""Receipts and replies for one SMPP account: kept until somebody bound to it acknowledges them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from outdial.simulator.sms.later import Later
from outdial.simulator.sms.scenario import Texts


class Receiver(Protocol):
    """A bound session that takes deliver_sm."""

    def deliver(self, body: bytes) -> int:
        """Write it; returns its sequence number."""
        ...


@dataclass(slots=True, eq=False)
class _Link:
    """A receiver, and what it has not acknowledged."""

    receiver: Receiver
    flying: dict[int, tuple[bytes, asyncio.TimerHandle]] = field(default_factory=dict)


class Mailbox:
    """What is to be brought, oldest first. It survives the sessions of its account, not the process."""

    def __init__(self, texts: Callable[[], Texts], later: Later, counters: Counter[str]) -> None:
        self._texts = texts
        self._later = later
        self._counters = counters
        self._waiting: deque[bytes] = deque()
        self._links: dict[Receiver, _Link] = {}
        self._next_link = 0

    @property
    def undelivered(self) -> int:
        return len(self._waiting) + sum(len(link.flying) for link in self._links.values())

    def bring(self, body: bytes) -> None:
        self._waiting.append(body)
        self._pump()

    def attach(self, receiver: Receiver) -> None:
        self._links[receiver] = _Link(receiver)
        self._pump()

    def detach(self, receiver: Receiver) -> None:
        """What it had not acknowledged goes to the next that binds, before anything newer."""
        link = self._links.pop(receiver, None)
        if link is not None:
            self._waiting.extendleft(
                reversed([self._landed(link, sequence) for sequence in list(link.flying)])
            )
            self._pump()

    def acknowledge(self, receiver: Receiver, sequence: int, *, accepted: bool) -> None:
        """Forget what was accepted; what was refused is brought again after the usual while."""
        link = self._links.get(receiver)
        if link is None or sequence not in link.flying:
            self._counters["stray_acknowledgements"] += 1
            return
        self._counters["acknowledged" if accepted else "acknowledged_with_an_error"] += 1
        if accepted:
            self._landed(link, sequence)
            self._pump()

    def clear(self) -> None:
        self._waiting.clear()
        for link in self._links.values():
            for sequence in list(link.flying):
                self._landed(link, sequence)

    def _landed(self, link: _Link, sequence: int) -> bytes:
        body, timer = link.flying.pop(sequence)
        self._later.cancel(timer)
        return body

    def _pump(self) -> None:
        while self._waiting and (link := self._link_with_room()) is not None:
            body = self._waiting.popleft()
            sequence = link.receiver.deliver(body)
            again = partial(self._again, link, sequence)
            link.flying[sequence] = (body, self._later.call(self._texts().redeliver_after_s, again))

    def _link_with_room(self) -> _Link | None:
        """Links take turns: the sessions of an account share what is brought."""
        links = list(self._links.values())
        for turn in range(len(links)):
            link = links[(self._next_link + turn) % len(links)]
            if len(link.flying) < self._texts().most_unacknowledged:
                self._next_link += turn + 1
                return link
        return None

    def _again(self, link: _Link, sequence: int) -> None:
        self._counters["delivered_again"] += 1
        self._waiting.appendleft(self._landed(link, sequence))
        self._pump()
