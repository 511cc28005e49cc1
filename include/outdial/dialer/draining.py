"""The orderly end of a dialer: take nothing more, give back what waits, see live calls through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from psycopg import OperationalError

from outdial.attempts.tasks_in_hand import TasksInHand
from outdial.dialer.ami import AmiLink
from outdial.dialer.call_progress import hung_up_by_us
from outdial.dialer.gate import Gate
from outdial.dialer.heartbeat import Heartbeat
from outdial.dialer.ivr_services import IvrServices
from outdial.dialer.lanes import Lanes
from outdial.dialer.live_calls import LiveCalls
from outdial.domain.errors import Unavailable
from outdial.messaging.announcing import Announcer
from outdial.telemetry.logs import get_logger

GIVE_BACK_TIMEOUT_S = 15.0
HANGUP_TIMEOUT_S = 10.0
LAST_EVENTS_S = 2.0
LOOK_EVERY_S = 0.05

log = get_logger(__name__)


@dataclass(frozen=True)
class Drain:
    """What is drained; `run` does it once."""

    gate: Gate
    heartbeat: Heartbeat
    intake: asyncio.Task[None]
    lanes: Lanes
    tasks: TasksInHand
    live: LiveCalls
    link: AmiLink
    announcer: Announcer
    ivr: IvrServices

    async def run(self, timeout_s: float) -> None:
        """Give live calls `timeout_s` to end by themselves, then hang up the rest; settle all, sign off."""
        log.info("draining", tasks_in_hand=self.tasks.count, live_calls=len(self.live))
        self.gate.draining = self.heartbeat.draining = True
        if not await _holds(self._gave_all_back, GIVE_BACK_TIMEOUT_S):
            log.warning("tasks in hand not all given back; they come again by themselves")
        if not await _holds(self._no_live_calls, timeout_s):
            await self._hang_up_rest()
        await self.tasks.delete_rest()
        await self.ivr.drain(LAST_EVENTS_S)
        await self.announcer.drain(LAST_EVENTS_S)
        await self._sign_off()

    def _gave_all_back(self) -> bool:
        return self.intake.done() and self.lanes.is_idle and self.tasks.count == 0

    def _no_live_calls(self) -> bool:
        return len(self.live) == 0

    async def _hang_up_rest(self) -> None:
        log.info("hanging up the rest", live_calls=len(self.live))
        for call in self.live:
            call.progress = hung_up_by_us(call.progress)
            try:
                await self.link.hangup(call.call_id)
            except Unavailable as error:
                log.warning("cannot hang up", call_id=call.call_id, reason=str(error))
                break
        self.live.suspect_all(LAST_EVENTS_S)
        await _holds(self._no_live_calls, HANGUP_TIMEOUT_S)

    async def _sign_off(self) -> None:
        try:
            done = await self.heartbeat.unregister()
        except OperationalError as error:
            log.warning("cannot sign off", reason=str(error))
            return
        if done:
            log.info("drained")
        else:
            log.warning("calls are left to recovery by another dialer", live_calls=len(self.live))


async def _holds(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Whether `condition` comes true within `timeout_s`."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + timeout_s
    while not condition():
        if loop.time() >= give_up_at:
            return False
        await asyncio.sleep(LOOK_EVERY_S)
    return True
