"""The telephone exchange: live channels, subscribers to events, and what is being lost on purpose."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from outdial.simulator.channel import Channel, snapshot
from outdial.simulator.ledger import Ledger
from outdial.simulator.person import dice
from outdial.simulator.scenario import Scenario
from outdial.telemetry.logs import get_logger

if TYPE_CHECKING:
    from outdial.simulator.call import Call

EVERY_EVENT = "*"

log = get_logger(__name__)


class Listener(Protocol):
    """Someone who may want events: an AMI session (or a test's recorder)."""

    def wants(self, event: str, privilege: str) -> bool: ...

    def deliver(self, rendered: bytes) -> None: ...


@dataclass(slots=True)
class Faults:
    """What goes wrong on command."""

    drop: dict[str, float] = field(default_factory=dict)

    def chance_of_losing(self, event: str) -> float:
        return max(self.drop.get(event, 0.0), self.drop.get(EVERY_EVENT, 0.0))


class Exchange:
    """Shared by AMI sessions and calls. All of it runs on one event loop, so nothing is locked."""

    def __init__(self, scenario: Scenario, clock: Callable[[], datetime], ledger: Ledger) -> None:
        self.scenario = scenario
        self.tasks: set[asyncio.Task[None]] = set()
        self.clock = clock
        self.ledger = ledger
        self.started_at = clock()
        self.listeners: set[Listener] = set()
        self.calls: dict[str, Call] = {}
        self.agi_transports: set[asyncio.BaseTransport] = set()
        self.peak_live = 0
        self.answered_calls = 0
        self.is_shutting_down = False
        self.faults = Faults(drop=dict(scenario.drop))
        self._calls_to: Counter[str] = Counter()
        self._next_channel = 0
        self._luck = dice(scenario.seed, "", 0, "faults")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run one call; the network owns the task and ends it when it stops."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("a simulated call broke", exc_info=failure)

    def epoch_s(self) -> float:
        return self.clock().timestamp()

    def nth_call_to(self, number: str) -> int:
        """How many calls went to `number` before this one; counts this one."""
        self._calls_to[number] += 1
        return self._calls_to[number] - 1

    def next_channel_name(self, trunk: str) -> str:
        self._next_channel += 1
        return f"PJSIP/{trunk}-{self._next_channel - 1:08x}"

    def next_uniqueid(self) -> str:
        """What Asterisk makes up where the client gives no ChannelId."""
        return f"{int(self.epoch_s())}.{self._next_channel}"

    def enter(self, call: Call) -> None:
        self.calls[call.channel.uniqueid] = call
        self.peak_live = max(self.peak_live, len(self.calls))

    def leave(self, call: Call) -> None:
        self.calls.pop(call.channel.uniqueid, None)

    def find(self, name_or_uniqueid: str) -> Call | None:
        """Asterisk takes either wherever an action has a Channel header."""
        found = self.calls.get(name_or_uniqueid)
        if found is None:
            wanted = name_or_uniqueid.lower()
            found = next((call for call in self.calls.values() if call.channel.name.lower() == wanted), None)
        return found

    def publish(self, event: str, privilege: str, body: str) -> None:
        """Send one event to everyone who wants it, unless it is to be lost."""
        wanting = [listener for listener in self.listeners if listener.wants(event, privilege)]
        if not wanting or self._luck.random() < self.faults.chance_of_losing(event):
            return
        head = f"Event: {event}\r\nPrivilege: {privilege},all\r\nTimestamp: {self.epoch_s():.6f}\r\n"
        stray = "\r\n" if self._luck.random() < self.scenario.stray_crlf else ""
        rendered = f"{stray}{head}{body}\r\n".encode()
        for listener in wanting:
            listener.deliver(rendered)

    def publish_channel(self, event: str, channel: Channel, extra: str = "", privilege: str = "call") -> None:
        """An event about a channel: its snapshot, then what is particular to the event."""
        self.publish(event, privilege, snapshot(channel) + extra)

    def publish_dial(self, event: str, channel: Channel, extra: str) -> None:
        """DialBegin, DialState, DialEnd: the channel stands in them as the dialled side."""
        self.publish(event, "call", snapshot(channel, "Dest") + extra)

    def reset(self) -> None:
        """Forget the past and stop every fault; live calls go on."""
        self.ledger.reset()
        self._calls_to.clear()
        self.peak_live = len(self.calls)
        self.faults.drop = dict(self.scenario.drop)
