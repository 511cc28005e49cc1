"""One lane per campaign with tasks in hand: slots are reserved for it, and each slot takes the next task.

Slots belong to the dialer, not to the contact: one whose task is refused goes to the next in hand.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from itertools import cycle
from uuid import UUID

from psycopg import OperationalError

from outdial.dialer.gate import Gate
from outdial.dialer.placing import DueSlot, Placing
from outdial.dialer.tasks_in_hand import TaskInHand, TasksInHand
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.pacing.requests import PaceRequest, is_too_late
from outdial.pacing.slots import Pace
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

SLOTS_AT_ONCE = 20
RESERVE_AHEAD_S = 0.1
"""The next slots are reserved so long before the last ones are used up."""

BEGIN_LEAD_S = 0.03
"""A begin takes about this long; started so much before its slot, the originate leaves on time."""

BEGINS_AT_ONCE = 8
"""Begins of one campaign follow one another in the database; more at once would only be late together."""

HELD_AT_MOST_S = 20.0
"""Messages show up elsewhere after 30 s; one that waited this long is given back in time."""

IDLE_S = 0.25
CAMPAIGN_KNOWN_FOR_S = 5.0

log = get_logger(__name__)


class Lane:
    """Tasks of one campaign that wait, and how many slots are on their way to them."""

    def __init__(self, campaign_id: UUID) -> None:
        self.campaign_id = campaign_id
        self.waiting: deque[TaskInHand] = deque()
        self.slots = 0
        self.changed = asyncio.Event()
        self.campaign: Campaign | None = None
        self.campaign_read_at = float("-inf")
        self.trunks: Iterator[str] = cycle(())
        self.caller_ids: Iterator[str] = cycle(())

    @property
    def is_done(self) -> bool:
        """Whether nothing waits here and nothing is on its way."""
        return not self.waiting and not self.slots

    def learn(self, campaign: Campaign, now: float) -> None:
        """Take over the campaign's present trunks and caller ids; both are used in turn."""
        known = self.campaign and self.campaign.written_config == campaign.written_config
        self.campaign, self.campaign_read_at = campaign, now
        if not known:
            self.trunks = cycle(campaign.config.trunks)
            self.caller_ids = cycle(campaign.config.caller_ids)

    async def wait_for_change(self) -> None:
        """Return when something came or went, or after a moment."""
        self.changed.clear()
        try:
            async with asyncio.timeout(IDLE_S):
                await self.changed.wait()
        except TimeoutError:
            return


class Lanes:
    """All lanes of this dialer. Their tasks belong to the group given."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        pool: Pool,
        pace: Pace,
        gate: Gate,
        placing: Placing,
        tasks: TasksInHand,
    ) -> None:
        self._group = group
        self._pool = pool
        self._pace = pace
        self._gate = gate
        self._placing = placing
        self._tasks = tasks
        self._lanes: dict[UUID, Lane] = {}
        self._begins = asyncio.Semaphore(BEGINS_AT_ONCE)

    @property
    def is_idle(self) -> bool:
        """Whether no task waits and no attempt is about to begin."""
        return not self._lanes

    def put(self, item: TaskInHand) -> None:
        """Let a task wait for its slot."""
        lane = self._lanes.get(item.task.campaign_id)
        if lane is None:
            lane = self._lanes[item.task.campaign_id] = Lane(item.task.campaign_id)
            self._group.create_task(self._run(lane))
        lane.waiting.append(item)
        lane.changed.set()

    async def _run(self, lane: Lane) -> None:
        while not lane.is_done:
            await self._give_back_old(lane)
            wanted = min(len(lane.waiting) - lane.slots, SLOTS_AT_ONCE)
            if wanted > 0 and self._gate.is_open and (slots := await self._reserve(lane, wanted)):
                for slot in slots:
                    lane.slots += 1
                    self._group.create_task(self._use(lane, slot))
                await asyncio.sleep(max(slot.due for slot in slots) - _now() - RESERVE_AHEAD_S)
            else:
                await lane.wait_for_change()
        del self._lanes[lane.campaign_id]

    async def _use(self, lane: Lane, slot: DueSlot) -> None:
        """Begin and place the first task in hand that may be called."""
        try:
            await asyncio.sleep(slot.due - _now() - BEGIN_LEAD_S)
            while (item := await self._next(lane, slot)) is not None:
                async with self._begins:
                    begun = await self._placing.begin(item, slot)
                if begun:
                    await self._placing.originate(begun, item, slot)
                    return
        finally:
            lane.slots -= 1
            lane.changed.set()

    async def _next(self, lane: Lane, slot: DueSlot) -> TaskInHand | None:
        async with self._begins:
            usable = self._gate.is_open and not is_too_late(slot.due, _now())
            return lane.waiting.popleft() if usable and lane.waiting else None

    async def _reserve(self, lane: Lane, wanted: int) -> list[DueSlot]:
        try:
            campaign = await self._campaign_of(lane)
            request = PaceRequest(next(lane.trunks), campaign.id, campaign.config.max_cps, wanted)
            slots = await self._pace.reserve(request)
        except (Unavailable, OperationalError, TimeoutError) as error:
            log.warning("no pace slots", campaign_id=lane.campaign_id, reason=str(error) or "timeout")
            return []
        except InvalidInput as error:
            while lane.waiting:
                await self._tasks.bury_at_once(lane.waiting.popleft(), str(error))
            return []
        arrived = _now()
        return [
            DueSlot(arrived + slot.starts_in_s, slot.epoch, request.trunk, next(lane.caller_ids, None))
            for slot in slots
        ]

    async def _campaign_of(self, lane: Lane) -> Campaign:
        if lane.campaign is None or _now() - lane.campaign_read_at > CAMPAIGN_KNOWN_FOR_S:
            async with self._pool.connection() as conn:
                lane.learn(await read_campaign(conn, lane.campaign_id), _now())
        assert lane.campaign is not None  # noqa: S101 - learnt just now
        return lane.campaign

    async def _give_back_old(self, lane: Lane) -> None:
        # While draining everything goes back at once, so that another dialer may take it.
        while lane.waiting:
            held_s = _now() - lane.waiting[0].since
            if not self._gate.draining and held_s < HELD_AT_MOST_S:
                return
            await self._tasks.give_back(lane.waiting.popleft(), 0 if self._gate.draining else 1)


def _now() -> float:
    return asyncio.get_running_loop().time()
