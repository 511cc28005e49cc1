"""When somebody can be called next: the rule for one contact and the rule for a million say the same."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as examples, strategies as st

from outdial.campaigns.preview.campaign import Elsewhere, judge_contacts, preview_campaign
from outdial.domain.calling_rules import caps_for, timetables_for
from outdial.domain.channels import Channel
from outdial.domain.number_caps import capped_until
from outdial.domain.outlook import Outlook, Reason, Season, Standing, outlook
from outdial.domain.permission import Allowed, AttemptFacts, Refused, may_begin, may_text
from outdial.domain.retries import CallingTime
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Connection, Pool, open_pool
from tests import given
from tests.campaigns.standing_people import AREAS, MINUTE, Person, write_people
from tests.rules.depth import TIMEOUT_S, tried

WINDOWS = [
    [given.ALWAYS],
    [{"dayOfWeek": [1, 2, 3, 4, 5], "startHour": 9, "endHour": 17}],
    [{"dayOfWeek": [0, 6], "startHour": 22, "endHour": 2, "endMinute": 30}],
    [{"dayOfWeek": [3], "startHour": 8, "endHour": 9}, {"dayOfWeek": [5], "startHour": 18, "endHour": 24}],
]
HOLDERS = ["everywhere", "campaign", "another", "prefix", "us-dnc", "il-do-not-call", "erased"]

# Mostly a few moments, so that one thing often ends as another begins, or soon after; now and then any.
soon = st.sampled_from([60, 61, 65, 240])
minutes_ahead = st.one_of(
    soon, soon, soon, st.integers(1, 3 * 1440), st.integers(1, 500 * 24).map(lambda hours: 60 * hours)
)
instants = st.one_of(
    st.integers(0, 5 * 365 * 24).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + 60 * n * MINUTE),
    st.integers(0, 5 * 365 * 1440).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + n * MINUTE),
    st.integers(-48, 48).map(lambda n: datetime(2026, 3, 8, 7, tzinfo=UTC) + 60 * n * MINUTE),
    st.integers(-48, 48).map(lambda n: datetime(2026, 10, 25, 1, tzinfo=UTC) + 60 * n * MINUTE),
)


listings = st.tuples(st.sampled_from(HOLDERS), st.none() | minutes_ahead)
texts = st.tuples(
    st.sampled_from(["delivered", "sent", "unknown", "undelivered", "refused", "not_taken"]),
    st.integers(-10, 9 * 1440),
)
people = st.builds(
    Person,
    st.sampled_from([0, 0, 0, *range(len(AREAS))]),
    st.sampled_from([
        *["ready", "waiting", "waiting", "dispatched"] * 4,
        *["live", "texting", "completed", "blacklisted", "no_window_before_end", "busy"],
    ]),
    st.one_of(minutes_ahead, minutes_ahead, st.integers(-60, 0)),
    st.integers(0, 3),
    st.just(()) | st.lists(st.integers(-10, 9 * 1440), max_size=4).map(tuple),
    st.just(()) | st.lists(listings, max_size=2).map(tuple),
    st.sampled_from([False, False, False, True]),
    st.sampled_from(Channel),
    st.just(()) | st.lists(texts, max_size=3).map(tuple),
)
configs = st.fixed_dictionaries({
    "callingWindows": st.sampled_from(WINDOWS),
    "jurisdictions": st.sampled_from(["auto", "none", ["US-FL"]]),
    "holidays": st.sampled_from(["auto", "none"]),
    "numberCaps": st.sampled_from([
        "none",
        {"per24Hours": 1, "per7Days": 2},
        {"per24Hours": 2, "per7Days": 2},
    ]),
    "registries": st.sampled_from([[], ["us-dnc"]]),
})


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all examples."""
    with asyncio.Runner() as opened:
        yield opened


@pytest.fixture
def shared_pool(runner: asyncio.Runner, database_dsn: str) -> Iterator[Pool]:
    """Connections that all examples use, on that loop."""
    opened = open_pool(database_dsn, max_size=2)
    yield runner.run(opened.__aenter__())
    runner.run(opened.__aexit__(None, None, None))


@examples(
    instants,
    configs,
    st.tuples(
        st.none() | st.integers(-5, 0) | minutes_ahead | minutes_ahead,
        st.one_of(st.none(), st.none(), st.none(), st.integers(-100, 4000)),
    ),
    st.lists(people, min_size=2, max_size=10),
)
@tried(120)
@pytest.mark.timeout(3 * TIMEOUT_S)
def test_the_rule_for_one_contact_and_the_rule_for_a_million_say_the_same(
    runner: asyncio.Runner,
    shared_pool: Pool,
    now: datetime,
    config: dict[str, Any],
    ends_and_starts_in: tuple[int | None, int | None],
    some: list[Person],
) -> None:
    ends_in, starts_in = ends_and_starts_in
    dates = {} if ends_in is None else {"endTime": (now + ends_in * MINUTE).isoformat()}
    if starts_in is not None and (ends_in is None or starts_in < ends_in):
        dates["startTime"] = (now + starts_in * MINUTE).isoformat()
    runner.run(compare(shared_pool, now, config | dates, some))


async def compare(pool: Pool, now: datetime, config: dict[str, Any], some: list[Person]) -> None:
    """Write the people down, and ask both forms of the rule about them."""
    campaign, numbers = await write_people(pool, now, config, some)
    expected: dict[Reason, list[datetime | None]] = defaultdict(list)
    found: dict[Reason, list[datetime | None]] = defaultdict(list)
    async with pool.connection() as conn, conn.transaction():
        for number, person in zip(numbers, some, strict=True):
            standing = await standing_of(conn, campaign, number, person, now)
            one = outlook(standing, season_of(campaign, person, now), now)
            assert_the_gate_agrees(campaign, person, standing, one, now)
            expected[one.reason].append(one.at)
        _, judged = await judge_contacts(conn, campaign, now)
    for many in judged:
        between = [many.first_at] * (many.tally.contacts - 1)
        found[many.reason] += [*between, many.last_at]

    assert {reason: len(times) for reason, times in found.items()} == {
        reason: len(times) for reason, times in expected.items()
    }
    assert {reason: ends_of(times) for reason, times in found.items()} == {
        reason: ends_of(times) for reason, times in expected.items()
    }
    preview = await preview_campaign(pool, campaign.id, Elsewhere(10), now)
    assert (preview.total, preview.adds_up) == (len(some), True)


def ends_of(times: list[datetime | None]) -> tuple[datetime | None, datetime | None]:
    """The first and the last."""
    known = [at for at in times if at is not None]
    return min(known, default=None), max(known, default=None)


def season_of(campaign: Campaign, person: Person, now: datetime) -> Season:
    """The dates and hours that hold for a person."""
    zones, regions = AREAS[person.area]
    timetables = timetables_for(campaign.config, regions)
    time = CallingTime(timetables, [ZoneInfo(zone) for zone in zones], campaign.end_time)
    over = campaign.end_time is not None and now >= campaign.end_time
    return Season(campaign.start_time, time, over)


async def standing_of(
    conn: Connection, campaign: Campaign, number: str, person: Person, now: datetime
) -> Standing:
    """A contact as we wrote it, with the database's own word on whether it is listed."""
    listing = await conn.execute(
        "select until = 'infinity' as for_good, nullif(until, 'infinity') as until "
        "from listed_until(%s, %s, %s) as until",
        [number, campaign.id, now],
    )
    row = await listing.fetchone()
    assert row is not None
    place = person.place
    return Standing(
        status=person.status,
        failure_reason=person.failure_reason,
        place=place,
        due_at=now + person.due_in * MINUTE if place == "waiting" else None,
        channel=person.channel,
        tried=person.tried,
        has_attempts_left=person.attempts < 3,
        listed_for_good=bool(row["for_good"]),
        listed_until=row["until"],
        capped_until=capped_until(
            [now - ago * MINUTE for ago in person.disturbed_ago],
            caps_for(campaign.config, AREAS[person.area][1]),
            now,
        ),
        number_busy=person.is_busy_elsewhere,
    )


def assert_the_gate_agrees(
    campaign: Campaign, person: Person, standing: Standing, one: Outlook, now: datetime
) -> None:
    """Who can be called at a time is let through then, and who has to wait is refused now."""
    season = season_of(campaign, person, now)
    facts = AttemptFacts(
        campaign_active=True,
        has_lease=True,
        start_time=campaign.start_time,
        end_time=campaign.end_time,
        registries_are_fresh=True,
        timetables=season.hours.timetables,
        zones=season.hours.zones,
        not_after=None,
        listed=standing.listed_for_good or standing.listed_until is not None,
        listed_until=standing.listed_until,
        caps=caps_for(campaign.config, AREAS[person.area][1]),
        disturbances=[now - ago * MINUTE for ago in person.disturbed_ago],
        attempts=person.attempts,
        max_attempts=3,
        number_busy=standing.number_busy,
        live_calls=0,
        max_live_calls=1,
        trunk_calls=0,
        trunk_channels=None,
        caller_ids=None,
        pace_is_current=True,
        dialer_is_alive=True,
    )
    asks = may_text if person.channel is Channel.SMS else may_begin
    verdict_now = asks(facts, now)
    if one.at is not None:
        over_by_then = standing.listed_until is not None and standing.listed_until <= one.at
        then = replace(facts, listed=facts.listed and not over_by_then, number_busy=False)
        assert isinstance(asks(then, one.at), Allowed)
    if one.at == now:
        assert isinstance(verdict_now, Allowed)
    if one.group == "later" and one.reason not in {Reason.RETRY, Reason.HELD_BACK}:
        assert isinstance(verdict_now, Refused)
