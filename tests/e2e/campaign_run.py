"""One campaign's run in the stack: started, watched and judged from outside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from outdial.domain.clock import utc_now
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.pool import Pool
from tests import given
from tests.e2e.airflow_client import AirflowClient
from tests.invariants import Originate, assert_invariants

# On a machine with nothing else to do it is there after two to six seconds.
DAG_VISIBLE_WITHIN_S = 60
LOOK_S = 0.05
# An attempt recorded a moment ago may still be on its way to the telephony side.
IN_FLIGHT = timedelta(seconds=1)
QUICK_RETRIES = {
    disposition: {"delaySeconds": 1}
    for disposition in ("busy", "no_answer", "machine", "rejected", "unknown", "congestion", "refused")
}


@dataclass(frozen=True)
class CampaignRun:
    """A run that was started, and what it is seen by."""

    pool: Pool
    airflow: AirflowClient
    ledger: Path
    campaign: Campaign
    run_id: str

    @property
    def dag_id(self) -> str:
        return f"campaign__{self.campaign.slug}"

    async def now(self) -> Campaign:
        """The campaign as it stands at this moment."""
        async with self.pool.connection() as conn:
            return await read_campaign(conn, self.campaign.id)

    async def fetch(self, query: str) -> list[dict[str, Any]]:
        """Rows of the campaign's own."""
        async with self.pool.connection() as conn:
            return await (await conn.execute(query, {"id": self.campaign.id})).fetchall()

    async def calls(self) -> int:
        """How many calls have begun so far."""
        [row] = await self.fetch("select count(*) as n from call_records where campaign_id = %(id)s")
        return row["n"]

    async def more_calls_begin(self, n: int = 5, timeout_s: float = 60) -> None:
        """Return when `n` more calls have begun."""
        before = await self.calls()

        async def begun() -> bool:
            return await self.calls() >= before + n

        await until(begun, timeout_s)

    async def waits_in(self, task_id: str, *, on_try: int, timeout_s: float = 60) -> None:
        """Return when the task waits in the triggerer, on its n-th try."""

        async def waits() -> bool:
            task = await self.airflow.task(self.dag_id, self.run_id, task_id)
            return (task["try_number"], task["state"]) == (on_try, "deferred")

        await until(waits, timeout_s)

    async def lease_ends(self, timeout_s: float = 60) -> datetime:
        """Return when the run has lost its lease, which is long before it would have run out by itself."""

        async def ended() -> bool:
            lease = (await self.now()).run_lease_until
            return lease is None or lease <= utc_now()

        await until(ended, timeout_s)
        return utc_now()

    async def go_on_at(self, cps: float) -> None:
        """From now on at another pace."""
        async with self.pool.connection() as conn:
            config = "config || jsonb_build_object('maxCps', %s::float)"
            change = f"update campaigns set config = {config} where id = %s"
            await conn.execute(change, [cps, self.campaign.id])

    async def end(self, timeout_s: float = 180) -> str:
        """How the run ended."""
        return await self.airflow.wait_for_end(self.dag_id, self.run_id, timeout_s)

    async def assert_nothing_begins(self, since: datetime, for_s: float = 6) -> None:
        """No call begins after `since`: neither by our rows nor by the telephony side's ledger."""
        await asyncio.sleep(for_s)
        ids = await self.fetch("select call_id, begun_at from call_records where campaign_id = %(id)s")
        late = [row["call_id"] for row in ids if row["begun_at"] > since]
        own = {row["call_id"] for row in ids}
        late += [
            seen.call_id
            for seen in originates(self.ledger)
            if seen.call_id in own and seen.at > since + IN_FLIGHT
        ]
        assert not late, late

    async def assert_sound(self) -> None:
        """What must always hold in the stack's database, and on its telephony side."""
        await assert_invariants(self.pool.conninfo, originates(self.ledger))


async def until(asked: Callable[[], Awaitable[bool]], timeout_s: float) -> None:
    """Return when `asked` says yes."""
    async with asyncio.timeout(timeout_s):
        while True:
            if await asked():
                return
            await asyncio.sleep(LOOK_S)


def report_file(told: dict[str, Any], kind: str) -> str:
    """A file of the report that a notification names."""
    return Path(told["report"][kind]).read_text("utf-8")


def seen(ledger: Path, event: str) -> list[dict[str, Any]]:
    """What the simulated network saw of a kind, from the lines it has written whole."""
    whole, _, _unfinished = ledger.read_text("utf-8").rpartition("\n")
    return [line for line in map(json.loads, whole.splitlines()) if line["event"] == event]


def originates(ledger: Path) -> list[Originate]:
    """Every originate the telephony side took."""
    return [
        Originate(line["channelId"], line["number"], datetime.fromtimestamp(line["at"], UTC))
        for line in seen(ledger, "originate")
    ]


async def start_campaign(stack: Any, numbers: Sequence[str], **changes: Any) -> CampaignRun:
    """Create a campaign for these numbers, see its DAG appear in time, and trigger it."""
    conf = changes.pop("conf", {})
    quick = {"retry": QUICK_RETRIES, "maxCps": 5, "ringTimeoutSeconds": 5} | changes
    campaign = await given.a_campaign(stack.pool, utc_now(), **quick)
    if numbers:
        await given.contacts(stack.pool, campaign, numbers, utc_now())
    return await trigger_campaign(stack, campaign, **conf)


async def trigger_campaign(stack: Any, campaign: Campaign, **conf: Any) -> CampaignRun:
    """See the campaign's DAG appear in time, and trigger it."""
    dag_id = f"campaign__{campaign.slug}"
    await stack.airflow.wait_for_dag(dag_id, DAG_VISIBLE_WITHIN_S)
    run_id = await stack.airflow.trigger(dag_id, **conf)
    return CampaignRun(stack.pool, stack.airflow, stack.ledger, campaign, run_id)
