"""Messages this dialer has received and not yet answered for: deleted, given back or buried.

Waiting never counts against a message; only what failed three times is buried.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import OperationalError

from outdial.attempts.release import park_contact
from outdial.attempts.tally import BatchTally
from outdial.domain.dial_task import DialTask
from outdial.domain.errors import OutdialError
from outdial.messaging.task_queue import Received, TaskQueue
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

FAILURES_BEFORE_BURIAL = 3
FIRST_BACKOFF_S = 2.0
DELETE_GATHER_S = 0.1
DELETES_AT_ONCE = 100
REMEMBERED_FAILURES = 10_000

log = get_logger(__name__)


@dataclass(frozen=True)
class TaskInHand:
    """One readable message. `since` is loop time: what is held too long turns up elsewhere too."""

    task: DialTask
    received: Received
    tally: BatchTally
    since: float


class TasksInHand:
    """Answers for messages. `count` is how many are still open."""

    def __init__(self, queue: TaskQueue, pool: Pool) -> None:
        self.count = 0
        self._queue = queue
        self._pool = pool
        self._to_delete: asyncio.Queue[str] = asyncio.Queue()
        # By message id. SQS's own count would include receives that only waited.
        self._failures: OrderedDict[str, int] = OrderedDict()

    def take(self, received: Received, task: DialTask, tally: BatchTally) -> TaskInHand:
        """A message that was read."""
        self.count += 1
        return TaskInHand(task, received, tally, asyncio.get_running_loop().time())

    def finish(self, item: TaskInHand) -> None:
        """The message has served its purpose; a copy that comes again finds no claim."""
        self.count -= 1
        self._failures.pop(item.received.message_id, None)
        self._to_delete.put_nowait(item.received.receipt)

    async def give_back(self, item: TaskInHand, delay_s: float) -> None:
        """Let it be received again after `delay_s`, by anybody."""
        self.count -= 1
        item.tally.count_put_back()
        await self._defer(item, delay_s)

    async def fail(self, item: TaskInHand, error: str) -> None:
        """It could not be handled: try later, or after the third time bury it with its reason."""
        self.count -= 1
        item.tally.count_failure(item.task, error)
        failures = self._count_failure(item.received.message_id)
        if failures < FAILURES_BEFORE_BURIAL:
            await self._defer(item, FIRST_BACKOFF_S * 2**failures)
        else:
            await self._bury(item, f"failed {failures} times: {error}")

    async def bury_at_once(self, item: TaskInHand, error: str) -> None:
        """Trying again cannot help."""
        self.count -= 1
        item.tally.count_failure(item.task, error)
        await self._bury(item, error)

    async def run_deletions(self) -> None:
        """Delete finished messages in batches until cancelled."""
        while True:
            raise_if_cancelled()
            receipts = [await self._to_delete.get()]
            await asyncio.sleep(DELETE_GATHER_S)
            await self._delete(receipts)

    async def delete_rest(self) -> None:
        """Delete what is left to delete, when no more will come."""
        await self._delete([])

    async def _delete(self, receipts: list[str]) -> None:
        while len(receipts) < DELETES_AT_ONCE and not self._to_delete.empty():
            receipts.append(self._to_delete.get_nowait())
        await self._delete_quietly(receipts)

    async def _delete_quietly(self, receipts: Sequence[str]) -> None:
        if not receipts:
            return
        try:
            await self._queue.delete(receipts)
        except OutdialError as error:
            # Each comes again after its visibility timeout and is deleted then, as a stale copy.
            log.warning("finished dial tasks not deleted", tasks=len(receipts), reason=str(error))

    async def _defer(self, item: TaskInHand, delay_s: float) -> None:
        try:
            await self._queue.defer(item.received.receipt, delay_s)
        except OutdialError as error:
            log.warning("dial task not given back; it comes again by itself", reason=str(error))

    async def _bury(self, item: TaskInHand, reason: str) -> None:
        try:
            await self._queue.bury(item.received, reason)
            await park_contact(self._pool, item.task)
        except (OutdialError, OperationalError) as error:
            log.warning("dial task not buried; it comes again", reason=str(error))
            return
        self._failures.pop(item.received.message_id, None)

    def _count_failure(self, message_id: str) -> int:
        failures = self._failures.pop(message_id, 0) + 1
        self._failures[message_id] = failures
        if len(self._failures) > REMEMBERED_FAILURES:
            self._failures.popitem(last=False)
        return failures
