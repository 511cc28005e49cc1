"""Dispatch: who is reached next. One tick claims the best contacts of this moment and sends tasks for them.

All progress lives in PostgreSQL: a tick may be cut off anywhere, and a second copy of it is harmless.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.campaigns.lifecycle import is_dispatch_over
from outdial.campaigns.pace_in_force import cps_in_force
from outdial.domain.calling_rules import caps_for, timetables_for
from outdial.domain.calling_windows import closes_at, is_open
from outdial.domain.channels import Channel
from outdial.domain.dial_task import DialTask
from outdial.domain.permission import is_campaign_time
from outdial.domain.ranking import Group, level_of
from outdial.messaging.task_queue import TaskQueue
from outdial.storage.blacklist import hold_list_still
from outdial.storage.campaigns import Campaign, count_claimed, read_campaign, read_run
from outdial.storage.carriers import read_parts_per_second
from outdial.storage.claims import (
    Claim,
    OpenArea,
    Stand,
    are_registries_fresh,
    claim_best,
    count_in_hand,
    heal_claims,
    mark_sent,
    promote_due,
    put_back,
    read_remaining,
    ready_buckets,
)
from outdial.storage.contacts import Area, read_areas
from outdial.storage.pace import read_factors
from outdial.storage.pool import Connection, Pool

SQS_BATCH = 10
UNSENT_LEASE = timedelta(seconds=10)
"""A claim not sent by then was cut off between commit and send."""
UNBEGUN_LEASE = timedelta(seconds=120)
"""A dial task not begun by then was lost: several times the queue's 30 s visibility timeout."""
PROMOTED_AT_ONCE = 5000
MOST_IN_VAIN = 20
"""Batches of one tick in which everybody was listed or capped; the next tick goes on from there."""


Queues = Mapping[Channel, TaskQueue]
"""Where the tasks of each channel go."""


@dataclass(frozen=True)
class DispatchLimits:
    """`horizon_s`: how many seconds of pace may be dispatched and not yet begun.

    A queued call can outlive its window, so no more is queued than the dialers soon begin.
    """

    batch_size: int
    max_cps: float
    horizon_s: float


class DispatchResult(BaseModel):
    """What one tick, or a whole run, did; `over` means nobody is left to dispatch in this run."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    contact_count: int
    batches_pushed: int
    campaign_id: UUID
    campaign_name: str
    needs_more_contacts: bool
    over: bool


@dataclass(frozen=True)
class Openings:
    """Which areas may be called at the moment of a tick: worked out once for all its batches."""

    campaign: Campaign
    now: datetime
    _known: dict[int, OpenArea | None] = field(default_factory=dict[int, OpenArea | None])

    def among(self, areas: Mapping[int, Area]) -> dict[int, OpenArea]:
        """Those of `areas` that may be called, each until it closes or the campaign ends."""
        for area_id, area in areas.items():
            if area_id not in self._known:
                self._known[area_id] = self._opening(area_id, area)
        return {area_id: opening for area_id in areas if (opening := self._known[area_id])}

    def _opening(self, area_id: int, area: Area) -> OpenArea | None:
        timetables = timetables_for(self.campaign.config, area.regions)
        if not is_open(timetables, area.zone_infos, self.now):
            return None
        closes = closes_at(timetables, area.zone_infos, self.now)
        ends = [end for end in (closes, self.campaign.end_time) if end]
        return OpenArea(area_id, min(ends, default=None), caps_for(self.campaign.config, area.regions))


async def dispatch_tick(
    pool: Pool, queues: Queues, campaign_id: UUID, run_id: str, limits: DispatchLimits, now: datetime
) -> DispatchResult:
    """Promote due contacts, heal lost claims, then claim and send until enough is on its way.

    Raises Unavailable where PostgreSQL or SQS does not answer; what was claimed is then put back.
    """
    async with pool.connection() as conn:
        await _tend(conn, campaign_id, now)
        campaign = await read_campaign(conn, campaign_id)
    count, batches = 0, 0
    openings = Openings(campaign, now)
    for channel in campaign.reach.channels:
        async for sent in _batches(pool, queues[channel], _Way(openings, channel, run_id), limits):
            count, batches = count + sent, batches + ceil(sent / SQS_BATCH)
    return await _result(pool, campaign_id, run_id, (count, batches), now)


@dataclass(frozen=True)
class _Way:
    """What the batches of one tick have in common: whom they are claimed from, and for which run."""

    openings: Openings
    channel: Channel
    run_id: str

    @property
    def campaign(self) -> Campaign:
        return self.openings.campaign

    @property
    def now(self) -> datetime:
        return self.openings.now

    @property
    def stand(self) -> Stand:
        return Stand(self.campaign.id, self.channel)


async def _batches(pool: Pool, queue: TaskQueue, way: _Way, limits: DispatchLimits) -> AsyncIterator[int]:
    """Claim and send batch after batch; yields how many of each were sent."""
    in_vain = 0
    while may_dispatch(way.campaign, way.now) and in_vain < MOST_IN_VAIN:
        claims = await _claim(pool, way, limits)
        if claims is None:
            return
        sent = await _send(pool, queue, way, claims)
        yield sent
        in_vain += not sent
        if sent < len(claims):
            return


def may_dispatch(campaign: Campaign, now: datetime) -> bool:
    """Nothing is claimed for a campaign that is not active, not vouched for, or outside its dates."""
    return (
        campaign.status == "active"
        and campaign.has_lease(now)
        and is_campaign_time(campaign.start_time, campaign.end_time, now)
    )


async def _tend(conn: Connection, campaign_id: UUID, now: datetime) -> None:
    async with conn.transaction():
        await hold_list_still(conn)
        await promote_due(conn, campaign_id, now, PROMOTED_AT_ONCE)
        await heal_claims(conn, campaign_id, now - UNSENT_LEASE, now - UNBEGUN_LEASE)


async def _claim(pool: Pool, way: _Way, limits: DispatchLimits) -> list[Claim] | None:
    """Claim a batch, out of which listed and capped contacts fall; None where there is none to be had."""
    campaign, now = way.campaign, way.now
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        room = min(limits.batch_size, await _room(conn, way, limits))
        if room <= 0 or not await are_registries_fresh(conn, campaign.id, now):
            return None
        groups, open_areas = await _open_groups(conn, way)
        if not groups:
            return None
        claims = await claim_best(conn, way.stand, groups, open_areas, room, now)
        if claims:
            await count_claimed(conn, campaign.id, way.run_id, len(claims))
        return claims


async def _room(conn: Connection, way: _Way, limits: DispatchLimits) -> int:
    """How many more contacts may be claimed before the consumers, the campaign or the trial has enough."""
    campaign = way.campaign
    run = await read_run(conn, campaign.id, way.run_id)
    hand = await count_in_hand(conn, way.stand)
    if way.channel is Channel.VOICE:
        per_second = cps_in_force(campaign, limits.max_cps, await read_factors(conn))
        rooms = [campaign.config.max_concurrent_calls - hand.live_calls - hand.dispatched]
    else:
        per_second, rooms = await read_parts_per_second(conn, campaign.config.sms.carrier), []
    # Campaigns at work share the pace: what all of them queue must begin before its lease runs out.
    rooms.append(ceil(per_second * limits.horizon_s / (1 + hand.others)) - hand.dispatched)
    if run is not None and run.contact_limit is not None:
        rooms.append(run.contact_limit - run.claimed)
    return min(rooms)


async def _open_groups(conn: Connection, way: _Way) -> tuple[list[Group], list[OpenArea]]:
    """Groups of ready contacts that may be reached now, with their level, and the areas they stand in."""
    stands = await ready_buckets(conn, way.stand)
    areas = await read_areas(conn)
    opened = way.openings.among({area_id: areas[area_id] for area_id, _ in stands})
    return [
        Group(area_id, bucket, level_of(bucket, way.now.astimezone(areas[area_id].zone_infos[0]).hour))
        for area_id, bucket in stands
        if area_id in opened
    ], list(opened.values())


async def _send(pool: Pool, queue: TaskQueue, way: _Way, claims: Sequence[Claim]) -> int:
    """Send the claims' tasks; what SQS refuses, or never answers to, is put back at once."""
    if not claims:
        return 0
    accepted: set[UUID] = set()
    try:
        accepted = await queue.send([_task(way.campaign, claim, way.now) for claim in claims])
    finally:
        refused = {claim.claim_id for claim in claims} - accepted
        async with pool.connection() as conn, conn.transaction():
            await hold_list_still(conn)
            await mark_sent(conn, accepted, way.now)
            if refused:
                await put_back(conn, refused)
                await count_claimed(conn, way.campaign.id, way.run_id, -len(refused))
    return len(accepted)


def _task(campaign: Campaign, claim: Claim, now: datetime) -> DialTask:
    return DialTask(
        contact_id=claim.contact_id,
        campaign_id=campaign.id,
        phone_number=claim.phone,
        metadata=claim.metadata,
        attempts=claim.attempts,
        timestamp=now,
        claim_id=claim.claim_id,
        not_after=claim.not_after,
    )


async def _result(
    pool: Pool, campaign_id: UUID, run_id: str, pushed: tuple[int, int], now: datetime
) -> DispatchResult:
    async with pool.connection() as conn, conn.transaction():
        campaign = await read_campaign(conn, campaign_id)
        remaining = await read_remaining(conn, campaign_id)
        run = await read_run(conn, campaign_id, run_id)
    return DispatchResult(
        contact_count=pushed[0],
        batches_pushed=pushed[1],
        campaign_id=campaign_id,
        campaign_name=campaign.name,
        needs_more_contacts=remaining.ready or remaining.waiting,
        over=is_dispatch_over(campaign, remaining, run, now),
    )
