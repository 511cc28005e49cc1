"""Generated trunks and caller ids for the gate: as rows, and as the pure rules see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from outdial.domain.caller_ids import CallerId, Candidate
from outdial.domain.campaign import CampaignConfig
from outdial.storage.pool import Connection
from tests.given import ALWAYS, ANY_HOUR, phones
from tests.rules.world import DISPATCHED, Person, World, WorldCampaign
from tests.rules.world_rows import insert
from tests.rules.world_rules import campaign_of

SHOWN = ("+18005550100", "+18005550101", "+18005550102")
DAY_S = 86400
_AGES_S = (0, 1, 2, 60, DAY_S - 1, DAY_S, DAY_S + 1, 3 * DAY_S)
_REGIONS = ((), ("US",), ("US-FL",), ("US-NY", "GB"), (), ("US", "IL"), ("US-FL", "US"), ())
_WHERE = ((), ("US",), ("US-FL",), ("US-NY", "US-FL"), ("GB",), ("IL",), ("US-NY",), ("US-FL",))
_LIMITS = (
    {},
    {},
    {"cps": 1},
    {"cps": 0.5},
    {"cps": 2},
    {"dailyCap": 1},
    {"dailyCap": 3},
    {"cps": 1, "dailyCap": 2},
)
_PASSES_S = (0, 0, 0.001, 0.5, 1, 2, 3600, DAY_S)

_small = st.integers(0, 7)
raw_lines = st.tuples(
    st.lists(
        st.tuples(st.lists(st.tuples(_small, _small), max_size=3), st.integers(0, 4)), min_size=2, max_size=2
    ),
    st.lists(st.tuples(st.integers(0, 2), _small), max_size=6),
    st.lists(st.tuples(st.integers(0, 1), _small, _small), min_size=3, max_size=9),
)


@dataclass(frozen=True)
class Asked:
    """One person, and the moment at which the gate is asked."""

    person: Person
    at: datetime


@dataclass
class Uses:
    """When each number was used, in the order in which that was written down."""

    of: dict[str, list[datetime]] = field(default_factory=dict[str, list[datetime]])

    def add(self, pool: Sequence[CallerId], number: str, now: datetime) -> None:
        """Uses are written down from the first by a campaign that limits the number."""
        limited = any(one.number == number and one.limits for one in pool)
        if limited or number in self.of:
            self.of.setdefault(number, []).append(now)


def to_lines(raw: Any, now: datetime) -> tuple[World, Uses, list[Asked]]:
    """Campaigns that only their lines limit, how often numbers were used, and who is asked for when."""
    written, used, people = raw
    campaigns = [_campaign(n, pool, channels, now) for n, (pool, channels) in enumerate(written)]
    asked: list[Asked] = []
    for phone, (campaign, where, passes) in zip(phones(len(people)), people, strict=True):
        at = (asked[-1].at if asked else now) + timedelta(seconds=_PASSES_S[passes])
        asked.append(Asked(_person(campaigns[campaign], phone, _WHERE[where], now), at))
    uses = Uses()
    for n, age in sorted(used, key=lambda one: -_AGES_S[one[1]]):
        uses.of.setdefault(SHOWN[n], []).append(now - timedelta(seconds=_AGES_S[age]))
    world = World(now, campaigns, [one.person for one in asked], [], [], frozenset())
    return world, uses, asked


def _campaign(n: int, pool: Sequence[Any], channels: int, now: datetime) -> WorldCampaign:
    written = {
        "callingWindows": [ALWAYS],
        "callerIds": [
            {"number": SHOWN[k], "regions": _REGIONS[regions]} | _LIMITS[limits]
            for k, (regions, limits) in enumerate(pool)
        ],
        "trunks": ["other", {"name": "trunk"} | ({"channels": channels} if channels else {})],
    } | ANY_HOUR
    for_long = now + timedelta(days=30)
    return WorldCampaign(
        UUID(int=n + 1), CampaignConfig.model_validate(written), "active", None, None, for_long
    )


def _person(campaign: WorldCampaign, phone: str, regions: tuple[str, ...], now: datetime) -> Person:
    return Person(
        UUID(int=1000 + int(phone[-4:])),
        campaign.id,
        phone,
        ("UTC",),
        regions,
        DISPATCHED,
        now,
        True,
        0,
        0,
        3,
    )


async def insert_uses(conn: Connection, uses: Uses) -> None:
    """The uses as rows."""
    rows = [
        {"number": number, "uses": len(times), "last_used_at": max(times)}
        for number, times in uses.of.items()
    ]
    await insert(conn, "caller_ids", rows)
    each = [
        {"number": number, "n": n + 1, "used_at": at}
        for number, times in uses.of.items()
        for n, at in enumerate(times)
    ]
    await insert(conn, "caller_id_uses", each)


def pool_of(world: World, person: Person) -> Sequence[CallerId]:
    """The caller ids of somebody's campaign."""
    return campaign_of(world, person.campaign_id).config.caller_ids


def channels_of(world: World, person: Person) -> int | None:
    """The ceiling that somebody's campaign sets for the trunk."""
    trunks = campaign_of(world, person.campaign_id).config.trunks
    return next(trunk.channels for trunk in trunks if trunk.name == "trunk")


def candidates_for(world: World, person: Person, uses: Uses, now: datetime) -> list[Candidate] | None:
    """The caller ids that fit somebody; a limit holds while as many uses as it allows are younger than it."""
    pool = pool_of(world, person)
    if not pool:
        return None
    fit = {one.number: one.fit(person.regions) for one in pool}
    return [
        Candidate(one.number, how_well, _last(one, uses), _spent_until(one, uses, now))
        for one in pool
        if (how_well := fit[one.number]) is not None
    ]


def _last(one: CallerId, uses: Uses) -> datetime | None:
    return max(uses.of.get(one.number, []), default=None) if one.limits else None


def _spent_until(one: CallerId, uses: Uses, now: datetime) -> datetime | None:
    ends: list[datetime] = []
    for limit in one.limits:
        young = sorted(at for at in uses.of.get(one.number, []) if at > now - limit.within)
        if len(young) >= limit.uses:
            ends.append(young[-limit.uses] + limit.within)
    return max(ends, default=None)
