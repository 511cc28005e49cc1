"""What dispatch and dialers do in a campaign's life: tick, begin, settle, die, recover.

The queue is the machine itself: it keeps every dial task that dispatch ever sent and delivers any of them
again, in any order, to any dialer. That is more than SQS does to us, and costs no time; the queue of its own
room has its own tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from outdial.attempts.begin import Begun, Permit, begin_attempt
from outdial.attempts.recover import settle_as_unknown, strike_off
from outdial.attempts.release import Released, Stale, park_contact
from outdial.attempts.settle import CallOutcome, settle
from outdial.blacklist.release import release_listed
from outdial.campaigns.dispatch import dispatch_tick
from outdial.domain.channels import Channel
from outdial.domain.dial_task import DialTask
from outdial.domain.dispositions import Disposition
from outdial.domain.errors import Unavailable
from outdial.domain.permission import Refusal
from tests.invariants import Originate
from tests.rules.life_lists import LifeOfLists
from tests.rules.life_model import KnownCall
from tests.rules.life_stage import A_MOMENT, DIALERS, LIMITS, RUN, small


class LifeOfCalls(LifeOfLists):
    """Every answer of the gate is held against the model."""

    @rule(n=small, vouched=small, refuses=small)
    def tick(self, n, vouched, refuses) -> None:
        campaign = self._campaign(n)
        if vouched:
            self._renew(campaign)
        self.wire.refuses = refuses if refuses in {1, 2, 3} else 0
        try:
            self.run(
                dispatch_tick(self.stage.pool, {Channel.VOICE: self.wire}, campaign.id, RUN, LIMITS, self.now)
            )
        except Unavailable:
            assert self.wire.refuses == 1

    @precondition(lambda self: self.wire.tasks)
    @rule(
        which=st.lists(st.integers(0, 40), min_size=1, max_size=5),
        dialer=small,
        dies=small,
        stale_epoch=small,
    )
    def deliver(self, which, dialer, dies, stale_epoch) -> None:
        """Tasks of any age, some of them again, to one dialer that may die right after the last begin."""
        for n in which:
            task = self.wire.tasks[-1 - n % len(self.wire.tasks)]
            is_last = n == which[-1]
            self._begin(task, dialer % DIALERS, self.epoch - (stale_epoch == 1), dies=dies == 1 and is_last)

    @precondition(lambda self: self.wire.tasks)
    @rule(which=st.integers(0, 40))
    def deliver_to_two_dialers_at_once(self, which) -> None:
        task = self.wire.tasks[-1 - which % len(self.wire.tasks)]
        dialers = [dialer for dialer in self.dialers[:2] if dialer]
        permits = [Permit(dialer, "trunk", self.epoch) for dialer in dialers]
        self.now += A_MOMENT

        async def both() -> list[Any]:
            async with asyncio.TaskGroup() as group:
                begins = [
                    group.create_task(begin_attempt(self.stage.pool, task, permit, self.now))
                    for permit in permits
                ]
            return [begin.result() for begin in begins]

        answers = self.run(both())
        assert sum(not isinstance(answer, Stale) for answer in answers) <= 1
        for permit, answer in zip(permits, answers, strict=True):
            self._answered(task, self.dialers.index(permit.dialer_id), permit.pace_epoch, answer)

    def _begin(self, task: DialTask, dialer: int, epoch: int, *, dies: bool) -> None:
        self.now += A_MOMENT
        dialer_id = self.dialers[dialer]
        if dialer_id is None:
            return
        permit = Permit(dialer_id, "trunk", epoch)
        answer = self.run(begin_attempt(self.stage.pool, task, permit, self.now))
        self._answered(task, dialer, epoch, answer, dies=dies)

    def _answered(self, task: DialTask, dialer: int, epoch: int, answer: Any, *, dies: bool = False) -> None:
        if isinstance(answer, Stale):
            return
        later = self.wire.tasks[self.wire.tasks.index(task) + 1 :]
        assert all(other.contact_id != task.contact_id for other in later), "the claim was replaced since"
        phone = task.phone_number
        reasons = self.model.refusals(phone, task.campaign_id, self.now)
        if epoch != self.epoch:
            reasons.add(Refusal.PACE_CHANGED)
        if self.now - self.frozen.get(dialer, self.now) >= timedelta(seconds=10):
            reasons.add(Refusal.DIALER_SILENT)
        if task.not_after is not None and self.now >= task.not_after:
            reasons.add(Refusal.OUTSIDE_WINDOW)
        if isinstance(answer, Released):
            assert answer.reason in reasons, (answer, reasons)
            return
        assert not reasons, reasons
        self._begun(task, dialer, answer, dies=dies)

    def _begun(self, task: DialTask, dialer: int, begun: Begun, *, dies: bool) -> None:
        contact = self.model.contacts[task.campaign_id, task.phone_number]
        assert task.claim_id not in self.begun_claims
        assert self.model.may_be_tried_again(contact, self.now), contact
        assert begun.phone == task.phone_number
        self.begun_claims.add(task.claim_id)
        self.model.calls[begun.call_id] = KnownCall(
            begun.call_id, contact, begun.phone, self.dialers[dialer], self.now
        )
        if dies:
            self.dialers[dialer] = None
        else:
            self.originates.append(Originate(begun.call_id, begun.phone, self.now))

    @precondition(lambda self: self.wire.tasks)
    @rule(which=st.integers(0, 40), parks=small)
    def put_away(self, which, parks) -> None:
        """Redis calls somebody listed, or a message cannot be handled at all."""
        task = self.wire.tasks[-1 - which % len(self.wire.tasks)]
        if parks < 2:
            if self.run(park_contact(self.stage.pool, task)):
                self.model.contacts[task.campaign_id, task.phone_number].last = Disposition.INVALID_NUMBER
            return
        released = self.run(release_listed(self.stage.pool, task, self.now))
        listed = self.model.is_listed(task.phone_number, self.model.campaign(task.campaign_id), self.now)
        assert released == listed

    @precondition(lambda self: self.model.calls)
    @rule(
        which=st.lists(small, min_size=1, max_size=3),
        how=st.sampled_from(Disposition),
        late=small,
        rang=st.booleans(),
    )
    def settle_some(self, which, how, late, rang) -> None:
        """Calls that have just begun or long ended, once or again, in any order."""
        calls = list(self.model.calls.values())
        self._settle([calls[-1 - n % len(calls)] for n in which], how, late, rang=rang)

    def _settle(self, calls: Sequence[KnownCall], how: Disposition, late: int, *, rang: bool) -> None:
        distinct = {call.call_id: call for call in calls}
        ended = {
            call_id: max(call.begun_at, self.now - timedelta(seconds=30 * (late % 4)))
            for call_id, call in distinct.items()
        }
        outcomes = [
            CallOutcome(call_id, how, ended[call_id], ringing_at=call.begun_at if rang else None)
            for call_id, call in distinct.items()
        ]
        settled = self.run(settle(self.stage.pool, outcomes))
        assert {one.call_id for one in settled} == {
            call_id for call_id, call in distinct.items() if call.disposition is None
        }
        for one in settled:
            self.model.settle(distinct[one.call_id], how, ended[one.call_id], rang=rang)

    def kill_freeze_or_restart(self, dialer, how) -> None:
        n = dialer % DIALERS
        self.frozen.pop(n, None)
        if how == 0:
            self.dialers[n] = None
        elif how == 1 and self.dialers[n] is not None:
            self.frozen[n] = self.now
        elif self.dialers[n] is None:
            self.dialers[n] = uuid4()
        self.run(self._beat())

    def recover_what_the_dead_left(self) -> None:
        """The leader's work, by the machine's clock: who has no heartbeat is found by the database's own."""
        lost = [call for call in self.model.live() if self._is_orphan(call)]
        ids = [call.call_id for call in lost]
        assert self.run(settle_as_unknown(self.stage.pool, ids, self.now, "its dialer died")) == len(ids)
        for call in lost:
            self.model.settle(call, Disposition.UNKNOWN, self.now, rang=False)
        self.run(self._strike_off())

    def _is_orphan(self, call: KnownCall) -> bool:
        return call.dialer_id not in self.dialers

    async def _strike_off(self) -> None:
        async with self.stage.pool.connection() as conn:
            rows = await (await conn.execute("select id from dialers")).fetchall()
        for row in rows:
            if row["id"] not in self.dialers:
                assert await strike_off(self.stage.pool, row["id"])

    def change_the_pace_epoch(self) -> None:
        self.epoch += 1

        async def write() -> None:
            async with self.stage.pool.connection() as conn:
                await conn.execute("update pace_authority set epoch = %s", [self.epoch])

        self.run(write())
