"""Places one call: begin attempt, then the originate, at its slot. Used by the lanes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg import OperationalError

from outdial.attempts.begin import Begun, Permit, begin_attempt
from outdial.attempts.release import Released, Stale
from outdial.attempts.tasks_in_hand import TaskInHand, TasksInHand
from outdial.dialer.ami import AmiLink, Answer, Originate, OriginateAnswer
from outdial.dialer.call_progress import hung_up_by_us
from outdial.dialer.gate import Gate
from outdial.dialer.ivr_services import IvrServices
from outdial.dialer.live_calls import LiveCall, LiveCalls
from outdial.dialer.second_guard import SecondGuard
from outdial.dialer.timings import Timings, Wait
from outdial.domain.clock import Clock
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

BEGIN_TIMEOUT_S = 10.0
DATABASE_RETRY_S = 5.0
UNKNOWN_GRACE_S = 2.0
"""An originate that got no answer shows up among Asterisk's channels within this time, or never."""

log = get_logger(__name__)


@dataclass(frozen=True)
class DueSlot:
    """The right to one originate at `due` (loop time) through `trunk`."""

    due: float
    epoch: int
    trunk: str


@dataclass(frozen=True)
class Dialplan:
    """Where an answered call goes: `context`,s,1, which calls AGI at `agi_url`."""

    context: str
    agi_url: str


@dataclass(frozen=True)
class Placing:
    """Everything one call needs on its way out. `caller_ids_used` is when this dialer used each last."""

    dialer_id: UUID
    pool: Pool
    link: AmiLink
    live: LiveCalls
    gate: Gate
    tasks: TasksInHand
    guard: SecondGuard
    ivr: IvrServices
    dialplan: Dialplan
    timings: Timings
    clock: Clock
    caller_ids_used: dict[str, datetime] = field(default_factory=dict[str, datetime])

    async def begin(self, item: TaskInHand, slot: DueSlot) -> Begun | Released | None:
        """Begin the task's attempt; None where it is stale or given back. Unless begun, the slot is free."""
        permit = Permit(self.dialer_id, slot.trunk, slot.epoch, self.caller_ids_used)
        try:
            async with asyncio.timeout(BEGIN_TIMEOUT_S):
                answer = await begin_attempt(self.pool, item.task, permit, self.clock())
        except (OperationalError, TimeoutError) as error:
            log.warning("cannot begin: the database does not answer", reason=str(error) or "timeout")
            self.gate.note_database_silent()
            await self.tasks.give_back(item, DATABASE_RETRY_S)
            return None
        except Exception as error:
            log.exception("dial task failed", contact_id=item.task.contact_id)
            await self.tasks.fail(item, f"{type(error).__name__}: {error}")
            return None
        # Only now that the answer is committed may the message go.
        self.tasks.finish(item)
        return self._begun(item, answer)

    async def originate(self, begun: Begun, item: TaskInHand, slot: DueSlot) -> None:
        """Write the originate when its slot is due: once, whatever happens."""
        call = self.live.add(begun)
        self.ivr.prepare(begun.campaign.config, begun.metadata)
        await asyncio.sleep(slot.due - asyncio.get_running_loop().time())
        await self.guard.wait_for_turn()
        if call.is_unwanted:
            self._take_in(call, OriginateAnswer(Answer.UNSENT, "listed before it was sent"), item)
            return
        if not self.gate.may_originate:
            self._take_in(call, OriginateAnswer(Answer.UNSENT, "the link went down"), item)
            return
        self._note_waits(item, slot)
        self._take_in(call, await self.link.originate(self._originate_for(begun)), item)

    def _note_waits(self, item: TaskInHand, slot: DueSlot) -> None:
        now = asyncio.get_running_loop().time()
        self.timings.note(Wait.SLOT_TO_ORIGINATE, now - slot.due)
        self.timings.note(Wait.RECEIPT_TO_ORIGINATE, now - item.since)

    def _begun(self, item: TaskInHand, answer: Begun | Stale | Released) -> Begun | Released | None:
        if isinstance(answer, Begun):
            if answer.caller_id is not None:
                self.caller_ids_used[answer.caller_id] = answer.begun_at
            return answer
        item.tally.count_put_back()
        if isinstance(answer, Stale):
            return None
        log.debug("released", contact_id=item.task.contact_id, reason=answer.reason, due_at=answer.due_at)
        return answer

    def _originate_for(self, begun: Begun) -> Originate:
        return Originate(
            call_id=begun.call_id,
            number=begun.phone,
            trunk=begun.trunk,
            ring_timeout_s=begun.campaign.config.ring_timeout_seconds,
            caller_id=begun.caller_id,
            context=self.dialplan.context,
            variables={
                "CALL_ID": begun.call_id,
                "CAMPAIGN_ID": str(begun.key.campaign_id),
                # Else Asterisk puts a HANGUP line between the replies and every later one is misread.
                "AGISIGHUP": "no",
                "AGI_URL": self.dialplan.agi_url,
            },
        )

    def _take_in(self, call: LiveCall, answered: OriginateAnswer, item: TaskInHand) -> None:
        match answered.answer:
            case Answer.ACCEPTED:
                self.gate.note_accepted()
                item.tally.count_success()
            case Answer.REFUSED:
                self.gate.note_refused(answered.message)
                item.tally.count_failure(item.task, answered.message)
                self.live.end_refused(call, answered.message)
            case Answer.UNSENT:
                item.tally.count_failure(item.task, answered.message)
                call.progress = hung_up_by_us(call.progress)
                self.live.end(call, call.remark or "never sent to Asterisk")
            case Answer.UNKNOWN:
                # It may ring at this moment: never sent again, but asked for.
                item.tally.count_failure(item.task, answered.message)
                call.check_at = asyncio.get_running_loop().time() + UNKNOWN_GRACE_S
