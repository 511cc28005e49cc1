"""`outdial windows` says open or closed, why, and when next, on the contact's own clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from outdial.cli.main import run

WEEK = [{"dayOfWeek": [0, 1, 2, 3, 4], "startHour": 9, "endHour": 20, "endMinute": 30}]
ALWAYS = [{"dayOfWeek": [0, 1, 2, 3, 4, 5, 6], "startHour": 0, "endHour": 24}]

Ask = Callable[..., Any]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Ask:
    """Ask about a file's content at a moment, as a program would; options by their names."""

    def answer(written: object, at: str, **options: str) -> Any:
        path = tmp_path / "asked.json"
        path.write_text(json.dumps(written))
        extra = [word for name, value in options.items() for word in (f"--{name}", value)]
        assert run(["windows", str(path), "--at", at, *extra, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return answer


def windows(*spans: tuple[list[int], str, str]) -> list[dict[str, Any]]:
    """Windows from days and the clock times `HH:MM` at which they start and end."""
    return [
        {
            "dayOfWeek": days,
            "startHour": int(start[:2]),
            "startMinute": int(start[3:]),
            "endHour": int(end[:2]),
            "endMinute": int(end[3:]),
        }
        for days, start, end in spans
    ]


def campaign(calling_windows: object = ALWAYS, **changes: Any) -> dict[str, Any]:
    """A campaign file with the least that is enough; `config` changes, or times and zone by their names."""
    top = {key: changes.pop(key) for key in ("startTime", "endTime", "timezone") if key in changes}
    config = {"callingWindows": calling_windows} | changes
    return {"name": "Autumn", "type": "voice", "timezone": "America/New_York", "config": config} | top


@pytest.mark.parametrize(
    ("at", "is_open", "next_open"),
    [
        ("2026-03-01T09:00:00+02:00", True, "2026-03-01T09:00:00+02:00"),
        ("2026-03-01T20:29:59+02:00", True, "2026-03-01T20:29:59+02:00"),
        ("2026-03-01T20:30:00+02:00", False, "2026-03-02T09:00:00+02:00"),
        ("2026-03-05T20:30:00+02:00", False, "2026-03-08T09:00:00+02:00"),
        ("2026-03-27T12:00:00", False, "2026-03-29T09:00:00+03:00"),  # clocks go forward in between
        ("2026-03-01T06:59:00Z", False, "2026-03-01T09:00:00+02:00"),
    ],
)
def test_open_or_closed_and_when_next(ask: Ask, at: str, is_open: bool, next_open: str) -> None:
    answer = ask({"callingWindows": WEEK}, at, timezone="Asia/Jerusalem")
    assert (answer["open"], answer["next_open"]) == (is_open, next_open)


def test_the_rule_is_the_window_or_the_want_of_one(ask: Ask) -> None:
    assert (
        ask(WEEK, "2026-03-01T10:00", timezone="Asia/Jerusalem")["rule"]
        == "Sun, Mon, Tue, Wed, Thu 09:00-20:30"
    )
    assert ask(WEEK, "2026-03-06T10:00", timezone="Asia/Jerusalem")["rule"] == "no window covers Fri 10:00"


@pytest.mark.parametrize(
    ("zone", "spans", "at", "next_open", "closes"),
    [
        # Kathmandu is 5:45 ahead: Sunday 09:00 there is 03:15 UTC.
        (
            "Asia/Kathmandu",
            ([0], "09:00", "20:30"),
            "2026-03-01T03:14:00Z",
            "2026-03-01T09:00:00+05:45",
            "2026-03-01T20:30:00+05:45",
        ),
        (
            "Asia/Kathmandu",
            ([0], "09:00", "20:30"),
            "2026-03-01T03:15:00Z",
            "2026-03-01T09:00:00+05:45",
            "2026-03-01T20:30:00+05:45",
        ),
        # St John's falls back from -02:30 to -03:30 on 1 November: 09:00 moves from 11:30 to 12:30 UTC.
        (
            "America/St_Johns",
            ([0, 6], "09:00", "17:00"),
            "2026-10-31T11:30:00Z",
            "2026-10-31T09:00:00-02:30",
            "2026-10-31T17:00:00-02:30",
        ),
        (
            "America/St_Johns",
            ([0, 6], "09:00", "17:00"),
            "2026-11-01T12:29:00Z",
            "2026-11-01T09:00:00-03:30",
            "2026-11-01T17:00:00-03:30",
        ),
        # Lord Howe goes back half an hour on 5 April: 01:30 to 02:00 comes at 14:30 and at 15:00 UTC.
        (
            "Australia/Lord_Howe",
            ([0], "01:30", "02:00"),
            "2026-04-04T14:29:00Z",
            "2026-04-05T01:30:00+11:00",
            "2026-04-05T02:00:00+10:30",
        ),
        (
            "Australia/Lord_Howe",
            ([0], "01:30", "02:00"),
            "2026-04-04T15:10:00Z",
            "2026-04-05T01:40:00+10:30",
            "2026-04-05T02:00:00+10:30",
        ),
        # On 4 October it skips 02:00 to 02:30: the window first opens a week later.
        (
            "Australia/Lord_Howe",
            ([0], "02:00", "02:30"),
            "2026-10-03T15:30:00Z",
            "2026-10-11T02:00:00+11:00",
            "2026-10-11T02:30:00+11:00",
        ),
        # Jerusalem skips Friday 27 March 02:00 to 03:00, and repeats Sunday 25 October 01:00 to 02:00.
        (
            "Asia/Jerusalem",
            ([5], "02:00", "03:30"),
            "2026-03-26T12:00:00Z",
            "2026-03-27T03:00:00+03:00",
            "2026-03-27T03:30:00+03:00",
        ),
        (
            "Asia/Jerusalem",
            ([0], "01:00", "02:00"),
            "2026-10-24T22:30:00Z",
            "2026-10-25T01:30:00+03:00",
            "2026-10-25T02:00:00+02:00",
        ),
        # New York has 01:30 twice on 1 November.
        (
            "America/New_York",
            ([0], "01:00", "02:00"),
            "2026-11-01T01:30:00-04:00",
            "2026-11-01T01:30:00-04:00",
            "2026-11-01T02:00:00-05:00",
        ),
        (
            "America/New_York",
            ([0], "01:00", "02:00"),
            "2026-11-01T01:30:00-05:00",
            "2026-11-01T01:30:00-05:00",
            "2026-11-01T02:00:00-05:00",
        ),
        # Until midnight, and over it.
        (
            "America/New_York",
            ([6], "22:00", "24:00"),
            "2026-06-06T23:59:59-04:00",
            "2026-06-06T23:59:59-04:00",
            "2026-06-07T00:00:00-04:00",
        ),
        (
            "America/New_York",
            ([6], "22:00", "24:00"),
            "2026-06-07T00:00:00-04:00",
            "2026-06-13T22:00:00-04:00",
            "2026-06-14T00:00:00-04:00",
        ),
        (
            "America/New_York",
            ([5], "22:00", "02:00"),
            "2026-06-06T01:59:00-04:00",
            "2026-06-06T01:59:00-04:00",
            "2026-06-06T02:00:00-04:00",
        ),
        (
            "America/New_York",
            ([5], "22:00", "02:00"),
            "2026-06-05T01:00:00-04:00",
            "2026-06-05T22:00:00-04:00",
            "2026-06-06T02:00:00-04:00",
        ),
    ],
)
def test_the_clock_on_the_wall_decides_in_every_zone_and_when_clocks_change(
    ask: Ask,
    zone: str,
    spans: tuple[list[int], str, str],
    at: str,
    next_open: str,
    closes: str,
) -> None:
    answer = ask(windows(spans), at, timezone=zone)
    assert (answer["next_open"], answer["closes"]) == (next_open, closes)
    assert answer["open"] is (datetime.fromisoformat(at) == datetime.fromisoformat(next_open))


def test_a_wall_time_that_comes_twice_or_never_is_said(ask: Ask) -> None:
    twice = ask(ALWAYS, "2026-11-01T01:30", timezone="America/New_York")
    never = ask(ALWAYS, "2026-03-08T02:30", timezone="America/New_York")
    once = ask(ALWAYS, "2026-03-08T03:30", timezone="America/New_York")

    assert twice["at"] == "2026-11-01T01:30:00-04:00"
    assert "comes twice" in twice["assumed"]
    assert "the other is 2026-11-01T01:30:00-05:00" in twice["assumed"]
    assert never["at"] == "2026-03-08T03:30:00-04:00"
    assert "never comes: taken as 2026-03-08T03:30:00-04:00" in never["assumed"]
    assert once["assumed"] is None
    assert ask(ALWAYS, "2026-11-01T01:30-05:00", timezone="America/New_York")["assumed"] is None


def test_a_number_brings_its_law_and_its_clock(ask: Ask) -> None:
    file = campaign(timezone="Asia/Jerusalem")
    late = ask(file, "2026-11-24T20:15-05:00", number="+13055550123")
    in_time = ask(file, "2026-11-24T19:59-05:00", number="+13055550123")

    assert late["rule"] == "Florida: no calls after 20:00 (Fla. Stat. § 501.616(6))"
    assert (late["open"], late["next_open"]) == (False, "2026-11-25T08:00:00-05:00")
    assert late["closes"] == "2026-11-25T20:00:00-05:00"
    assert (late["zones"], late["regions"]) == (["America/New_York"], ["US-FL"])
    assert (in_time["open"], in_time["rule"]) == (True, "every day 00:00-24:00")


def test_without_a_number_only_the_windows_decide(ask: Ask) -> None:
    answer = ask(campaign(), "2026-11-24T03:00-05:00")
    assert (answer["open"], answer["rules"]) == (True, ["the campaign: every day 00:00-24:00"])


@pytest.mark.parametrize(
    ("region", "at", "rule", "next_open"),
    [
        (
            "US",
            "2026-11-24T07:59",
            "United States: no calls before 08:00 (47 CFR 64.1200(c)(1); 16 CFR 310.4(c))",
            "2026-11-24T08:00:00-05:00",
        ),
        (
            "us-tx",
            "2026-11-22T11:00",  # a Sunday
            "Texas: no calls before 12:00 (Tex. Bus. & Com. Code (former § 37.02, Permissible Hours))",
            "2026-11-22T12:00:00-05:00",
        ),
        (
            "US-MS",
            "2026-11-22T11:00",
            "Mississippi: no calls on Sundays (Miss. Code §§ 77-3-723, 77-3-603(a))",
            "2026-11-23T08:00:00-05:00",
        ),
        (
            "US-UT",
            "2026-12-25T11:00",  # a Friday
            "Utah: holiday: Christmas Day (US-UT) (Utah Code § 13-25a-103(3))",
            "2026-12-26T08:00:00-05:00",
        ),
    ],
)
def test_a_region_brings_its_law(ask: Ask, region: str, at: str, rule: str, next_open: str) -> None:
    answer = ask(campaign(), at, region=region)
    assert (answer["open"], answer["rule"], answer["next_open"]) == (False, rule, next_open)


def test_the_campaign_says_whose_law_counts(ask: Ask) -> None:
    night, number = "2026-11-24T23:00-05:00", "+13055550123"
    assert ask(campaign(jurisdictions="none"), night, number=number)["open"]
    assert ask(campaign(jurisdictions=["US-FL"]), night)["rule"].startswith(
        "United States: no calls after 21:00"
    )


def test_holidays_and_blocked_dates_close_the_day_and_the_windows_that_start_on_it(ask: Ask) -> None:
    over_midnight = windows(([3, 4, 5], "22:00", "02:00"))
    file = campaign(over_midnight, holidays="auto", blockedDates=["2026-12-23"], jurisdictions="none")

    blocked = ask(file, "2026-12-23T23:00")
    after_blocked = ask(file, "2026-12-24T01:00")
    christmas = ask(file, "2026-12-25T23:00", region="US-FL")
    into_christmas = ask(file, "2026-12-25T01:00", region="US-FL")

    assert (blocked["rule"], blocked["next_open"]) == ("blocked date 2026-12-23", "2026-12-24T22:00:00-05:00")
    assert after_blocked["rule"] == "blocked date 2026-12-23, the day on which the window starts"
    assert christmas["rule"] == "holiday: Christmas Day (US-FL)"
    assert into_christmas["rule"] == "holiday: Christmas Day (US-FL)"
    assert ask(file, "2026-12-25T23:00")["open"]  # nobody in particular has no holidays


def test_start_and_end_of_the_campaign_bound_it(ask: Ask) -> None:
    file = campaign(WEEK, startTime="2026-11-25T12:00:00Z", endTime="2026-11-26T15:00:00Z")

    before = ask(file, "2026-11-24T10:00")
    last_day = ask(file, "2026-11-26T09:30")
    after_hours = ask(campaign(WEEK, endTime="2026-11-26T13:00:00Z"), "2026-11-25T21:00")
    over = ask(file, "2026-11-26T10:00")

    assert before["rule"] == "the campaign starts Wed 2026-11-25 07:00 -05:00"
    assert (before["open"], before["next_open"]) == (False, "2026-11-25T09:00:00-05:00")
    assert (last_day["open"], last_day["closes"]) == (True, "2026-11-26T10:00:00-05:00")
    assert (after_hours["rule"], after_hours["next_open"]) == ("no window covers Wed 21:00", None)
    assert (over["open"], over["rule"]) == (False, "the campaign ended Thu 2026-11-26 10:00 -05:00")
    assert over["next_open"] is None


def test_a_number_that_may_stand_in_several_zones_is_open_only_while_all_are(ask: Ask) -> None:
    idaho = "+12085550123"
    file = campaign(windows(([1, 2, 3, 4, 5], "09:00", "20:00")), jurisdictions="none")

    early = ask(file, "2026-11-24T09:30-07:00", number=idaho)
    of_campaign = ask(campaign(unknownZones="campaign"), "2026-11-24T09:30-07:00", number=idaho)
    skipped = ask(campaign(unknownZones="skip"), "2026-11-24T10:30-07:00", number=idaho)

    assert early["zones"] == ["America/Boise", "America/Los_Angeles"]
    assert early["rule"] == "no window covers Tue 08:30, in America/Los_Angeles"
    assert early["next_open"] == "2026-11-24T12:00:00-05:00"  # 09:00 in Los Angeles, on the campaign's clock
    assert (of_campaign["open"], of_campaign["zones"]) == (True, ["America/New_York"])
    assert (skipped["open"], skipped["next_open"]) == (False, None)
    assert skipped["rule"] == "unknownZones is skip, and the number may stand in any of 2 zones"


def test_a_time_without_an_offset_is_on_the_campaigns_clock_where_the_number_has_several(ask: Ask) -> None:
    answer = ask(campaign(), "2026-11-24T12:00", number="+12085550123")
    assert answer["at"] == "2026-11-24T12:00:00-05:00"
    assert answer["assumed"] == "read as 2026-11-24 12:00 on the clock of America/New_York"


def test_a_person_reads_why_and_when_next(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "campaign.json"
    path.write_text(json.dumps(campaign()))
    assert run(["windows", str(path), "--at", "2026-11-24T20:15-05:00", "--number", "+1 305 555 0123"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "closed: Florida: no calls after 20:00 (Fla. Stat. § 501.616(6))",
        "  at      Tue 2026-11-24 20:15 -05:00  America/New_York",
        "  opens   Wed 2026-11-25 08:00 -05:00",
        "  closes  Wed 2026-11-25 20:00 -05:00",
        "  where   US-FL",
        "  rules   the campaign   every day 00:00-24:00",
        "          United States  every day 08:00-21:00",
        "          Florida        every day 08:00-20:00",
    ]


def test_what_is_always_open_never_closes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "windows.json"
    path.write_text(json.dumps(ALWAYS))
    assert run(["windows", str(path), "--at", "2026-11-24T10:15Z", "--timezone", "Asia/Kathmandu"]) == 0

    assert capsys.readouterr().out.splitlines()[:3] == [
        "open: every day 00:00-24:00",
        "  at      Tue 2026-11-24 16:00 +05:45  Asia/Kathmandu",
        "  closes  never",
    ]


@pytest.mark.parametrize(
    ("written", "args", "complaint"),
    [
        ({"callingWindows": WEEK}, [], "--timezone is missing"),
        ({"callingWindows": WEEK}, ["--timezone", "Mars/Base"], "'Mars/Base' is no IANA time zone"),
        ({"callingWindows": WEEK}, ["--timezone", "UTC", "--at", "noon"], "--at 'noon' is no ISO 8601"),
        ({"name": "x"}, ["--timezone", "UTC"], "callingWindows: missing"),
        ("9 to 5", ["--timezone", "UTC"], "callingWindows: missing"),
        (
            [{"dayOfWeek": [7], "startHour": 1, "endHour": 2}],
            ["--timezone", "UTC"],
            "callingWindows.0: dayOfWeek",
        ),
        (campaign(timezone="Mars/Base"), [], "timezone: 'Mars/Base' is no IANA time zone"),
        (campaign(), ["--region", "Florida"], "--region 'Florida' is no ISO 3166 code"),
        (campaign(), ["--region", "FL"], "--region 'FL' is no ISO 3166 code"),
        (campaign(), ["--number", "12"], "--number '12' "),
        (campaign(), ["--at", "9999-12-31T23:00"], "write a year from 2000 to 2999"),
        (campaign(), ["--at", "0001-01-01T00:00Z"], "write a year from 2000 to 2999"),
        (campaign(holidays=["US-"]), [], "holidays"),
        (campaign(jurisdictions=["US-ZZ"]), [], "jurisdictions: no hours are known here of US-ZZ"),
        (campaign(holidays=["XX"]), [], "holidays"),
        (campaign(blockedDates=["Christmas"]), [], "blockedDates.0"),
        (campaign(startTime="2026-11-25T12:00:00"), [], "startTime: Input should have timezone info"),
    ],
)
def test_what_cannot_be_asked_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, written: Any, args: list[str], complaint: str
) -> None:
    path = tmp_path / "windows.json"
    path.write_text(json.dumps(written))
    assert run(["windows", str(path), *args]) == 1
    assert complaint in capsys.readouterr().err
