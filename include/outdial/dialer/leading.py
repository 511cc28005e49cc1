"""One dialer at a time leads: it finds dialers that died and ends what they left behind.

The lead is an advisory lock on a connection of its own, which the database closes when it goes quiet: a
frozen leader loses it as surely as a dead one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from psycopg import AsyncConnection, OperationalError

from outdial.attempts.recover import DeadDialer, find_dead_dialers, settle_as_unknown, strike_off
from outdial.dialer.ami import AmiLink
from outdial.dialer.ending import end_channels
from outdial.domain.clock import Clock
from outdial.domain.errors import Unavailable
from outdial.storage.advisory_locks import RECOVERY_LEAD
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

LOOK_EVERY_S = 2.0
CONNECT_TIMEOUT_S = 5
QUERY_TIMEOUT_S = 10.0
QUIET_LIMIT_MS = 10_000

log = get_logger(__name__)


class Lead:
    """Whether this dialer leads; others of its parts that only the leader runs ask here."""

    def __init__(self) -> None:
        self._sure_until = float("-inf")

    @property
    def is_held(self) -> bool:
        """Whether nobody else can lead at this moment."""
        return asyncio.get_running_loop().time() < self._sure_until

    def confirm(self, asked_at: float) -> None:
        """The database said so, asked at `asked_at` (loop time); it takes no lead away any sooner."""
        self._sure_until = asked_at + QUIET_LIMIT_MS / 1000

    def lose(self) -> None:
        """Somebody else may lead."""
        self._sure_until = float("-inf")


@dataclass(frozen=True)
class Recovery:
    """What a leader works with."""

    dsn: str
    pool: Pool
    link: AmiLink
    clock: Clock
    lead: Lead = field(default_factory=Lead)

    async def run(self) -> None:
        """Stand for the lead, and lead, until cancelled."""
        while True:
            raise_if_cancelled()
            try:
                await self._stand()
            except (OperationalError, Unavailable, TimeoutError) as error:
                self.lead.lose()
                log.warning("recovery waits", reason=str(error) or "timeout")
            await asyncio.sleep(LOOK_EVERY_S)

    async def recover(self) -> int:
        """End what dead dialers left behind, once; returns how many calls were settled."""
        async with asyncio.timeout(QUERY_TIMEOUT_S):
            dead = await find_dead_dialers(self.pool)
        return sum([await self._recover_one(one) for one in dead])

    async def _stand(self) -> None:
        options = f"-c idle_session_timeout={QUIET_LIMIT_MS} -c statement_timeout={QUIET_LIMIT_MS}"
        async with await AsyncConnection.connect(
            self.dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, options=options
        ) as conn:
            leads = False
            while True:
                raise_if_cancelled()
                # Taking the lock again shows that this connection still has it; a lost one raises.
                asked_at = asyncio.get_running_loop().time()
                if await self._has_lead(conn):
                    self.lead.confirm(asked_at)
                    if not leads:
                        log.info("this dialer leads recovery")
                    leads = True
                    if self.link.connected:
                        await self.recover()
                await asyncio.sleep(LOOK_EVERY_S)

    @staticmethod
    async def _has_lead(conn: AsyncConnection) -> bool:
        async with asyncio.timeout(QUERY_TIMEOUT_S):
            row = await (await conn.execute("select pg_try_advisory_lock(%s)", [RECOVERY_LEAD])).fetchone()
        return row is not None and bool(row[0])

    async def _recover_one(self, dead: DeadDialer) -> int:
        gone = await end_channels(self.link, dead.call_ids)
        async with asyncio.timeout(QUERY_TIMEOUT_S):
            settled = await settle_as_unknown(self.pool, gone, self.clock(), "its dialer died")
            struck = await strike_off(self.pool, dead.dialer_id)
        if settled or struck:
            log.warning("a dialer died", dialer=dead.dialer_id, calls=len(dead.call_ids), settled=settled)
        return settled
