"""Gives one carrier its texts: batch after batch, each begun when there is room for it, campaigns in turn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Error as DatabaseError, OperationalError
from psycopg_pool import PoolTimeout

from outdial.attempts.asked_texts import begin_queued_texts
from outdial.attempts.begin_texts import BegunText, TextTerms, begin_texts
from outdial.attempts.release import Released
from outdial.attempts.tasks_in_hand import TaskInHand, TasksInHand
from outdial.domain.clock import Clock
from outdial.domain.errors import InvalidInput
from outdial.sms.asking import ask
from outdial.sms.carriers.carrier import Carrier
from outdial.sms.outcomes import Outcomes
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

BATCH_S = 0.1
"""So much of the carrier's time is begun at once: a listing waits for no more than that, and a gateway that
is killed leaves no more in doubt that it had not yet sent."""

MOST_AT_ONCE = 200
BEGIN_LEAD_S = 0.05
LOOK_EVERY_S = 0.25
"""How long a text that somebody asked for may wait for a gateway to notice."""

HELD_AT_MOST_S = 20.0
GIVE_BACK_S = 5.0
BEGIN_TIMEOUT_S = 15.0
REST_S = 1.0

log = get_logger(__name__)


@dataclass(frozen=True)
class Post:
    """What sending works with; `held` are the texts whose outcomes are not durable yet."""

    pool: Pool
    tasks: TasksInHand
    clock: Clock
    group: asyncio.TaskGroup
    held: dict[UUID, BegunText]
    outcomes: Outcomes


class Sending:
    """The texts of one carrier. `in_flight` are with it now, or wait for their moment."""

    def __init__(self, carrier: Carrier, terms: TextTerms, post: Post) -> None:
        self.in_flight = 0
        self.draining = False
        self._carrier = carrier
        self._terms = terms
        self._post = post
        self._waiting: OrderedDict[UUID, deque[TaskInHand]] = OrderedDict()
        self._changed = asyncio.Event()
        self._free_at: datetime | None = None
        self._look_at_s = float("-inf")

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is under way."""
        return not self._waiting and not self.in_flight

    def put(self, item: TaskInHand) -> None:
        """Take a task; its campaign waits its turn."""
        self._waiting.setdefault(item.task.campaign_id, deque()).append(item)
        self._changed.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            raise_if_cancelled()
            await self._give_old_back()
            try:
                async with asyncio.timeout(BEGIN_TIMEOUT_S):
                    began = self._may_begin() and await self._begin()
            except (OperationalError, PoolTimeout, TimeoutError) as error:
                log.warning("texts wait for the database", reason=str(error) or "timeout")
                await asyncio.sleep(REST_S)
                continue
            if not began:
                await self._pause()

    async def drain(self) -> None:
        """Begin nothing more, and give back what waits; what is in flight goes on."""
        self.draining = True
        for item in self._take_all():
            await self._post.tasks.give_back(item, 0)

    def _may_begin(self) -> bool:
        early = timedelta(seconds=BEGIN_LEAD_S)
        has_room = self._free_at is None or self._post.clock() >= self._free_at - early
        # A batch costs a transaction, however small: else each answer would make room for a batch of one.
        is_worth_it = self._room * 2 >= min(self._at_once, self._carrier.most_in_flight)
        return self._carrier.is_up and not self.draining and has_room and is_worth_it

    @property
    def _at_once(self) -> int:
        return min(max(1, round(self._carrier.parts_per_second * BATCH_S)), MOST_AT_ONCE)

    @property
    def _room(self) -> int:
        return min(self._at_once, self._carrier.most_in_flight - self.in_flight)

    async def _begin(self) -> bool:
        """Begin one batch: of texts people asked for, or else of the campaign whose turn it is."""
        texts = await self._begin_queued()
        if not texts:
            texts = await self._begin_campaign(self._next_batch())
        self._launch(texts)
        return bool(texts)

    async def _begin_queued(self) -> Sequence[BegunText]:
        now_s = asyncio.get_running_loop().time()
        if now_s < self._look_at_s:
            return ()
        texts = await begin_queued_texts(self._post.pool, self._terms, self._room, self._post.clock())
        if not texts:
            self._look_at_s = now_s + LOOK_EVERY_S
        return texts

    async def _begin_campaign(self, items: Sequence[TaskInHand]) -> Sequence[BegunText]:
        if not items:
            return ()
        try:
            answers = await begin_texts(
                self._post.pool, [item.task for item in items], self._terms, self._post.clock()
            )
        except (OperationalError, PoolTimeout, asyncio.CancelledError):
            for item in reversed(items):
                self._waiting.setdefault(item.task.campaign_id, deque()).appendleft(item)
            raise
        except (InvalidInput, DatabaseError) as error:
            log.warning("texts cannot begin", texts=len(items), reason=str(error))
            for item in items:
                await self._post.tasks.fail(item, str(error))
            return ()
        for item, answer in zip(items, answers, strict=True):
            if isinstance(answer, Released):
                item.tally.count_put_back()
            else:
                item.tally.count_success()
            self._post.tasks.finish(item)
        return [answer for answer in answers if isinstance(answer, BegunText)]

    def _launch(self, texts: Sequence[BegunText]) -> None:
        """Each at its moment within the batch, at the carrier's pace."""
        at = texts[0].starts_at if texts else None
        for text in texts:
            assert at is not None  # noqa: S101 - there is a first text
            self.in_flight += 1
            self._post.held[text.record_id] = text
            self._post.group.create_task(self._send(text, at))
            at += timedelta(seconds=len(text.split.parts) / self._carrier.parts_per_second)
            self._free_at = at

    async def _send(self, text: BegunText, at: datetime) -> None:
        try:
            await asyncio.sleep(max(0.0, (at - self._post.clock()).total_seconds()))
            self._post.outcomes.add(await ask(self._carrier, text, self._post.clock))
        finally:
            self.in_flight -= 1
            self._changed.set()

    def _next_batch(self) -> list[TaskInHand]:
        """From the campaign whose turn it is, which then stands last."""
        if not self._waiting:
            return []
        campaign_id, items = self._waiting.popitem(last=False)
        batch = [items.popleft() for _ in range(min(self._room, len(items)))]
        if items:
            self._waiting[campaign_id] = items
        return batch

    async def _give_old_back(self) -> None:
        """SQS shows a message to others after 30 s; what waited long is given back in time."""
        oldest = asyncio.get_running_loop().time() - HELD_AT_MOST_S
        for campaign_id, items in list(self._waiting.items()):
            while items and items[0].since < oldest:
                await self._post.tasks.give_back(items.popleft(), GIVE_BACK_S)
            if not items:
                del self._waiting[campaign_id]

    def _take_all(self) -> list[TaskInHand]:
        items = [item for waiting in self._waiting.values() for item in waiting]
        self._waiting.clear()
        return items

    async def _pause(self) -> None:
        """Until the carrier has room, something comes, or texts that were asked for are looked for again."""
        self._changed.clear()
        if self._free_at is not None:
            until_s = (self._free_at - self._post.clock()).total_seconds() - BEGIN_LEAD_S
            if until_s > 0:
                await asyncio.sleep(min(until_s, LOOK_EVERY_S))
                return
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._changed.wait()
        except TimeoutError:
            return
