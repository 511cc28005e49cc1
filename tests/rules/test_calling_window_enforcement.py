"""Calling-window enforcement: no call begins at an instant at which a window is not open.

Around every change of every zone's offset from 2024 to 2030, and for windows of every shape.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from outdial.domain.calling_windows import Timetable, closes_at, is_open, next_opening
from outdial.domain.number_caps import NumberCaps
from outdial.domain.permission import Allowed, AttemptFacts, Refusal, Refused, may_begin
from tests.rules.depth import TIMEOUT_S, tried
from tests.rules.timetables import USUAL, CallingWindow, one_or_two_raw_timetables, situations, written_window
from tests.rules.wall_clock import closing_in, first_opening_in, is_open_in, open_spans
from tests.rules.zones import ZONES, changes_of, offset_table, wall_of

pytestmark = pytest.mark.timeout(TIMEOUT_S)

AROUND = [timedelta(seconds=s) for s in (-3600, -1800, -60, -1, 0, 1, 60, 1799, 3599, 3600)]


def facts_of(
    timetables: list[Timetable],
    names: list[str],
    not_after: datetime | None = None,
    end_time: datetime | None = None,
) -> AttemptFacts:
    """An attempt that everything but the clock allows."""
    return AttemptFacts(
        campaign_active=True,
        has_lease=True,
        start_time=None,
        end_time=end_time,
        registries_are_fresh=True,
        timetables=timetables,
        zones=[ZoneInfo(name) for name in names],
        not_after=not_after,
        listed=False,
        listed_until=None,
        caps=NumberCaps(),
        disturbances=(),
        attempts=0,
        max_attempts=3,
        number_busy=False,
        live_calls=0,
        max_live_calls=1,
        trunk_calls=0,
        trunk_channels=None,
        caller_ids=None,
        pace_is_current=True,
        dialer_is_alive=True,
    )


def is_inside(timetable: Timetable, wall: datetime) -> bool:
    """The rule as people say it: walk back minute by minute to where the window would have started."""
    minute = wall.replace(second=0, microsecond=0)
    for _ in range(24 * 60):
        if wall.date() in timetable.closed_on or minute.date() in timetable.closed_on:
            return False
        for window in timetable.windows:
            starts = (minute.hour, minute.minute) == (window.start_hour, window.start_minute)
            if starts and minute.isoweekday() % 7 in window.day_of_week:
                hours = (window.end_hour - window.start_hour) * 60 + window.end_minute - window.start_minute
                if wall < minute + timedelta(minutes=hours if hours > 0 else hours + 24 * 60):
                    return True
        minute -= timedelta(minutes=1)
    return False


@given(situations(one_or_two_raw_timetables))
@tried(1000)
def test_calling_window_enforcement(situation):
    timetables, names, at = situation
    end = at + timedelta(days=9)

    verdict = may_begin(facts_of(timetables, names, end_time=end), at)

    opens = first_opening_in(open_spans(timetables, names, at, 10), at)
    if opens == at:
        assert verdict == Allowed()
    else:
        due_at = None if opens is None or opens >= end else opens
        assert verdict == Refused(Refusal.OUTSIDE_WINDOW, due_at)


@given(situations(one_or_two_raw_timetables, most_zones=1), st.integers(-7200, 7200))
@tried(1000)
def test_a_dial_task_is_worth_nothing_from_its_not_after_on(situation, seconds):
    timetables, names, at = situation
    not_after = at + timedelta(seconds=seconds)

    verdict = may_begin(facts_of(timetables, names, not_after), at)

    is_allowed = is_open_in(open_spans(timetables, names, at, 1), at) and at < not_after
    assert (verdict == Allowed()) == is_allowed


@given(situations(one_or_two_raw_timetables, most_zones=1))
@tried(300)
def test_a_window_is_open_from_its_first_second_to_the_one_before_its_last(situation):
    timetables, (name,), at = situation

    assert is_open(timetables, [ZoneInfo(name)], at) == all(
        is_inside(timetable, wall_of(name, at)) for timetable in timetables
    )


def test_at_every_change_of_every_zone_the_clock_on_the_wall_decides():
    usual = [
        Timetable("usual", (CallingWindow.model_validate(window),)) for window in (*USUAL[1:3], USUAL[4])
    ]
    wrong: list[tuple[str, datetime]] = []
    tried_instants = 0
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes_of(name):
            for at in (change + apart for apart in AROUND):
                wall, tried_instants = wall_of(name, at), tried_instants + 1
                minute = wall.hour * 60 + wall.minute
                expected = [
                    8 * 60 <= minute < 21 * 60,
                    wall.isoweekday() < 6 and 9 * 60 <= minute < 17 * 60,
                    90 <= minute < 150,
                ]
                if [is_open([timetable], [zone], at) for timetable in usual] != expected:
                    wrong.append((name, at))
    assert not wrong
    assert tried_instants > 20_000


def test_around_every_change_of_offset_openings_and_closings_are_the_first_instants_that_differ():
    # Half past one to half past two lies in the hour that most zones skip or repeat.
    timetables = [Timetable("at the change", (CallingWindow.model_validate(USUAL[4]),))]
    one_of_each = {offset_table(name): name for name in ZONES if changes_of(name)}.values()
    for name in one_of_each:
        zone = [ZoneInfo(name)]
        for change in changes_of(name):
            spans = open_spans(timetables, [name], change, 4)
            for apart in (timedelta(hours=-30), timedelta(hours=-1), timedelta(), timedelta(minutes=31)):
                at = change + apart
                assert next_opening(timetables, zone, at) == first_opening_in(spans, at)
                if is_open_in(spans, at):
                    assert closes_at(timetables, zone, at) == closing_in(spans, at, at + timedelta(days=2))


def test_what_opens_only_in_the_second_pass_of_a_repeated_hour_opens_then():
    # Somebody who may be here or in UTC; there nobody is called until a quarter of an hour after the change.
    second_passes = 0
    for name in {offset_table(name): name for name in ZONES if changes_of(name)}.values():
        zones = [ZoneInfo(name), ZoneInfo("UTC")]
        for change in changes_of(name):
            last = wall_of(name, change - timedelta(seconds=1)) + timedelta(seconds=1)
            here, there = last - timedelta(minutes=30), wall_of("UTC", change + timedelta(minutes=15))
            windows = [
                written_window(range(7), here.hour * 60 + here.minute, 60),
                written_window(range(7), there.hour * 60 + there.minute, 120),
            ]
            timetables = [Timetable("both", tuple(map(CallingWindow.model_validate, windows)))]
            at = change - timedelta(hours=1)
            spans = open_spans(timetables, [name, "UTC"], at, 1)
            expected = first_opening_in(spans, at)
            assert next_opening(timetables, zones, at, at + timedelta(days=2)) == expected
            second_passes += expected is not None and change < expected < change + timedelta(hours=2)
    assert second_passes > 100
