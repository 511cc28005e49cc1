"""One lane per campaign with tasks in hand: slots are reserved for it, and each slot takes the next task.

Slots belong to the dialer, not to the contact: one whose task is refused goes to the next in hand.
"""

from __future__ import annotations

import asyncio
from collections import deque
from uuid import UUID

from psycopg import OperationalError

from outdial.attempts.begin import Begun
from outdial.attempts.release import Released
from outdial.attempts.tasks_in_hand import TaskInHand, TasksInHand
from outdial.dialer.gate import Gate
from outdial.dialer.placing import DueSlot, Placing
from outdial.dialer.trunk_slots import TrunkSlots
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.permission import Refusal
from outdial.pacing.requests import is_too_late
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
BEGINS_AT_ONCE_OF_A_CAMPAIGN = 2
"""Begins of one campaign follow one another in the database; more at once would only be late together."""

HELD_AT_MOST_S = 20.0
"""Messages show up elsewhere after 30 s; one that waited this long is given back in time."""

IDLE_S = 0.25
CAMPAIGN_KNOWN_FOR_S = 5.0

FIRST_REST_S, LONGEST_REST_S = 0.05, 5.0
"""A lane whose caller ids are spent rests, twice as long after each refusal in a row."""

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
        self.begins = asyncio.Semaphore(BEGINS_AT_ONCE_OF_A_CAMPAIGN)
        self.rests_until = float("-inf")
        self.refused_in_a_row = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing waits here and nothing is on its way."""
        return not self.waiting and not self.slots

    def rest(self, now: float) -> None:
        """No caller id may be used just now: begin nothing for a moment."""
        rest_s = FIRST_REST_S * 2 ** min(self.refused_in_a_row, 10)
        self.refused_in_a_row += 1
        self.rests_until = now + min(rest_s, LONGEST_REST_S)

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
        self._slots = TrunkSlots(pace)
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
            if wanted > 0 and self._may_begin(lane) and (slots := await self._reserve(lane, wanted)):
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
                async with lane.begins, self._begins:
                    answer = await self._placing.begin(item, slot)
                if isinstance(answer, Begun):
                    lane.refused_in_a_row = 0
                    await self._placing.originate(answer, item, slot)
                    return
                self._learn_from(lane, slot, answer)
        finally:
            lane.slots -= 1
            lane.changed.set()

    def _learn_from(self, lane: Lane, slot: DueSlot, answer: Released | None) -> None:
        """Whoever comes next would be refused as well: for another trunk's want, or for a while."""
        reason = answer and answer.reason
        if reason is Refusal.TRUNK_FULL:
            self._slots.note_full(lane.campaign_id, slot.trunk)
        elif reason is Refusal.CALLER_ID_SPENT:
            lane.rest(_now())

    def _may_begin(self, lane: Lane) -> bool:
        return self._gate.is_open and lane.rests_until <= _now()

    async def _next(self, lane: Lane, slot: DueSlot) -> TaskInHand | None:
        async with lane.begins, self._begins:
            usable = (
                self._may_begin(lane)
                and not is_too_late(slot.due, _now())
                and not self._slots.is_full(lane.campaign_id, slot.trunk)
            )
            return lane.waiting.popleft() if usable and lane.waiting else None

    async def _reserve(self, lane: Lane, wanted: int) -> list[DueSlot]:
        try:
            return await self._slots.reserve(await self._campaign_of(lane), wanted)
        except (Unavailable, OperationalError, TimeoutError) as error:
            log.warning("no pace slots", campaign_id=lane.campaign_id, reason=str(error) or "timeout")
        except InvalidInput as error:
            while lane.waiting:
                await self._tasks.bury_at_once(lane.waiting.popleft(), str(error))
        return []

    async def _campaign_of(self, lane: Lane) -> Campaign:
        if lane.campaign is None or _now() - lane.campaign_read_at > CAMPAIGN_KNOWN_FOR_S:
            async with self._pool.connection() as conn:
                lane.campaign = await read_campaign(conn, lane.campaign_id)
            lane.campaign_read_at = _now()
        assert lane.campaign is not None  # noqa: S101 - read just now
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
