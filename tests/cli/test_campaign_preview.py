"""`outdial campaign preview`: everybody is counted once, under the reason that decides."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from outdial.cli.main import run
from outdial.domain.clock import utc_now
from outdial.storage.pool import Pool
from tests import given
from tests.campaigns.standing_people import Person, write_people
from tests.cli.conftest import Arrange, Command

NINE_IN_NEW_YORK = datetime(2026, 6, 15, 13, tzinfo=UTC)
AT = NINE_IN_NEW_YORK.isoformat()
OFFICE = {"dayOfWeek": [1, 2, 3, 4, 5], "startHour": 9, "endHour": 17}
NEW_YORK, FLORIDA, CALIFORNIA = 0, 1, 2
NOBODY = Person(NEW_YORK, "ready", 0, 0, (), (), busy_elsewhere=False)
CONFIG = {
    "callingWindows": [OFFICE],
    "jurisdictions": "auto",
    "numberCaps": {"per24Hours": 1, "per7Days": 2},
    "registries": ["us-dnc"],
}


def person(**changes: Any) -> Person:
    """Somebody in New York who can be called, but for `changes`."""
    return Person(**(vars(NOBODY) | changes))


def counts(preview: Any) -> dict[tuple[str, str], int]:
    """How many contacts there are for each reason, by group."""
    found: dict[tuple[str, str], int] = {}
    for one in preview["outlooks"]:
        key = (one["group"], one["reason"])
        found[key] = found.get(key, 0) + one["contacts"]
    return found


def write(arrange: Arrange, *some: Person, **changes: Any) -> None:
    async def work(pool: Pool) -> None:
        await write_people(pool, NINE_IN_NEW_YORK, CONFIG | changes, some)

    arrange(work)


def test_everybody_is_counted_once_under_the_reason_that_decides(outdial: Command, arrange: Arrange) -> None:
    write(
        arrange,
        person(),
        person(),
        person(stands="dispatched"),
        person(stands="live"),
        person(area=CALIFORNIA),
        person(area=FLORIDA),
        person(stands="waiting", due_in=60, attempts_used=1, calls_ago=(2000,)),
        person(stands="waiting", due_in=30),
        person(calls_ago=(60,)),
        person(listings=(("everywhere", 60),)),
        person(busy_elsewhere=True),
        person(stands="completed"),
        person(stands="blacklisted"),
        person(stands="busy", calls_ago=(60,)),
        person(attempts_used=3, calls_ago=(12960, 12960, 12960)),
        *[
            person(listings=((holder, None),))
            for holder in ("everywhere", "campaign", "prefix", "us-dnc", "erased")
        ],
        person(listings=(("another", None), ("il-do-not-call", None))),
    )

    code, preview, _ = outdial("campaign", "preview", "spring_appeal", "--at", AT)

    assert code == 0
    assert counts(preview) == {
        ("now", "can_be_called"): 3,
        ("now", "dispatched"): 1,
        ("now", "on_call"): 1,
        ("later", "closed"): 2,
        ("later", "retry"): 1,
        ("later", "held_back"): 1,
        ("later", "capped"): 1,
        ("later", "listed_for_a_time"): 1,
        ("later", "number_busy"): 1,
        ("never", "completed"): 1,
        ("never", "listed"): 6,
        ("never", "given_up"): 2,
    }
    assert {one["text"] for one in preview["outlooks"] if one["reason"] in {"listed", "given_up"}} == {
        "listed for all campaigns",
        "on the campaign's own list",
        "listed by a prefix",
        "listed by registry us-dnc",
        "erased: their data was erased, and the number is never called",
        "marked as listed; no listing holds any more",
        "given up: busy",
        "given up: all attempts used",
    }
    assert preview["total"] == preview["now"] + preview["later"] + preview["never"] == 21


def test_later_says_when_and_by_which_rule(outdial: Command, arrange: Arrange) -> None:
    write(arrange, person(area=CALIFORNIA), person(area=FLORIDA), person(listings=(("everywhere", 600),)))

    later = outdial("campaign", "preview", "spring_appeal", "--at", AT)[1]["outlooks"]

    assert [(one["firstAt"], one["text"]) for one in later] == [
        ("2026-06-15T14:00:00Z", "outside the campaign's calling windows"),
        ("2026-06-15T16:00:00Z", "outside the campaign's calling windows"),
        ("2026-06-16T13:00:00Z", "listed for a time"),
    ]


def test_retries_say_when_the_first_and_the_last_of_them_are_due(outdial: Command, arrange: Arrange) -> None:
    retry = {"stands": "waiting", "attempts_used": 1, "calls_ago": (2000,)}
    write(arrange, *[person(due_in=minutes, **retry) for minutes in (63, 60, 200, 65)])

    (retries,) = outdial("campaign", "preview", "spring_appeal", "--at", AT)[1]["outlooks"]

    assert (retries["reason"], retries["contacts"]) == ("retry", 4)
    assert (retries["firstAt"], retries["lastAt"]) == ("2026-06-15T14:00:00Z", "2026-06-15T16:20:00Z")

    write(arrange, *[person(due_in=minutes, **retry) for minutes in (63, 60, 65)])

    (retries,) = outdial("campaign", "preview", "spring_appeal", "--at", AT)[1]["outlooks"]
    assert (retries["firstAt"], retries["lastAt"]) == ("2026-06-15T14:00:00Z", "2026-06-15T14:05:00Z")


def test_the_law_that_closes_is_named(outdial: Command, arrange: Arrange) -> None:
    write(arrange, person(area=CALIFORNIA), callingWindows=[given.ALWAYS])

    (closed,) = outdial("campaign", "preview", "spring_appeal", "--at", AT)[1]["outlooks"]

    assert closed["firstAt"] == "2026-06-15T16:00:00Z"
    assert closed["text"].startswith("closed: United States: no calls before 08:00")


@pytest.mark.parametrize(
    ("changes", "at", "expected"),
    [
        ({"startTime": "2026-06-15T15:00:00Z"}, AT, {("later", "not_started"): 2}),
        ({"endTime": "2026-06-15T12:00:00Z"}, AT, {("never", "campaign_over"): 2}),
        (
            {"endTime": "2026-06-15T15:00:00Z"},
            AT,
            {("now", "can_be_called"): 1, ("never", "no_window_before_end"): 1},
        ),
        ({"callingWindows": [{**OFFICE, "startHour": 6, "endHour": 7}]}, AT, {("never", "never_open"): 2}),
        # On the wall clock of the campaign's zone where no offset is written.
        ({}, "2026-06-15T12:00", {("now", "can_be_called"): 2}),
        ({"holidays": ["US"]}, "2026-07-03T13:00", {("later", "closed"): 2}),
    ],
)
def test_dates_and_hours_decide_too(
    outdial: Command, arrange: Arrange, changes: dict[str, Any], at: str, expected: dict[Any, int]
) -> None:
    write(arrange, person(), person(area=CALIFORNIA), **changes)

    preview = outdial("campaign", "preview", "spring_appeal", "--at", at)[1]

    assert counts(preview) == expected


def test_the_first_pass_waits_for_openings_and_ends_with_them(outdial: Command, arrange: Arrange) -> None:
    """One call at a time, 30 s each by assumption: six from 9:00 on, four more once California opens."""
    write(arrange, *[person()] * 6, *[person(area=CALIFORNIA)] * 4, maxConcurrentCalls=1, numberCaps="none")

    duration = outdial("campaign", "preview", "spring_appeal", "--at", AT)[1]["duration"]

    assert (duration["contacts"], duration["left"]) == (10, 0)
    assert duration["secondsACall"] == 30
    assert duration["secondsACallKnownFrom"].startswith("assumed")
    assert duration["limitedBy"] == "maxConcurrentCalls 1"
    assert duration["endsAt"] == "2026-06-15T16:02:00Z"


def warnings_of(preview: Any) -> dict[str, str]:
    return {warning["about"]: warning["text"] for warning in preview["warnings"]}


def test_a_manager_is_warned_of_what_will_keep_calls_from_being_made(
    outdial: Command, arrange: Arrange
) -> None:
    write(
        arrange,
        *[person()] * 3,
        person(area=CALIFORNIA),
        maxConcurrentCalls=1,
        endTime="2026-06-15T13:01:00Z",
    )

    warnings = warnings_of(outdial("campaign", "preview", "spring_appeal", "--at", AT)[1])

    assert warnings == {
        "registries": "There is no copy of us-dnc (the limit is 31 days): nobody is called.",
        "dialers": "No dialer is alive: nobody would be called.",
        "end": "The campaign ends before everybody can be called once: 1 does not fit in.",
        "caps": "Attempt 2 of 3 is impossible for 3 contacts: a number may be called once within 24 hours "
        "and twice within 7 days, and the campaign ends in 1 min 00 s.",
    }


def test_people_for_whom_there_is_no_number_to_call_from_are_counted(
    outdial: Command, arrange: Arrange
) -> None:
    ids = [{"number": "+12125550100", "regions": ["US-NY"], "cps": 1, "dailyCap": 2}]
    write(arrange, *[person()] * 3, *[person(area=FLORIDA)] * 2, person(area=CALIFORNIA), callerIds=ids)

    preview = outdial("campaign", "preview", "spring_appeal", "--at", AT)[1]

    nobody, few = [one["text"] for one in preview["warnings"] if one["about"] == "callerIds"]
    assert nobody == "3 contacts will not be called: no caller id is for US-CA, US-FL."
    assert few.startswith("The caller ids may be used for 2 calls in 24 hours (dailyCap), and 6 contacts")
    assert few.endswith("the first pass takes 3 days.")
    assert preview["duration"]["limitedBy"] == "the cps of its callerIds together"


@pytest.mark.parametrize(
    ("trunks", "limited_by"),
    [
        ([{"name": "a", "cps": 1}, {"name": "b", "cps": 1}], "the cps of its trunks together"),
        ([{"name": "a", "cps": 1}, "b"], "maxConcurrentCalls 100"),
        ([{"name": "a", "channels": 9}, {"name": "b", "weight": 0}], "the 9 channels of its trunks"),
    ],
)
def test_the_trunks_limit_the_first_pass(
    outdial: Command, arrange: Arrange, trunks: list[Any], limited_by: str
) -> None:
    write(arrange, person(), trunks=trunks)

    preview = outdial("campaign", "preview", "spring_appeal", "--at", AT)[1]

    assert preview["duration"]["limitedBy"] == limited_by


@pytest.mark.parametrize(
    ("audio", "instead"), [(None, "is not said to them"), ("sound:gift", "is replaced by its audio")]
)
def test_people_who_will_not_hear_a_text_are_counted(
    outdial: Command, arrange: Arrange, audio: str | None, instead: str
) -> None:
    node = {
        "id": "hello",
        "type": "play_audio",
        "text": "{{name|Hello}}, {{gift}} dollars",
        "audioUrl": audio,
    }
    write(arrange, person(), person(), person(), ivrFlow={"startNodeId": "hello", "nodes": [node]})

    async def know_one_gift(pool: Pool) -> None:
        async with pool.connection() as conn:
            await conn.execute(
                """
                update contacts set metadata = '{"gift": 25}'
                where id = (select id from contacts order by id limit 1)
                """
            )

    arrange(know_one_gift)
    warnings = outdial("campaign", "preview", "spring_appeal", "--at", AT)[1]["warnings"]
    (warning,) = [one for one in warnings if one["about"] == "texts"]
    assert warning == {
        "about": "texts",
        "text": '2 contacts without "gift": the text that names it without a default '
        f'{instead} (node "hello": text).',
        "action": "import the field, or write {{gift|what is said instead}}",
    }


def test_windows_that_never_open_are_warned_of_with_the_law_that_closes_them(
    outdial: Command, arrange: Arrange
) -> None:
    write(
        arrange, person(), person(area=FLORIDA), callingWindows=[{**OFFICE, "startHour": 20, "endHour": 21}]
    )

    warning = warnings_of(outdial("campaign", "preview", "spring_appeal", "--at", AT)[1])["windows"]

    assert warning.startswith("1 contact can never be called: no moment is open by the campaign (Mon, ")
    assert "Florida (every day 08:00-20:00)" in warning


def test_nothing_is_warned_of_where_all_is_well(outdial: Command, arrange: Arrange) -> None:
    async def work(pool: Pool) -> None:
        now = utc_now()
        campaign = await given.a_campaign(pool, now)
        await given.contacts(pool, campaign, given.phones(3), now)
        await given.a_dialer(pool, now)

    arrange(work)

    preview = outdial("campaign", "preview", "spring_appeal")[1]

    assert (preview["now"], preview["warnings"]) == (3, [])


def test_a_manager_reads_it_as_a_table_that_adds_up(
    outdial: Command, arrange: Arrange, capfd: pytest.CaptureFixture[str]
) -> None:
    write(arrange, person(), person(area=CALIFORNIA), person(stands="completed"))

    assert run(["campaign", "preview", "spring_appeal", "--at", AT]) == 0

    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "Spring appeal, Monday 15 June 2026, 09:00 in America/New_York"
    assert "              1  outside the campaign's calling windows, until Mon 15 Jun 12:00" in lines
    assert "1 now + 1 later + 1 never = 3 contacts: everybody, each once." in lines
    assert max(map(len, lines)) <= 100


def test_one_contact_is_spoken_of_as_one(
    outdial: Command, arrange: Arrange, capfd: pytest.CaptureFixture[str]
) -> None:
    write(arrange, person(area=CALIFORNIA))

    assert run(["campaign", "preview", "spring_appeal", "--at", AT]) == 0
    preview = capfd.readouterr().out
    assert run(["campaign", "explain", "spring_appeal"]) == 0
    explanation = capfd.readouterr().out

    assert "= 1 contact: everybody, each once." in preview
    assert "Everybody who can be called (1 contact) is called once by" in preview
    assert not re.search(r"\b1 (contacts|places|dialers|calls|wait|are)\b", preview + explanation)


def test_the_moment_is_read_in_the_campaigns_zone(outdial: Command, arrange: Arrange) -> None:
    write(arrange, person())

    at = outdial("campaign", "preview", "spring_appeal", "--at", "2026-06-15T09:00")[1]["at"]

    assert datetime.fromisoformat(at) == datetime(2026, 6, 15, 9, tzinfo=ZoneInfo("America/New_York"))
    assert timedelta(0) == datetime.fromisoformat(at) - NINE_IN_NEW_YORK
