"""A campaign's life as a machine of rules in any order, on a real database, with time passed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from outdial.campaigns.lifecycle import (
    cancel,
    pause,
    resume,
)
from outdial.domain.dial_task import DialTask
from outdial.domain.dispositions import UNCOUNTED_CAP, Disposition
from tests.invariants import assert_invariants, broken_rows
from tests.rules.life_calls import LifeOfCalls
from tests.rules.life_model import configs_of
from tests.rules.life_stage import DIALERS, PASSING_S, small
from tests.rules.timetables import raw_window
from tests.rules.world import NUMBERS

# Who answers is done with: most do not.
_ENDINGS = (
    *Disposition,
    Disposition.BUSY,
    Disposition.NO_ANSWER,
    Disposition.MACHINE,
    Disposition.CONGESTION,
)


class CampaignLife(LifeOfCalls):
    """Two campaigns that share people, dialers and lists, and stretches in which things go well or ill."""

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
