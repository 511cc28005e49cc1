"""What happens to contact lists and suppression lists in the midst of a campaign's life."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from outdial.blacklist.erasing import erase_number
from outdial.blacklist.listing import list_numbers, unlist_numbers, unlist_prefix
from outdial.campaigns.lists.contact_rows import ReadRow
from outdial.campaigns.lists.merge_contacts import store_batch
from outdial.domain.errors import InvalidInput
from outdial.storage.blacklist import Listing, Scope, Unlisting
from outdial.storage.contacts import NewContact
from tests.rules.life_model import Known, KnownCampaign, Model, Place
from tests.rules.life_stage import DIALERS, LifeOfCampaigns, small
from tests.rules.timetables import raw_window
from tests.rules.world import NUMBERS, REGIONS
from tests.rules.zones import ZONES, instant_near, raw_instant


class LifeOfLists(LifeOfCampaigns):
    """A life begins with contacts; more are imported, and some are listed, unlisted and erased."""

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
