"""Timezone-aware windows: each person's own wall clock decides, and what is added can only narrow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from outdial.domain.calling_rules import caps_for, timetables_for
from outdial.domain.calling_windows import is_open, next_opening
from outdial.domain.campaign import CampaignConfig
from outdial.domain.jurisdictions import known_jurisdictions
from tests.rules.depth import TIMEOUT_S, tried
from tests.rules.timetables import (
    CALENDARS,
    one_or_two_raw_timetables,
    raw_window,
    situations,
    window_near,
    zone_names,
)
from tests.rules.wall_clock import holidays_of, is_open_in, open_spans
from tests.rules.zones import instants_near_changes, wall_of

pytestmark = pytest.mark.timeout(TIMEOUT_S)

CODES = sorted(known_jurisdictions())
regions = st.lists(st.sampled_from([*CODES, "US-WY", "DE", "FR-75"]), max_size=4, unique=True)


def infos(names: list[str]) -> list[ZoneInfo]:
    return [ZoneInfo(name) for name in names]


@given(situations(one_or_two_raw_timetables), zone_names)
@tried(1000)
def test_timezone_aware_calling_windows(situation, another):
    timetables, names, at = situation
    opened = is_open(timetables, infos(names), at)

    for name in names:
        # The same reading of the wall in another zone is judged the same, wherever that instant lies.
        alone = is_open(timetables, infos([name]), at)
        there = wall_of(name, at).replace(tzinfo=ZoneInfo(another))
        if there.astimezone(UTC).astimezone(ZoneInfo(another)).replace(tzinfo=None) == wall_of(name, at):
            assert is_open(timetables, infos([another]), there) == alone
    assert opened == all(is_open(timetables, infos([name]), at) for name in names)
    assert opened == is_open(timetables, infos(names[::-1]), at)
    assert opened == is_open(timetables[::-1], infos(names), at.astimezone(ZoneInfo(another)))
    assert is_open_in(open_spans(timetables, names, at, 1), at) == opened


@given(situations(), zone_names)
@tried(1000)
def test_another_zone_or_timetable_never_opens_an_instant(situation, another):
    timetables, names, at = situation
    end = at + timedelta(days=8)
    more, less = infos([*names, another]), infos(names)

    assert not is_open(timetables, more, at) or is_open(timetables[:1], less, at)
    narrow, wide = next_opening(timetables, more, at, end), next_opening(timetables[:1], less, at, end)
    assert narrow is None or (wide is not None and wide <= narrow)


@st.composite
def configurations(draw: st.DrawFn):
    """A zone, an instant, a campaign's config with jurisdictions and holidays, and somebody's regions."""
    name = draw(zone_names)
    at = draw(instants_near_changes(name))
    if draw(st.booleans()):
        # Around Christmas and New Year most calendars have holidays that are moved or observed.
        at = at.replace(month=12, day=24 + at.day % 8)
    wall = wall_of(name, at)
    written = {
        "callingWindows": [
            window_near(wall, *raw) for raw in draw(st.lists(raw_window, min_size=1, max_size=3))
        ],
        "jurisdictions": draw(
            st.one_of(
                st.sampled_from(["auto", "none"]), st.lists(st.sampled_from(CODES), max_size=3, unique=True)
            )
        ),
        "holidays": draw(
            st.one_of(
                st.sampled_from(["auto", "none"]),
                st.lists(st.sampled_from(CALENDARS), max_size=2, unique=True),
            )
        ),
        "blockedDates": [
            (wall + timedelta(days=n)).date().isoformat() for n in draw(st.lists(st.integers(-2, 3)))
        ],
    }
    return name, at, CampaignConfig.model_validate(written), draw(regions)


@given(configurations(), st.sampled_from(CODES))
@tried(1000)
def test_adding_a_jurisdiction_never_opens_an_instant(configuration, another):
    name, at, config, some = configuration
    zone = [ZoneInfo(name)]
    own = config.model_copy(update={"jurisdictions": "none", "holidays": "none", "blocked_dates": ()})

    before, after = timetables_for(config, some), timetables_for(config, [*some, another])

    assert not is_open(after, zone, at) or is_open(before, zone, at)
    assert not is_open(before, zone, at) or is_open(timetables_for(own, some), zone, at)
    assert is_open(before, zone, at) == is_open_in(open_spans(before, [name], at, 1), at)
    for caps, narrowed in ((caps_for(own, some), caps_for(config, some)), (caps_for(config, some),) * 2):
        assert caps.per_24_hours is None or (narrowed.per_24_hours or 0) <= caps.per_24_hours


@given(configurations())
@tried(1000)
def test_the_law_of_every_region_somebody_may_be_in_is_kept(configuration):
    name, at, config, some = configuration
    wall = wall_of(name, at)
    if not is_open(timetables_for(config, some), [ZoneInfo(name)], at):
        return

    codes = some if config.jurisdictions == "auto" else config.jurisdictions
    places = set() if codes == "none" else {*codes, *(code[:2] for code in codes)}
    for law in (known_jurisdictions()[place] for place in places & set(CODES)):
        assert any(hours(window, wall) for window in law.windows)
        assert not (law.closed_on_holidays and is_holiday(law.code, wall.date()))
    assert wall.date() not in config.blocked_dates
    calendars = some if config.holidays == "auto" else config.holidays
    for code in [] if calendars == "none" else calendars:
        assert not is_holiday(code, wall.date())


def hours(window, wall: datetime) -> bool:
    """Whether a window of the law, none of which runs over midnight, holds at this time."""
    minute = (wall.hour, wall.minute)
    return wall.isoweekday() % 7 in window.day_of_week and (
        window.start_hour,
        window.start_minute,
    ) <= minute < (window.end_hour, window.end_minute)


def is_holiday(code: str, day: date) -> bool:
    """Whether the day is a holiday there, or in the country where the part has no calendar of its own."""
    try:
        return day in holidays_of(code, day.year)
    except NotImplementedError:
        return "-" in code and day in holidays_of(code[:2], day.year)


def test_the_law_holds_within_the_hours_a_campaign_may_have_written():
    always = {"dayOfWeek": list(range(7)), "startHour": 0, "endHour": 24}
    config = CampaignConfig.model_validate({"callingWindows": [always]})
    six_in_the_morning = datetime(2026, 6, 15, 10, tzinfo=UTC)

    assert not is_open(timetables_for(config, ["US-FL"]), [ZoneInfo("America/New_York")], six_in_the_morning)
    assert is_open(timetables_for(config, []), [ZoneInfo("America/New_York")], six_in_the_morning)
