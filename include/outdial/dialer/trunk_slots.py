"""Reserves slots over a campaign's trunks, each by its share; used by the lanes.

Kept for the dialer's life: calls that come one by one go over the trunks in turn as those of a crowd do.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from outdial.dialer.placing import DueSlot
from outdial.domain.own_pace import campaign_cps
from outdial.domain.trunks import Trunk, TrunkTurns, shares_of
from outdial.pacing.requests import PaceRequest, trunk_key
from outdial.pacing.slots import Pace
from outdial.storage.campaigns import Campaign

FULL_FOR_S = 1.0
"""A trunk all of whose channels were found taken is not asked again before."""

REMEMBERED_CAMPAIGNS = 1000


@dataclass(frozen=True)
class _Wish:
    """Slots for these trunks, in this order. Where `by_all`, only paces that all trunks share limit them."""

    trunks: Sequence[str]
    trunk_cps: float | None
    by_all: bool


class TrunkSlots:
    """Slots for one dialer."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._turns: OrderedDict[UUID, TrunkTurns] = OrderedDict()
        self._full_until: dict[tuple[UUID, str], float] = {}

    def note_full(self, campaign_id: UUID, trunk: str) -> None:
        """The trunk carries as many calls as the campaign lets it."""
        now = _now()
        self._full_until = {key: until for key, until in self._full_until.items() if until > now}
        self._full_until[campaign_id, trunk] = now + FULL_FOR_S

    def is_full(self, campaign_id: UUID, trunk: str) -> bool:
        """Whether the trunk was found full just now."""
        return self._full_until.get((campaign_id, trunk), 0) > _now()

    async def reserve(self, campaign: Campaign, n: int) -> list[DueSlot]:
        """Up to `n` slots, soonest first. What one trunk's pace has no room for goes to the others.

        Fewer, or none, where no pace has room or every trunk is full. Raises Unavailable without PostgreSQL.
        """
        slots: list[DueSlot] = []
        shares = self._shares(campaign)
        while shares and len(slots) < n:
            for wish in self._wishes(campaign, shares, n - len(slots)):
                got = await self._reserve(campaign, wish)
                slots += got
                if len(got) < len(wish.trunks):
                    shares = {} if wish.by_all else _without(shares, wish.trunks[0])
        return sorted(slots, key=lambda slot: slot.due)

    def _shares(self, campaign: Campaign) -> dict[str, float]:
        trunks = campaign.config.trunks
        health = {
            trunk.name: 0.0
            if self.is_full(campaign.id, trunk.name)
            else self._pace.factor_of(trunk_key(trunk.name))
            for trunk in trunks
        }
        return shares_of(trunks, health)

    def _wishes(self, campaign: Campaign, shares: Mapping[str, float], n: int) -> list[_Wish]:
        """Trunks with a pace of their own first: what they leave is for those that take any slot."""
        turns = self._turns_of(campaign.id)
        in_turn = [turns.take(shares) for _ in range(n)]
        own_pace = [trunk for trunk in campaign.config.trunks if self._has_own_pace(trunk)]
        wishes = [
            _Wish([trunk.name] * in_turn.count(trunk.name), trunk.cps, by_all=False)
            for trunk in own_pace
            if trunk.name in in_turn
        ]
        names = {trunk.name for trunk in own_pace}
        rest = [name for name in in_turn if name not in names]
        return [*wishes, _Wish(rest, None, by_all=True)] if rest else wishes

    def _has_own_pace(self, trunk: Trunk) -> bool:
        return trunk.cps is not None or self._pace.factor_of(trunk_key(trunk.name)) < 1

    async def _reserve(self, campaign: Campaign, wish: _Wish) -> list[DueSlot]:
        request = PaceRequest(
            wish.trunks[0], campaign.id, campaign_cps(campaign.config), len(wish.trunks), wish.trunk_cps
        )
        slots = await self._pace.reserve(request)
        arrived = _now()
        return [
            DueSlot(arrived + slot.starts_in_s, slot.epoch, trunk)
            for slot, trunk in zip(slots, wish.trunks, strict=False)
        ]

    def _turns_of(self, campaign_id: UUID) -> TrunkTurns:
        turns = self._turns.setdefault(campaign_id, TrunkTurns())
        self._turns.move_to_end(campaign_id)
        if len(self._turns) > REMEMBERED_CAMPAIGNS:
            self._turns.popitem(last=False)
        return turns


def _without(shares: Mapping[str, float], name: str) -> dict[str, float]:
    return {other: share for other, share in shares.items() if other != name}


def _now() -> float:
    return asyncio.get_running_loop().time()
