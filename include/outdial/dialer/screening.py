"""Asks Redis of the dial tasks just received who is listed, and puts those away at once through PostgreSQL.

It saves slots and begins, no more: what is passed on here is asked again by begin attempt.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from psycopg import OperationalError

from outdial.attempts.tasks_in_hand import TaskInHand, TasksInHand
from outdial.blacklist.cache import Entry, ListedCache
from outdial.blacklist.release import release_listed
from outdial.domain.clock import Clock
from outdial.domain.errors import InvalidInput
from outdial.storage.blacklist import EVERYWHERE, Scope
from outdial.storage.campaigns import read_campaign
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

TIMEOUT_S = 5.0
SCOPES_KNOWN_FOR_S = 5.0

log = get_logger(__name__)


@dataclass(frozen=True)
class Screen:
    """What screening needs; the intake calls `pass_on` for every batch."""

    pool: Pool
    cache: ListedCache
    tasks: TasksInHand
    clock: Clock
    _scopes: dict[UUID, tuple[float, list[Scope]]] = field(
        default_factory=dict[UUID, tuple[float, list[Scope]]]
    )

    async def pass_on(self, items: Sequence[TaskInHand]) -> list[TaskInHand]:
        """Those of `items` that may be worth a slot; the others are answered for."""
        by_campaign: dict[UUID, list[TaskInHand]] = defaultdict(list)
        for item in items:
            by_campaign[item.task.campaign_id].append(item)
        return [
            item
            for campaign_id, group in by_campaign.items()
            for item in await self._screen(campaign_id, group)
        ]

    async def _screen(self, campaign_id: UUID, items: Sequence[TaskInHand]) -> Sequence[TaskInHand]:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                scopes = await self._scopes_of(campaign_id)
                listed = await self.cache.find({item.task.phone_number for item in items}, scopes)
                gone = [item for item in items if await self._put_away(item, listed)]
        except (OperationalError, TimeoutError, InvalidInput) as error:
            log.debug("dial tasks not screened", reason=str(error) or "timeout")
            return items
        return [item for item in items if item not in gone]

    async def _put_away(self, item: TaskInHand, listed: dict[str, list[Entry]]) -> bool:
        entries = listed.get(item.task.phone_number)
        if entries is None:
            return False
        if not await release_listed(self.pool, item.task, self.clock()):
            # PostgreSQL knows better: forget it here, and let the task go on.
            await self.cache.remove(entries)
            return False
        item.tally.count_put_back()
        self.tasks.finish(item)
        return True

    async def _scopes_of(self, campaign_id: UUID) -> list[Scope]:
        now = asyncio.get_running_loop().time()
        known = self._scopes.get(campaign_id)
        if known is None or now - known[0] > SCOPES_KNOWN_FOR_S:
            async with self.pool.connection() as conn:
                config = (await read_campaign(conn, campaign_id)).config
            scopes = [
                EVERYWHERE,
                Scope(campaign_id),
                *(Scope(registry=one.name) for one in config.registries),
            ]
            known = self._scopes[campaign_id] = (now, scopes)
        return known[1]
