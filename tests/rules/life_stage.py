"""Where campaigns' lives are played, and what happens to campaigns as such: runs, pauses, changes, time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from psycopg.types.json import Jsonb

from outdial.campaigns.dispatch import DispatchLimits
from outdial.campaigns.lifecycle import (
    LEASE,
    end_lease,
    finish_run_if_done,
    renew_lease,
    start_run,
)
from outdial.domain.dial_task import DialTask
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.storage.pool import Pool
from tests.given import OPERATOR
from tests.invariants import Originate
from tests.rules.life_model import KnownCampaign
from tests.rules.timetables import raw_window, window_near
from tests.rules.world_rows import insert
from tests.rules.zones import wall_of

T = TypeVar("T")

RUN = "manual__run"
LIMITS = DispatchLimits(batch_size=3, max_cps=100, horizon_s=15)
PASSING_S = (1, 11, 60, 121, 900, 3600, 4 * 3600, 9 * 3600, 86400, 3 * 86400)
A_MOMENT = timedelta(milliseconds=1)
"""No two calls begin at the same instant, so that their order can be read from their records."""
DIALERS = 3
_TABLES = (
    "live_calls call_records waiting_contacts dispatched_contacts ready_contacts contacts areas blacklist "
    "blacklist_history erased_numbers registries campaign_runs campaign_progress campaigns dialers"
)
_CLEAN = (
    "set session_replication_role = replica; "
    + "; ".join(f"delete from {table}" for table in _TABLES.split())
    + "; set session_replication_role = default; update pace_authority set epoch = 1"
)

small = st.integers(0, 11)


@dataclass
class Stage:
    """The database a life is played on."""

    loop: asyncio.Runner
    pool: Pool
    dsn: str


@dataclass
class Wire:
    """What dispatch has sent; every second or third task is refused while `refuses` is set."""

    tasks: list[DialTask] = field(default_factory=list)
    refuses: int = 0

    async def send(self, tasks: Sequence[DialTask]) -> set[UUID]:
        if self.refuses == 1:
            raise Unavailable("SQS does not answer")
        taken = [task for n, task in enumerate(tasks) if not self.refuses or n % self.refuses]
        self.tasks += taken
        return {task.claim_id for task in taken}


class LifeOfCampaigns(RuleBasedStateMachine):
    """Two campaigns that run, pause, end and are changed, while time goes on."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.wire = stage, Wire()
        self.originates: list[Originate] = []
        self.begun_claims: set[UUID] = set()

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.stage.loop.run(doing)

    def _config(self, window: tuple[int, int, int, int], law: int) -> dict[str, Any]:
        # Mostly open at this hour: a life in which nobody may be called shows little.
        hours = {"dayOfWeek": list(range(7)), "startHour": 0, "endHour": 24}
        near = window_near(wall_of(self.main, self.now), *window)
        return {
            "callingWindows": [near if window[0] > 1 else hours],
            "jurisdictions": "auto" if law % 5 == 0 else "none",
            "numberCaps": "none" if law % 4 == 0 else {"per24Hours": 1 + law % 2, "per7Days": 2 + law % 5},
            "blockedDates": [wall_of(self.main, self.now).date().isoformat()] if law == 7 else [],
            "registries": [{"name": "us-dnc", "maxAgeDays": 31}] if law == 5 else [],
            "maxConcurrentCalls": 1 + law // 2 % 3,
            "maxAttemptsPerContact": 3,
            "retry": {
                "busy": {"delaySeconds": 60.0 * (law % 3)},
                "no_answer": {"delaySeconds": 3600.0, "maxAttempts": 2},
            },
        }

    async def _write(self) -> None:
        async with self.stage.pool.connection() as conn:
            await conn.execute(_CLEAN)
            await insert(
                conn,
                "registries",
                [
                    {"name": "us-dnc", "as_of": self.model.copies["us-dnc"], "numbers": 0},
                ],
            )
            await insert(conn, "campaigns", [self._row(one) for one in self.model.campaigns])
        await self._beat()

    def _row(self, one: KnownCampaign) -> dict[str, Any]:
        return {
            "id": one.id,
            "slug": f"campaign_{one.id.int}",
            "name": "Spring appeal",
            "type": "voice",
            "status": "draft",
            "timezone": "UTC",
            "start_time": one.start_time,
            "end_time": one.end_time,
            "config": one.configs[-1][1],
            "failure_reasons": [],
            "created_at": self.now,
            "updated_at": self.now,
        }

    async def _beat(self) -> None:
        """Dialers that run say so; what is written is the machine's time."""
        async with self.stage.pool.connection() as conn:
            for n, dialer in enumerate(self.dialers):
                if dialer is not None:
                    await conn.execute(
                        "insert into dialers (id, host, pid, version, started_at, heartbeat_at) "
                        "values (%s, 'here', 1, '0', %s, %s) "
                        "on conflict (id) do update set heartbeat_at = excluded.heartbeat_at",
                        [dialer, self.now, self.frozen.get(n, self.now)],
                    )

    def _campaign(self, n: int) -> KnownCampaign:
        return self.model.campaigns[n % 2]

    def _start(self, campaign: KnownCampaign) -> None:
        try:
            self.run(start_run(self.stage.pool, campaign.id, RUN, None, self.now))
        except InvalidInput:
            assert campaign.status in {"completed", "cancelled"}
            return
        campaign.status = "paused" if campaign.status == "paused" else "active"
        self._renew(campaign)

    def _renew(self, campaign: KnownCampaign) -> None:
        renewed = self.run(renew_lease(self.stage.pool, campaign.id, RUN, self.now))
        assert renewed == (campaign.status in {"active", "paused"})
        if renewed:
            before = campaign.lease_until
            campaign.lease_until = max(filter(None, [before, self.now + LEASE]))

    def start_again(self, n) -> None:
        self._start(self._campaign(n))

    def lose_the_lease(self, n) -> None:
        campaign = self._campaign(n)
        self.run(end_lease(self.stage.pool, campaign.id, RUN))
        campaign.lease_until = None

    def move(self, n, how) -> None:
        campaign = self._campaign(n)
        try:
            campaign.status = self.run(how(self.stage.pool, campaign.id, OPERATOR, self.now)).status
        except InvalidInput:
            return
        if campaign.status not in {"active", "paused"}:
            campaign.lease_until = None

    def finish_if_done(self, n) -> None:
        campaign = self._campaign(n)
        status = self.run(finish_run_if_done(self.stage.pool, campaign.id, RUN, self.now))
        if status is not None:
            live = [call for call in self.model.live() if call.contact.campaign_id == campaign.id]
            assert not live
            campaign.status = status
            if status not in {"active", "paused"}:
                campaign.lease_until = None

    @rule(n=small, window=raw_window, law=small)
    def change_the_config(self, n, window, law) -> None:
        campaign = self._campaign(n)
        config = self._config(window, law) | {"registries": campaign.configs[-1][1]["registries"]}
        self.now += A_MOMENT
        campaign.configs.append((self.now, config))

        async def write() -> None:
            async with self.stage.pool.connection() as conn:
                await write_config(conn, campaign.id, config)

        self.run(write())

    @rule(how=st.integers(0, len(PASSING_S) + 2))
    def let_time_pass(self, how) -> None:
        if how < len(PASSING_S):
            self.now += timedelta(seconds=PASSING_S[how])
        else:
            due = self.run(self._next_due())
            self.now = self.now + timedelta(hours=4) if due is None else max(self.now, due)
        self.run(self._beat())

    async def _next_due(self) -> datetime | None:
        async with self.stage.pool.connection() as conn:
            row = await (await conn.execute("select min(due_at) as due from waiting_contacts")).fetchone()
            return row["due"]


async def write_config(conn: Any, campaign_id: UUID, config: dict[str, Any]) -> None:
    """Give a campaign another config while it runs."""
    await conn.execute("update campaigns set config = %s where id = %s", [Jsonb(config), campaign_id])
