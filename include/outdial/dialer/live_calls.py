"""The calls this dialer has in progress: fed with events, asked for when an AGI session comes in.

A call leaves only when its outcome is in the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from outdial.attempts.begin import Begun
from outdial.attempts.settle import CallOutcome
from outdial.dialer.ami_wire import AmiMessage
from outdial.dialer.answering import Answering
from outdial.dialer.call_progress import CallProgress, advance, answered, call_id_of, outcome_of
from outdial.dialer.ivr_runner import IvrResult
from outdial.domain.answering_machines import WhoAnswered
from outdial.domain.clock import Clock
from outdial.domain.dispositions import Disposition

KEY_EVENT = "DTMFEnd"
RING_GRACE_S = 5.0
"""Asterisk ends ringing by itself; a call silent for this much longer is asked for."""

ASK_EVERY_S = 30.0
FAILED_GRACE_S = 1.0
"""After a failed OriginateResponse, Hangup comes within milliseconds, if there is a channel at all."""


NOT_WALKED = IvrResult(converted=False, opted_out=False, path=())


@dataclass
class LiveCall:
    """One call in progress. `check_at` (loop time) is when to ask Asterisk whether it still exists.

    `is_unwanted`: it must not be placed any more, should it not have been. `remark` is for its record.
    """

    begun: Begun
    progress: CallProgress
    check_at: float
    misses: int = 0
    is_over: bool = False
    ivr: IvrResult = NOT_WALKED
    walk_ended: asyncio.Event | None = None
    is_unwanted: bool = False
    remark: str | None = None
    answering: Answering = field(default_factory=Answering)

    @property
    def call_id(self) -> str:
        """The call id, which is its channel's unique id."""
        return self.begun.call_id

    def outcome(self, clock: Clock, annotation: str | None = None) -> CallOutcome:
        """What is written down, with what the IVR found out."""
        outcome = outcome_of(self.progress, clock(), annotation or self.remark)
        is_machine = self.answering.who is WhoAnswered.MACHINE
        return replace(
            outcome,
            disposition=Disposition.MACHINE
            if is_machine and outcome.disposition is Disposition.ANSWERED
            else outcome.disposition,
            detected=self.answering.detected,
            machine_message=self.answering.message,
            converted=self.ivr.converted,
            opted_out=self.ivr.opted_out,
            ivr_path=self.ivr.path,
        )


class LiveCalls:
    """Calls by id. `on_over` is called once for each that ends."""

    def __init__(self, clock: Clock, on_over: Callable[[LiveCall, str | None], None]) -> None:
        """`on_over` gets the call and a remark for its record, where there is one."""
        self._clock = clock
        self._on_over = on_over
        self._calls: dict[str, LiveCall] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(list(self._calls.values()))

    def __contains__(self, call_id: str) -> bool:
        return call_id in self._calls

    def find(self, call_id: str) -> LiveCall | None:
        """The call in progress with this id; None once it is over."""
        call = self._calls.get(call_id)
        return None if call is None or call.is_over else call

    def add(self, begun: Begun) -> LiveCall:
        """A call whose attempt has begun; its originate comes next."""
        patience_s = begun.campaign.config.ring_timeout_seconds + RING_GRACE_S
        call = LiveCall(begun, CallProgress(begun.call_id), _now() + patience_s)
        self._calls[begun.call_id] = call
        return call

    def on_event(self, event: AmiMessage) -> None:
        """Take in one event of the manager; those of channels that are not ours pass by."""
        call = self.find(call_id_of(event))
        if call is None:
            return
        if event.get("Event") == KEY_EVENT:
            # "Sent" are keys on their way to the person.
            if event.get("Direction") == "Received":
                call.answering.take_key(event.get("Digit", ""))
            return
        before = call.progress
        call.progress = advance(before, event, self._clock())
        if call.progress.is_decided:
            self.end(call)
        elif call.progress != before:
            self._look_again(call)

    def on_answered(self, call: LiveCall) -> None:
        """An AGI session came in: somebody picked up."""
        call.progress = answered(call.progress, self._clock())
        self._look_again(call)

    def suspect_all(self, after_s: float) -> None:
        """The link was down: ends may have gone unseen, so each call is asked for."""
        for call in self._calls.values():
            call.check_at = min(call.check_at, _now() + after_s)

    def overdue(self) -> list[LiveCall]:
        """Calls whose time has come to be asked for."""
        return [call for call in self._calls.values() if not call.is_over and call.check_at <= _now()]

    def end(self, call: LiveCall, annotation: str | None = None) -> None:
        """The call is over; only the first time counts."""
        if not call.is_over:
            call.is_over = True
            self._on_over(call, annotation)

    def end_refused(self, call: LiveCall, message: str) -> None:
        """Asterisk would not place the call, in its own words."""
        call.progress = replace(call.progress, refusal=message)
        self.end(call, message)

    def remove(self, call_ids: Iterable[str]) -> None:
        """These calls are settled."""
        for call_id in call_ids:
            self._calls.pop(call_id, None)

    def _look_again(self, call: LiveCall) -> None:
        failed = call.progress.reason is not None or call.progress.ended_at is not None
        if failed:
            call.check_at = min(call.check_at, _now() + FAILED_GRACE_S)
        elif call.progress.answered_at:
            call.check_at = _now() + ASK_EVERY_S


def _now() -> float:
    return asyncio.get_running_loop().time()
