"""Receives from SQS what is to be texted, and hands each task to the carrier its campaign goes by."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from pydantic import ValidationError

from outdial.attempts.asked_texts import queue_requested_text
from outdial.attempts.begin_texts import TextTerms
from outdial.attempts.tally import BatchTally
from outdial.attempts.tasks_in_hand import TasksInHand
from outdial.domain.clock import Clock
from outdial.domain.dial_task import DialTask
from outdial.domain.errors import InvalidInput, OutdialError
from outdial.domain.sms.requests import RequestedText
from outdial.domain.written import field_problems
from outdial.messaging.task_queue import Received, TaskQueue
from outdial.sms.sending import Sending
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

MESSAGES_A_RECEIVE = 10
LONG_POLL_S = 2
RECEIVERS = 2
FULL_S = 0.1
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 10.0
NO_SUCH_CARRIER_S = 30.0
CAMPAIGN_KNOWN_FOR_S = 5.0

log = get_logger(__name__)


@dataclass
class Intake:
    """The way in. `room` is how many tasks may be in hand; the first of `sendings` is the usual carrier."""

    pool: Pool
    queue: TaskQueue
    tasks: TasksInHand
    sendings: Mapping[str, Sending]
    terms: Mapping[str, TextTerms]
    clock: Clock
    room: int
    draining: bool = False
    _known: dict[UUID, tuple[float, Campaign]] = field(default_factory=dict[UUID, tuple[float, Campaign]])

    async def run(self) -> None:
        """Receive until it drains."""
        async with asyncio.TaskGroup() as receivers:
            for _ in range(RECEIVERS):
                receivers.create_task(self._receive_until_drained())

    async def _receive_until_drained(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self.draining:
            raise_if_cancelled()
            if self.room - self.tasks.count < MESSAGES_A_RECEIVE:
                await asyncio.sleep(FULL_S)
                continue
            try:
                await self._receive()
                pause_s = FIRST_PAUSE_S
            except (OutdialError, OperationalError, PoolTimeout) as error:
                log.warning("no tasks received", reason=str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _receive(self) -> None:
        messages = await self.queue.receive(MESSAGES_A_RECEIVE, LONG_POLL_S)
        tally = BatchTally(len(messages))
        for message in messages:
            try:
                await self._take(message, tally)
            except (ValidationError, InvalidInput, ValueError) as error:
                await self._bury(message, _problems(error), tally)

    async def _take(self, message: Received, tally: BatchTally) -> None:
        """Raises ValueError, or one of its kind, for what can be handled neither now nor later."""
        written: Any = json.loads(message.body)
        if isinstance(written, dict) and "event" in written:
            await self._keep_request(message, RequestedText.model_validate(written), tally)
        else:
            await self._hand_on(message, DialTask.model_validate(written), tally)

    async def _keep_request(self, message: Received, request: RequestedText, tally: BatchTally) -> None:
        campaign = await self._campaign(request.campaign_id)
        terms = self.terms.get(self._carrier_of(campaign)) or next(iter(self.terms.values()))
        await queue_requested_text(self.pool, request, terms, self.clock())
        tally.count_success()
        await self.queue.delete([message.receipt])

    async def _hand_on(self, message: Received, task: DialTask, tally: BatchTally) -> None:
        campaign = await self._campaign(task.campaign_id)
        item = self.tasks.take(message, task, tally)
        sending = self.sendings.get(self._carrier_of(campaign))
        if sending is None:
            log.warning("this gateway has no such carrier", carrier=self._carrier_of(campaign))
            await self.tasks.give_back(item, NO_SUCH_CARRIER_S)
        elif self.draining:
            await self.tasks.give_back(item, 0)
        else:
            sending.put(item)

    def _carrier_of(self, campaign: Campaign) -> str:
        return campaign.config.sms.carrier or next(iter(self.sendings))

    async def _campaign(self, campaign_id: UUID) -> Campaign:
        now_s = asyncio.get_running_loop().time()
        read_at, campaign = self._known.get(campaign_id, (float("-inf"), None))
        if campaign is None or now_s - read_at > CAMPAIGN_KNOWN_FOR_S:
            async with self.pool.connection() as conn:
                campaign = await read_campaign(conn, campaign_id)
            self._known[campaign_id] = (now_s, campaign)
        return campaign

    async def _bury(self, message: Received, problems: str, tally: BatchTally) -> None:
        tally.count_failure(None, problems)
        try:
            await self.queue.bury(message, f"cannot be handled: {problems}")
        except OutdialError as error:
            log.warning("unreadable message not buried; it comes again", reason=str(error))


def _problems(error: Exception) -> str:
    return "; ".join(field_problems(error)) if isinstance(error, ValidationError) else str(error)
