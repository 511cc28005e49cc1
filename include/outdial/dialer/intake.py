"""Receives dial tasks from SQS while there is room for them, and hands each to its campaign's lane."""

from __future__ import annotations

import asyncio

from pydantic import ValidationError

from outdial.attempts.tally import BatchTally
from outdial.attempts.tasks_in_hand import TaskInHand, TasksInHand
from outdial.dialer.gate import Gate
from outdial.dialer.lanes import Lanes
from outdial.dialer.screening import Screen
from outdial.domain.dial_task import DialTask
from outdial.domain.errors import OutdialError
from outdial.domain.written import field_problems
from outdial.messaging.task_queue import Received, TaskQueue
from outdial.telemetry.logs import get_logger

MESSAGES_A_RECEIVE = 10
LONG_POLL_S = 2
"""Short, because a drain waits for the receive in flight."""

RECEIVERS = 2
"""One receive brings ten tasks at most: while one is on its way, another fetches the next ten."""

CLOSED_S = 0.1
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 10.0

log = get_logger(__name__)


class Intake:
    """The way in. `room` is how many tasks may be in hand."""

    def __init__(
        self, queue: TaskQueue, tasks: TasksInHand, screen: Screen, lanes: Lanes, gate: Gate, room: int
    ) -> None:
        self._queue = queue
        self._screen = screen
        self._tasks = tasks
        self._lanes = lanes
        self._gate = gate
        self._room = room

    async def run(self) -> None:
        """Receive until the gate drains."""
        async with asyncio.TaskGroup() as receivers:
            for _ in range(RECEIVERS):
                receivers.create_task(self._receive_until_drained())

    async def _receive_until_drained(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._gate.draining:
            if not self._gate.is_open or self._free < MESSAGES_A_RECEIVE:
                await asyncio.sleep(CLOSED_S)
                continue
            try:
                await self._receive()
                pause_s = FIRST_PAUSE_S
            except OutdialError as error:
                log.warning("no dial tasks received", reason=str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    @property
    def _free(self) -> int:
        return self._room - self._tasks.count

    async def _receive(self) -> None:
        messages = await self._queue.receive(MESSAGES_A_RECEIVE, LONG_POLL_S)
        tally = BatchTally(len(messages))
        items: list[TaskInHand] = []
        for message in messages:
            try:
                task = DialTask.model_validate_json(message.body)
            except ValidationError as error:
                await self._bury(message, "; ".join(field_problems(error)), tally)
            else:
                items.append(self._tasks.take(message, task, tally))
        for item in await self._screen.pass_on(items):
            self._lanes.put(item)

    async def _bury(self, message: Received, problems: str, tally: BatchTally) -> None:
        tally.count_failure(None, problems)
        try:
            await self._queue.bury(message, f"cannot be read: {problems}")
        except OutdialError as error:
            log.warning("unreadable message not buried; it comes again", reason=str(error))
