"""A campaign's life as a machine of rules in any order, on a real database, with time passed in.

The queue is the machine itself: it keeps every dial task that dispatch ever sent and delivers any of them
again, in any order, to any dialer. That is more than SQS does to us, and costs no time; the queue of its own
room has its own tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from psycopg.types.json import Jsonb

from outdial.attempts.begin import Begun, Permit, Released, Stale, begin_attempt
from outdial.attempts.recover import settle_as_unknown, strike_off
from outdial.attempts.release import park_contact
from outdial.attempts.settle import CallOutcome, settle
from outdial.blacklist.erasing import erase_number
from outdial.blacklist.listing import list_numbers, unlist_numbers, unlist_prefix
from outdial.blacklist.release import release_listed
from outdial.campaigns.dispatch import DispatchLimits, dispatch_tick
from outdial.campaigns.lifecycle import (
    LEASE,
    cancel,
    end_lease,
    finish_run_if_done,
    pause,
    renew_lease,
    resume,
    start_run,
)
from outdial.campaigns.lists.contact_rows import ReadRow
from outdial.campaigns.lists.merge_contacts import store_batch
from outdial.domain.dial_task import DialTask
from outdial.domain.dispositions import UNCOUNTED_CAP, Disposition
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.permission import Refusal
from outdial.storage.blacklist import Listing, Scope, Unlisting
from outdial.storage.contacts import NewContact
from outdial.storage.pool import Pool
from tests.invariants import Originate, assert_invariants, broken_rows
from tests.rules.life_model import Known, KnownCall, KnownCampaign, Model, Place, configs_of
from tests.rules.timetables import raw_window, window_near
from tests.rules.world import NUMBERS, REGIONS
from tests.rules.world_rows import insert
from tests.rules.zones import ZONES, instant_near, raw_instant, wall_of

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

# Who answers is done with: most do not.
_ENDINGS = (
    *Disposition,
    Disposition.BUSY,
    Disposition.NO_ANSWER,
    Disposition.MACHINE,
    Disposition.CONGESTION,
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


class CampaignLife(RuleBasedStateMachine):
    """Two campaigns that share people, dialers and lists."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.wire = stage, Wire()
        self.originates: list[Originate] = []
        self.begun_claims: set[UUID] = set()

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.stage.loop.run(doing)

    @initialize(
        zone=st.integers(0, len(ZONES) - 1),
        instant=raw_instant,
        windows=st.lists(raw_window, min_size=2, max_size=2),
        law=st.tuples(small, small),
        ends=small,
    )
    def begin_life(self, zone, instant, windows, law, ends) -> None:
        self.main = ZONES[zone]
        self.now = instant_near(self.main, *instant)
        self.epoch = 1
        self.dialers: list[UUID | None] = [uuid4() for _ in range(DIALERS)]
        self.frozen: dict[int, datetime] = {}
        end_time = None if ends < 8 else self.now + timedelta(hours=6 * (ends - 7))
        campaigns = [
            KnownCampaign(
                UUID(int=n + 1), [(None, self._config(windows[n], law[n]))], None, None if n else end_time
            )
            for n in range(2)
        ]
        self.model = Model(campaigns, {"us-dnc": self.now.date() - timedelta(days=29)})
        self.run(self._write())
        for n, campaign in enumerate(campaigns):
            self._start(campaign)
            self.import_contacts(n, range(n, n + 4), (0, law[n]))

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

    # What happens to campaigns

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
            campaign.status = self.run(how(self.stage.pool, campaign.id, self.now)).status
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

    @rule(n=small, which=st.integers(0, 21))
    def something_happens(self, n, which) -> None:
        """What operators and machines do now and then; all of it in one rule, for most of life is work."""
        now_and_then: list[Callable[[], None]] = [
            *[partial(self.move, n, pause)] * 3,
            *[partial(self.move, n, resume)] * 4,
            *[partial(self.kill_freeze_or_restart, n, how) for how in range(4)],
            *[self.recover_what_the_dead_left] * 3,
            partial(self.lose_the_lease, n),
            partial(self.a_trunk_is_down_for_an_hour, n),
            self.change_the_pace_epoch,
            partial(self.erase_somebody, n),
            partial(self.finish_if_done, n),
            *[partial(self.start_again, n)] * 2,
            partial(self.move, n, cancel if n > 9 else resume),
        ]
        now_and_then[which]()

    # Who is called

    @rule(n=small, numbers=st.lists(small, min_size=1, max_size=4), place=st.tuples(small, small))
    def import_contacts(self, n, numbers, place) -> None:
        campaign = self._campaign(n)
        other = ("Europe/London",) if place[0] == 1 else ()
        where: Place = ((self.main, *other), REGIONS[place[1] % len(REGIONS)])
        phones = [NUMBERS[number % len(NUMBERS)] for number in numbers]
        rows = [ReadRow(NewContact(phone, where[0], {}, where[1]), ()) for phone in phones]

        async def store() -> list[ReadRow]:
            async with self.stage.pool.connection() as conn, conn.transaction():
                return await store_batch(conn, campaign.id, rows, self.now)

        try:
            stored = {row.contact.phone for row in self.run(store())}
        except InvalidInput:
            assert campaign.status in {"completed", "cancelled"}
            return
        known = {phone for owner, phone in self.model.contacts if owner == campaign.id}
        assert stored == set(phones) - known
        for phone in stored:
            self.model.contacts[campaign.id, phone] = Known(campaign.id, phone, where)

    def _scope(self, raw: tuple[int, int, int]) -> tuple[str, bool, UUID | None, str | None]:
        number, scope, length = raw
        phone = NUMBERS[number % len(NUMBERS)]
        prefix = phone[: length + 2] if length < 9 and scope % 2 else phone
        campaign_id = self._campaign(scope).id if scope in {4, 5, 6} else None
        return prefix, prefix != phone, campaign_id, "us-dnc" if scope == 7 else None

    @rule(raw=st.tuples(small, small, small), until=small)
    def list_somebody(self, raw, until) -> None:
        scope = self._scope(raw)
        ends = None if until < 6 else self.now + timedelta(minutes=(0, 1, 30, 600, 1440, 9000)[until - 6])
        entry = Listing(scope[0], "said no", "phone", "ops", scope[2], scope[1], ends, scope[3])
        self.run(list_numbers(self.stage.pool, [entry], self.now))
        self.model.list_number(scope, ends)

    @rule(raw=st.tuples(small, small, small), which=small)
    def unlist_somebody(self, raw, which) -> None:
        scopes = list(self.model.listings)
        self._unlist(scopes[which % len(scopes)] if scopes and which < 9 else self._scope(raw))

    def _unlist(self, scope: tuple[str, bool, UUID | None, str | None]) -> None:
        where, why = Scope(scope[2], scope[3]), Unlisting("ops")
        if scope[1]:
            gone = self.run(unlist_prefix(self.stage.pool, scope[0], where, why, self.now))
        else:
            gone = self.run(unlist_numbers(self.stage.pool, [scope[0]], where, why, self.now))
        assert bool(gone) == (scope in self.model.listings)
        self.model.listings.pop(scope, None)

    def erase_somebody(self, number) -> None:
        phone = NUMBERS[number % len(NUMBERS)]
        on_a_call = any(call.phone == phone for call in self.model.live())
        try:
            self.run(erase_number(self.stage.pool, phone, "ops", self.now))
        except InvalidInput:
            assert on_a_call
            return
        assert not on_a_call
        self.model.erased.add(phone)
        for scope in [scope for scope in self.model.listings if scope[:2] == (phone, False)]:
            del self.model.listings[scope]
        for key in [key for key in self.model.contacts if key[1] == phone]:
            del self.model.contacts[key]
        for call in self.model.calls.values():
            call.phone = None if call.phone == phone else call.phone

    # What dispatch and dialers do

    @rule(n=small, vouched=small, refuses=small)
    def tick(self, n, vouched, refuses) -> None:
        campaign = self._campaign(n)
        if vouched:
            self._renew(campaign)
        self.wire.refuses = refuses if refuses in {1, 2, 3} else 0
        try:
            self.run(dispatch_tick(self.stage.pool, self.wire, campaign.id, RUN, LIMITS, self.now))
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

    @rule(n=small, how=st.lists(st.sampled_from(_ENDINGS), min_size=1, max_size=3), later=small)
    def work_a_while(self, n, how, later) -> None:
        """A stretch in which all goes well: tick, begin what was sent, and settle it."""
        for campaign in (n, n + 1):
            self._work_off(campaign, how, later)

    @rule(n=small, how=st.lists(st.sampled_from(_ENDINGS), min_size=1, max_size=3), passing=small)
    def work_until_the_next_retry(self, n, how, passing) -> None:
        """The same after the time that passes until somebody is due."""
        self.let_time_pass(len(PASSING_S) if passing < 8 else passing - 8)
        self._work_off(n, how, 0)

    @rule(n=small, what=small, window=raw_window, passing=st.integers(0, 6))
    def something_comes_between_tick_and_dialer(self, n, what, window, passing) -> None:
        """What was right when it was dispatched is not when it is delivered, and is delivered twice."""
        before = len(self.wire.tasks)
        self.tick(n, 1, 0)
        between: list[Callable[[], None]] = [
            *[partial(self._list_one_of, self.wire.tasks[before:], ends) for ends in (0, 0, 8, 10)],
            *[partial(self.let_time_pass, passing)] * 2,
            *[partial(self.change_the_config, n, window, 2 * passing)] * 2,
            partial(self.lose_the_lease, n),
            *[partial(self.tick, n + 1, 1, 0)] * 2,
            partial(self.move, n, pause),
        ]
        between[what]()
        sent = self.wire.tasks[before:]
        for k, task in enumerate([*sent, *sent]):
            self._begin(task, k % DIALERS, self.epoch, dies=False)
            if passing in {1, 5}:
                self._settle(self.model.live(), Disposition.BUSY, 0, rang=True)

    @rule(n=small, how=st.sampled_from(_ENDINGS))
    def both_campaigns_call_the_same_people(self, n, how) -> None:
        before = len(self.wire.tasks)
        for campaign in (n, n + 1):
            self.tick(campaign, 1, 0)
        for k, task in enumerate(self.wire.tasks[before:]):
            self._begin(task, k % DIALERS, self.epoch, dies=False)
            self._settle(self.model.live(), how, 0, rang=True)

    def a_trunk_is_down_for_an_hour(self, n: int) -> None:
        for _ in range(UNCOUNTED_CAP + 2):
            self.now += timedelta(minutes=5)
            self.run(self._beat())
            self._work_off(n, [Disposition.TRUNK_DOWN], 1)

    @rule(n=small, number=small, for_how_long=st.sampled_from([0, 9, 10]))
    def a_listing_is_taken_back(self, n, number, for_how_long) -> None:
        """Who comes back stands as they did: no earlier than their retry."""
        scope = (NUMBERS[number % len(NUMBERS)], False, None, None)
        self.list_somebody((number, 0, 0), for_how_long)
        self._unlist(scope)
        self._work_off(n, [Disposition.BUSY], 0)

    @rule(n=small)
    def a_task_that_counted_as_lost_turns_up(self, n) -> None:
        """What was not begun for two minutes is dispatched again, and both copies are delivered."""
        before = len(self.wire.tasks)
        self.tick(n, 1, 0)
        self.let_time_pass(PASSING_S.index(121))
        self.tick(n, 1, 0)
        for task in self.wire.tasks[before:]:
            self._begin(task, n % DIALERS, self.epoch, dies=False)

    def _list_one_of(self, tasks: Sequence[DialTask], until: int) -> None:
        for task in tasks[:1]:
            self.list_somebody((NUMBERS.index(task.phone_number), 0, 0), until)

    def _work_off(self, n: int, how: Sequence[Disposition], later: int) -> None:
        before = len(self.wire.tasks)
        self.tick(n, 1, 0)
        for k, task in enumerate(self.wire.tasks[before:]):
            self._begin(task, k % DIALERS, self.epoch, dies=False)
        if later < 8:
            for k, call in enumerate(self.model.live()):
                self._settle([call], how[k % len(how)], 0, rang=later % 2 == 0)

    @precondition(lambda self: self.wire.tasks)
    @rule(which=st.integers(0, 40))
    def deliver_to_two_dialers_at_once(self, which) -> None:
        task = self.wire.tasks[-1 - which % len(self.wire.tasks)]
        dialers = [dialer for dialer in self.dialers[:2] if dialer]
        permits = [Permit(dialer, "trunk", None, self.epoch) for dialer in dialers]
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
        permit = Permit(dialer_id, "trunk", None, epoch)
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

    # What must always hold

    @invariant()
    def no_row_breaks_a_rule(self) -> None:
        async def ask() -> tuple[list[str], list[dict[str, Any]]]:
            async with self.stage.pool.connection() as conn:
                query = "select campaign_id, phone, status, attempts from contacts where phone like '+%'"
                return await broken_rows(conn), await (await conn.execute(query)).fetchall()

        broken, rows = self.run(ask())
        assert not broken, broken
        assert len(rows) == len(self.model.contacts)
        for row in rows:
            contact = self.model.contacts[row["campaign_id"], row["phone"]]
            campaign = self.model.campaign(row["campaign_id"])
            assert row["attempts"] == contact.attempts
            if row["status"] == "completed":
                assert contact.last is Disposition.ANSWERED
            if row["status"] == "blacklisted" and campaign.status not in {"completed", "cancelled"}:
                assert self.model.is_listed(row["phone"], campaign, self.now), row

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        self.run(assert_invariants(self.stage.dsn, self.originates, configs=configs_of(self.model.campaigns)))


async def write_config(conn: Any, campaign_id: UUID, config: dict[str, Any]) -> None:
    """Give a campaign another config while it runs."""
    await conn.execute("update campaigns set config = %s where id = %s", [Jsonb(config), campaign_id])
