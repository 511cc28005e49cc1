"""Generated worlds: campaigns, people, calls and lists, small enough to shrink and wide enough to differ.

Drawn as plain numbers and made into values afterwards, so that an example costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from outdial.domain.campaign import CampaignConfig
from outdial.domain.dispositions import UNCOUNTED, Disposition
from outdial.domain.suppression import ListEntry
from tests.rules.timetables import raw_window, window_near
from tests.rules.zones import ZONES, instant_near, raw_instant, wall_of

NUMBERS = ("+12025550100", "+12025550101", "+12025550110", "+12395550100", "+442079460000", "+972501234567")
REGIONS = ((), ("US",), ("US-FL",), ("US-NY", "US-FL"), ("GB",), ("IL",))
REGISTRIES = ("us-dnc", "il-do-not-call", "ours")
DAY_S, WEEK_S = 86400, 7 * 86400
EDGES_S = (-2, 0, 1, 60, DAY_S - 1, DAY_S, DAY_S + 1, WEEK_S - 1, WEEK_S, WEEK_S + 1)
READY, WAITING, DISPATCHED, FINISHED = range(4)


@dataclass(frozen=True)
class Person:
    """A contact and where it stands; `since` is when it is due, or was claimed or sent."""

    id: UUID
    campaign_id: UUID
    phone: str
    zones: tuple[str, ...]
    regions: tuple[str, ...]
    stands: int
    since: datetime
    is_sent: bool
    attempts: int
    originates: int
    max_attempts: int


@dataclass(frozen=True)
class Call:
    """One call of the past, to whomever."""

    person: Person
    attempt_no: int
    begun_at: datetime
    disposition: Disposition
    rang: bool

    @property
    def counted(self) -> bool:
        return self.disposition not in UNCOUNTED


@dataclass(frozen=True)
class WorldCampaign:
    """One campaign as the gate sees it."""

    id: UUID
    config: CampaignConfig
    status: str
    start_time: datetime | None
    end_time: datetime | None
    lease_until: datetime | None


@dataclass(frozen=True)
class World:
    """Everything the rules look at, at one instant."""

    now: datetime
    campaigns: Sequence[WorldCampaign]
    people: Sequence[Person]
    calls: Sequence[Call]
    listings: Sequence[ListEntry]
    erased: frozenset[str]
    copies: dict[str, date | None] = field(default_factory=dict)


_small = st.integers(0, 7)
_raw_campaign = st.tuples(
    st.lists(raw_window, min_size=1, max_size=2),
    st.tuples(_small, _small, _small, _small),
    st.tuples(_small, _small, _small, _small),
)
_raw_place = st.tuples(st.lists(st.integers(0, len(ZONES) - 1), max_size=1), _small)
_raw_person = st.tuples(_small, _small, _small, _small, _small, _small)
_raw_call = st.tuples(st.integers(0, 15), st.integers(0, 23), st.integers(0, 8 * DAY_S), _small)
_raw_listing = st.tuples(_small, st.integers(0, 15), _small, _small)
_raw_copy = st.one_of(st.none(), st.sampled_from([0, 1, 14, 15, 16, 30, 31, 32]))

raw_worlds = st.tuples(
    st.tuples(st.integers(0, len(ZONES) - 1), raw_instant),
    st.lists(_raw_campaign, min_size=1, max_size=2),
    st.lists(_raw_place, min_size=1, max_size=3),
    st.lists(_raw_person, min_size=4, max_size=9),
    st.lists(_raw_call, max_size=14),
    st.lists(_raw_listing, max_size=6),
    st.tuples(st.sets(st.sampled_from(NUMBERS), max_size=1), st.tuples(_raw_copy, _raw_copy, _raw_copy)),
)


def to_world(raw: Any, max_live: int = 100) -> World:
    """The world that drawn numbers stand for."""
    (zone, instant), campaigns, places, people, calls, listings, (erased, copies) = raw
    main = ZONES[zone]
    now = instant_near(main, *instant)
    wall = wall_of(main, now)
    made = [_campaign(n, one, now, wall, max_live) for n, one in enumerate(campaigns)]
    somewhere = [((main, *(ZONES[other] for other in others)), region) for others, region in places]
    ids: dict[tuple[int, int], Any] = {}
    for n, one in enumerate(people):
        ids.setdefault((one[0] % len(made), one[1] % len(NUMBERS)), (UUID(int=1000 + n), one))
    history = _history(list(ids.values()), calls, now)
    folk = {
        key: _person(made[key[0]], NUMBERS[key[1]], entry, somewhere, now, history.get(entry[0], []))
        for key, entry in ids.items()
    }
    return World(
        now,
        made,
        list(folk.values()),
        [
            Call(person, n + 1, *one)
            for person in folk.values()
            for n, one in enumerate(history.get(person.id, []))
        ],
        list({_scope(one): one for one in (_listing(one, made, now) for one in listings)}.values()),
        frozenset(erased),
        {
            name: None if age == 0 else now.date() - timedelta(days=age)
            for name, age in zip(REGISTRIES, copies, strict=True)
            if age is not None
        },
    )


def _scope(entry: ListEntry) -> tuple[object, ...]:
    return entry.number, entry.is_prefix, entry.campaign_id, entry.registry


def _campaign(n: int, raw: Any, now: datetime, wall: datetime, max_live: int) -> WorldCampaign:
    windows, (law, closed, caps, registries), (status, start, end, lease) = raw
    config = {
        "callingWindows": [window_near(wall, *window) for window in windows],
        "jurisdictions": ("auto", "none", ["US-FL", "GB"], "none")[law % 4],
        "holidays": ("none", "auto", ["US"], "none")[closed % 4],
        "blockedDates": [] if closed < 6 else [(wall + timedelta(days=closed - 6)).date().isoformat()],
        "numberCaps": "none" if caps == 0 else {"per24Hours": 1 + caps % 3, "per7Days": 1 + caps},
        "maxConcurrentCalls": max_live,
        "registries": [
            {"name": name, "maxAgeDays": (31, 15, 1)[k]}
            for k, name in enumerate(REGISTRIES)
            if (registries % 8 if registries < 6 else 0) >> k & 1
        ],
    }
    around = (None, None, None, None, None, -3600, 0, 3600)
    start_time = None if around[start] is None else now + timedelta(seconds=around[start])
    end_time = (None, None, 86400, 5 * 86400, 0, 60, 3600, 1)[end]
    ends = None if end_time is None else now + timedelta(seconds=end_time)
    return WorldCampaign(
        UUID(int=n + 1),
        CampaignConfig.model_validate(config),
        "paused" if status == 7 else "active",
        start_time if start_time is None or ends is None or start_time < ends else None,
        ends,
        (None if lease == 7 else now + timedelta(seconds=(90, 60, 1, 90, 60, 1, 0)[lease])),
    )


def _history(entries: Sequence[Any], calls: Sequence[Any], now: datetime) -> dict[UUID, list[Any]]:
    """Calls of each person, oldest first, none of which was answered."""
    history: dict[UUID, list[Any]] = {}
    endings = [one for one in Disposition if one is not Disposition.ANSWERED]
    for who, edge, age, how in calls:
        person_id = entries[who % len(entries)][0]
        ago = EDGES_S[edge] if edge < len(EDGES_S) else age
        one = (now - timedelta(seconds=ago), endings[(how + age) % len(endings)], how % 2 == 0)
        history.setdefault(person_id, []).append(one)
    return {person_id: sorted(some, key=lambda one: one[0]) for person_id, some in history.items()}


def _person(
    campaign: WorldCampaign,
    phone: str,
    entry: Any,
    places: Sequence[Any],
    now: datetime,
    calls: Sequence[Any],
) -> Person:
    person_id, (_, _, place, stands, since, left) = entry
    zones, region = places[place % len(places)]
    attempts = sum(one[1] not in UNCOUNTED for one in calls)
    return Person(
        person_id,
        campaign.id,
        phone,
        zones,
        REGIONS[region % len(REGIONS)],
        (READY, READY, READY, READY, WAITING, WAITING, DISPATCHED, FINISHED)[stands],
        now + timedelta(seconds=(-200, -121, -120, -11, -10, 0, 1, 3600)[since]),
        left % 2 == 0,
        attempts,
        len(calls),
        attempts + 1 + left // 4,
    )


def _listing(raw: Any, campaigns: Sequence[WorldCampaign], now: datetime) -> ListEntry:
    number, length, scope, until = raw
    phone = NUMBERS[number % len(NUMBERS)]
    is_prefix = length < len(phone)
    ends = (None, None, None, -60, 0, 1, 3600, 40 * DAY_S)[until]
    return ListEntry(
        phone[: max(2, length)] if is_prefix else phone,
        is_prefix,
        campaigns[scope % len(campaigns)].id if scope in {1, 2, 3} else None,
        REGISTRIES[scope % len(REGISTRIES)] if scope in {4, 5, 6} else None,
        None if ends is None else now + timedelta(seconds=ends),
    )
