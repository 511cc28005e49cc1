"""`outdial campaign explain`: the first broken link, with what mends it; and every rule about one person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from outdial.attempts.begin import Permit, begin_attempt
from outdial.attempts.release import Released
from outdial.attempts.settle import CallOutcome, settle
from outdial.campaigns.lifecycle import end_lease, fail_campaign, finish_run_if_done, pause, start_run
from outdial.cli.main import run
from outdial.domain.clock import utc_now
from outdial.domain.dial_task import DialTask
from outdial.domain.dispositions import Disposition
from outdial.storage.blacklist import Listing, add_listings
from outdial.storage.caller_ids import CallerIdUses, take_use
from outdial.storage.campaigns import Campaign, count_claimed
from outdial.storage.pool import Pool
from tests import given
from tests.campaigns.standing_people import Call, Stage, insert_call
from tests.cli.conftest import Arrange, Command

NUMBER = "+12025550000"
SHOWN = "+442079460100"
Change = Callable[[Pool, Campaign], Awaitable[Any]]


def hours_that_exclude(now: datetime) -> list[dict[str, Any]]:
    """Windows of another day of the week, wherever one is."""
    return [{"dayOfWeek": [(now.isoweekday() + 3) % 7], "startHour": 9, "endHour": 17}]


def running(arrange: Arrange, change: Change | None = None, people: int = 2, **config: Any) -> None:
    """A campaign that everything lets call, with a dialer, but for `change`."""

    async def work(pool: Pool) -> None:
        now = utc_now()
        campaign = await given.a_running_campaign(pool, now, given.phones(people), **config)
        await given.a_dialer(pool, now)
        if change is not None:
            await change(pool, campaign)

    arrange(work)


def sql(statement: str) -> Change:
    """A change made by one statement; `%s` is the campaign's id."""

    async def change(pool: Pool, campaign: Campaign) -> None:
        async with pool.connection() as conn:
            await conn.execute(statement, [campaign.id] * statement.count("%s"))

    return change


async def paused(pool: Pool, campaign: Campaign) -> None:
    await pause(pool, campaign.id, given.OPERATOR, utc_now())


async def without_lease(pool: Pool, campaign: Campaign) -> None:
    await end_lease(pool, campaign.id, given.RUN)


async def failed(pool: Pool, campaign: Campaign) -> None:
    await fail_campaign(pool, campaign.id, given.RUN, ["audioFileUrl: not there"], utc_now())


async def run_over(pool: Pool, campaign: Campaign) -> None:
    await sql("update campaign_runs set finished_at = now(), result = 'completed' where campaign_id = %s")(
        pool, campaign
    )
    await without_lease(pool, campaign)


async def on_trial(pool: Pool, campaign: Campaign) -> None:
    await start_run(pool, campaign.id, "trial", 2, utc_now())
    await sql("update campaigns set run_lease_until = now() + interval '1 minute' where id = %s")(
        pool, campaign
    )
    async with pool.connection() as conn:
        await count_claimed(conn, campaign.id, "trial", 2)


async def everybody_reached(pool: Pool, campaign: Campaign) -> None:
    await sql("delete from ready_contacts where campaign_id = %s")(pool, campaign)
    await sql("update contacts set status = 'completed' where campaign_id = %s")(pool, campaign)


STOPS: dict[str, tuple[Change | None, dict[str, Any], str, str, str]] = {
    "paused": (paused, {}, "status", "The campaign is paused", "outdial campaign resume spring_appeal"),
    "failed": (failed, {}, "status", "The last run failed: audioFileUrl: not there", "campaign validate"),
    "a draft": (
        sql("update campaigns set status = 'draft', run_lease_until = null where id = %s"),
        {},
        "status",
        "The campaign is a draft",
        "trigger campaign__spring_appeal in Airflow",
    ),
    "waiting for its schedule": (
        sql("update campaigns set status = 'scheduled' where id = %s"),
        {"schedule": "0 9 * * 1"},
        "status",
        "by its schedule, 0 9 * * 1",
        "trigger campaign__spring_appeal",
    ),
    "cancelled": (
        sql("update campaigns set status = 'cancelled' where id = %s"),
        {},
        "status",
        "The campaign is cancelled",
        "create another",
    ),
    "yet to start": (
        sql("update campaigns set start_time = now() + interval '1 day' where id = %s"),
        {},
        "dates",
        "start time is still to come",
        "wait",
    ),
    "past its end": (
        sql("update campaigns set end_time = now() - interval '1 day' where id = %s"),
        {},
        "dates",
        "The campaign's end has passed",
        "create another",
    ),
    "without a run": (
        without_lease,
        {},
        "run",
        "No Airflow run vouches for calls",
        "unpause it, or trigger it",
    ),
    "after its run": (run_over, {}, "run", "No run is going on: manual__run ended (completed)", "trigger"),
    "without a registry": (
        None,
        {"registries": ["us-dnc"]},
        "registries",
        "There is no copy of us-dnc (the limit is 31 days)",
        "`outdial blacklist import FILE --registry us-dnc",
    ),
    "behind an old registry": (
        sql("insert into registries (name, as_of) values ('us-dnc', current_date - 40)"),
        {"registries": ["us-dnc"]},
        "registries",
        "The copy of us-dnc is 40 days old",
        "`outdial blacklist import FILE --registry us-dnc",
    ),
    "at the limit of its trial": (on_trial, {}, "trial", "it has claimed 2 contacts", "without a limit"),
    "without contacts": (None, {"people": 0}, "contacts", "has no contacts", "outdial contacts import FILE"),
    "done": (
        everybody_reached,
        {},
        "contacts",
        "Nobody is left: of 2 contacts none",
        "campaign preview spring_appeal",
    ),
    "closed": (
        None,
        {"callingWindows": hours_that_exclude(utc_now())},
        "contacts",
        "Nobody can be called now: 2 contacts wait",
        "wait",
    ),
    "without a dialer": (sql("delete from dialers"), {}, "dialers", "No dialer is alive", "`outdial dialer`"),
}


@pytest.mark.parametrize("case", STOPS)
def test_the_first_broken_link_is_named_with_what_mends_it(
    outdial: Command, arrange: Arrange, case: str
) -> None:
    change, config, about, says, action = STOPS[case]
    running(arrange, change, **config)

    code, answer, _ = outdial("campaign", "explain", "spring_appeal")

    assert (code, answer["dialling"], answer["stoppedBy"]) == (0, False, about)
    stop = next(finding for finding in answer["findings"] if finding["state"] == "stops")
    assert stop["about"] == about
    assert says in stop["text"]
    assert action in stop["action"]
    assert stop["text"] in answer["answer"]


def test_everything_else_that_stops_calls_is_said_too(outdial: Command, arrange: Arrange) -> None:
    async def change(pool: Pool, campaign: Campaign) -> None:
        await without_lease(pool, campaign)
        await sql("delete from dialers")(pool, campaign)

    running(arrange, change, registries=["us-dnc"])

    findings = outdial("campaign", "explain", "spring_appeal")[1]["findings"]

    assert [finding["about"] for finding in findings if finding["state"] == "stops"] == [
        "run",
        "registries",
        "dialers",
    ]


def test_what_a_waiting_list_waits_for_is_said(outdial: Command, arrange: Arrange) -> None:
    running(arrange, callingWindows=hours_that_exclude(utc_now()))

    findings = outdial("campaign", "explain", "spring_appeal")[1]["findings"]

    (why,) = [finding for finding in findings if finding["state"] == "note"]
    assert why["text"] == "2 wait: outside the campaign's calling windows."
    assert datetime.fromisoformat(why["until"]) > utc_now()


CLAIM = """
    with one as (delete from ready_contacts where campaign_id = %s returning *)
    insert into dispatched_contacts
        (contact_id, campaign_id, channel, area_id, bucket, seq, phone, claimed_at, sent_at)
    select contact_id, campaign_id, channel, area_id, bucket, seq, phone,
           now() - interval '40 seconds', {sent}
    from one
"""


async def calling(pool: Pool, campaign: Campaign, disposition: str | None = None, calls: int = 1) -> None:
    """Calls of the campaign begun just now; live ones where they have no disposition."""
    now = utc_now()
    async with pool.connection() as conn:
        stage = Stage(conn, campaign, campaign, await given.a_dialer(pool, now), now)
        for no in range(calls):
            await insert_call(
                stage, campaign, given.phones(calls)[no], Call(1, now - timedelta(seconds=10), disposition)
            )
        if disposition is None:
            await conn.execute(
                "delete from ready_contacts r using live_calls l where l.contact_id = r.contact_id"
            )


async def out_of_service(pool: Pool, campaign: Campaign) -> None:
    await calling(pool, campaign, "trunk_down", 10)


async def used_now(pool: Pool, campaign: Campaign) -> None:
    async with pool.connection() as conn:
        assert await take_use(conn, CallerIdUses(SHOWN, 0, None, ()), utc_now())


async def calling_from_a_spent_number(pool: Pool, campaign: Campaign) -> None:
    await calling(pool, campaign)
    await used_now(pool, campaign)


WAITS: dict[str, tuple[Change | None, dict[str, Any], str, str]] = {
    "full": (
        calling,
        {"maxConcurrentCalls": 1},
        "places",
        "Every place is taken (maxConcurrentCalls 1): 1 by calls, 0",
    ),
    "without a channel": (
        calling,
        {"trunks": [{"name": "trunk", "channels": 1}]},
        "trunks",
        "All channels are taken, by calls of all campaigns: trunk 1 of 1",
    ),
    "without a number to call from": (
        calling_from_a_spent_number,
        {"callerIds": [{"number": SHOWN, "dailyCap": 1}]},
        "callerIds",
        "Every caller id was used as often as it may be",
    ),
    "enough dispatched": (
        sql(CLAIM.format(sent="now()")),
        {"maxCps": 0.1},
        "places",
        "2 dial tasks wait for dialers, which is enough for 15 s",
    ),
    "not on the queue": (
        sql(CLAIM.format(sent="null::timestamptz")),
        {},
        "queue",
        "2 claims have not got onto the queue",
    ),
    "not begun": (
        sql(CLAIM.format(sent="now() - interval '40 seconds'")),
        {},
        "queue",
        "2 dial tasks are on the queue and no dialer begins any",
    ),
    "never reaching the network": (
        out_of_service,
        {"people": 10},
        "calls",
        "Of the last 10 calls 10 never reached the network: 10 trunk down",
    ),
    "not claimed": (None, {}, "dispatch", "Nothing stops the calls, yet dispatch has claimed nobody"),
}


@pytest.mark.parametrize("case", WAITS)
def test_what_holds_calls_up_is_said(outdial: Command, arrange: Arrange, case: str) -> None:
    change, config, about, says = WAITS[case]
    running(arrange, change, **config)

    answer = outdial("campaign", "explain", "spring_appeal")[1]

    assert answer["stoppedBy"] is None
    assert [says in finding["text"] for finding in answer["findings"] if finding["state"] == "waits"] == [
        True
    ]
    assert [finding["about"] for finding in answer["findings"] if finding["state"] == "waits"] == [about]


def test_a_healthy_campaign_says_at_what_rate_it_is_dialled(outdial: Command, arrange: Arrange) -> None:
    running(arrange, calling)

    answer = outdial("campaign", "explain", "spring_appeal")[1]

    assert answer["dialling"] is True
    assert answer["answer"] == (
        "It is being dialled: 1 call in the last minute (0.017 a second), 1 in progress now."
    )
    assert {finding["state"] for finding in answer["findings"]} == {"fine"}


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        ([("pause", "--by", "night shift")], "paused, by night shift (command line)."),
        ([("pause",), ("resume", "--by", "day shift")], "active again, by day shift (command line)."),
        ([("cancel", "--by", "ops")], "cancelled, by ops (command line): it calls nobody any more."),
    ],
    ids=lambda value: value if isinstance(value, str) else value[-1][0],
)
def test_who_steered_a_campaign_is_told(
    outdial: Command, arrange: Arrange, commands: list[tuple[str, ...]], said: str
) -> None:
    running(arrange)
    for command, *options in commands:
        assert outdial("campaign", command, "spring_appeal", *options)[0] == 0

    status = outdial("campaign", "explain", "spring_appeal")[1]["findings"][0]
    change = outdial("campaign", "show", "spring_appeal")[1]["changes"][0]

    assert status["text"] == f"The campaign is {said}"
    assert datetime.fromisoformat(status["since"]) == datetime.fromisoformat(change["at"])
    assert (change["by"], change["way"]) == (commands[-1][-1], "command line")


@pytest.mark.parametrize("why", ["paused", "without a dialer", "without a lease"])
def test_where_something_stops_the_calls_dispatch_is_not_blamed(
    outdial: Command, arrange: Arrange, why: str
) -> None:
    stops: dict[str, Change] = {
        "paused": paused,
        "without a dialer": sql("delete from dialers"),
        "without a lease": sql("update campaigns set run_lease_until = null where id = %s"),
    }
    running(arrange, stops[why])

    findings = outdial("campaign", "explain", "spring_appeal")[1]["findings"]

    assert "dispatch" not in [finding["about"] for finding in findings]


def test_a_status_of_before_changes_were_written_down_has_nobodys_name(
    outdial: Command, arrange: Arrange
) -> None:
    running(arrange, sql("update campaigns set status = 'paused' where id = %s"))

    status = outdial("campaign", "explain", "spring_appeal")[1]["findings"][0]

    assert status["text"] == "The campaign is paused; by whom is not recorded."


def test_calls_in_progress_are_not_hidden_by_a_pause(outdial: Command, arrange: Arrange) -> None:
    async def change(pool: Pool, campaign: Campaign) -> None:
        await calling(pool, campaign)
        await paused(pool, campaign)

    running(arrange, change)

    assert outdial("campaign", "explain", "spring_appeal")[1]["answer"] == (
        "No call begins. The campaign is paused, by ops (command line). 1 in progress ends as it would."
    )


def test_a_manager_reads_the_chain_within_a_terminal(
    outdial: Command, arrange: Arrange, capfd: pytest.CaptureFixture[str]
) -> None:
    running(arrange, paused, registries=["us-dnc"])

    assert run(["campaign", "explain", "spring_appeal"]) == 0

    lines = capfd.readouterr().out.splitlines()
    assert lines[2].startswith("No call begins. The campaign is paused")
    assert "                    → `outdial campaign resume spring_appeal`" in lines
    assert max(map(len, lines)) <= 100


# ---- one person


async def listed(pool: Pool, campaign: Campaign) -> None:
    async with pool.connection() as conn:
        await add_listings(conn, [Listing(NUMBER, "asked", "by phone", "Ann", campaign.id)], utc_now())


async def another_calls(pool: Pool, campaign: Campaign) -> None:
    other = await given.a_campaign(pool, utc_now(), name="Another")
    await given.contacts(pool, other, [NUMBER], utc_now())
    await calling(pool, other)


async def full(pool: Pool, campaign: Campaign) -> None:
    now = utc_now()
    async with pool.connection() as conn:
        stage = Stage(conn, campaign, campaign, await given.a_dialer(pool, now), now)
        await insert_call(stage, campaign, given.phones(2)[1], Call(1, now))
        await conn.execute(
            "delete from ready_contacts r using live_calls l where l.contact_id = r.contact_id"
        )


async def called_twice(pool: Pool, campaign: Campaign) -> None:
    now = utc_now()
    other = await given.a_campaign(pool, now, name="Another")
    await given.contacts(pool, other, [NUMBER], now)
    async with pool.connection() as conn:
        stage = Stage(conn, campaign, other, await given.a_dialer(pool, now), now)
        for no in (1, 2):
            await insert_call(stage, other, NUMBER, Call(no, now - timedelta(hours=no), "no_answer"))


REFUSALS: dict[str, tuple[Change | None, dict[str, Any], str]] = {
    "listed": (listed, {}, "listed for good"),
    "attempts_exhausted": (
        sql("update contacts set attempts = 3, originates = 3 where campaign_id = %s"),
        {},
        "3 of 3 attempts used",
    ),
    "campaign_not_active": (paused, {}, "the campaign's status is paused"),
    "no_lease": (without_lease, {}, "no Airflow run vouches for it"),
    "outside_campaign_time": (
        sql("update campaigns set end_time = now() - interval '1 day' where id = %s"),
        {},
        "the campaign has ended",
    ),
    "registry_stale": (
        None,
        {"registries": ["us-dnc"]},
        "us-dnc: copy is missing or too old",
    ),
    "outside_window": (
        None,
        {"callingWindows": hours_that_exclude(utc_now())},
        "closed: no window covers",
    ),
    "number_capped": (
        called_twice,
        {"numberCaps": {"per24Hours": 2, "per7Days": 7}},
        "calls and texts of all campaigns: 2 in 24 hours (at most 2), 2 in 7 days (at most 7)",
    ),
    "number_busy": (another_calls, {}, "the number is on a call"),
    "campaign_full": (full, {"maxConcurrentCalls": 1}, "1 of 1 place taken"),
    "trunk_full": (full, {"trunks": [{"name": "trunk", "channels": 1}]}, "every channel of trunk is taken"),
    "no_caller_id": (
        None,
        {"callerIds": [{"number": SHOWN, "regions": ["GB"]}]},
        "0 of the campaign's 1 caller id may be shown",
    ),
    "caller_id_spent": (
        used_now,
        {"callerIds": [{"number": SHOWN, "dailyCap": 1}]},
        "every caller id for their region was used as often as it may be",
    ),
    "dialer_silent": (
        sql("update dialers set heartbeat_at = now() - interval '1 minute'"),
        {},
        "no dialer is alive",
    ),
}


@pytest.mark.parametrize("rule", REFUSALS)
def test_the_rule_that_refuses_is_the_one_that_the_gate_refuses_by(
    outdial: Command, arrange: Arrange, rule: str
) -> None:
    change, config, says = REFUSALS[rule]
    released: list[Any] = []
    running(arrange, change, **config)

    answer = outdial("campaign", "explain", "spring_appeal", "--contact", NUMBER)[1]
    arrange(lambda pool: begin_into(pool, released))

    refusing = next(verdict for verdict in answer["verdicts"] if not verdict["allows"])
    assert (refusing["rule"], answer["mayBeCalledNow"]) == (rule, False)
    assert says in refusing["text"]
    assert isinstance(released[0], Released)
    assert released[0].reason == rule


async def begin_into(pool: Pool, released: list[Any]) -> None:
    """Begin an attempt of NUMBER as a dialer does, and keep the answer."""
    async with pool.connection() as conn:
        row = await (
            await conn.execute(
                """
                with one as (
                    delete from ready_contacts r using campaigns p
                    where p.id = r.campaign_id and p.slug = 'spring_appeal' and r.phone = %s returning r.*)
                insert into dispatched_contacts
                    (contact_id, campaign_id, channel, area_id, bucket, seq, phone, claimed_at, sent_at)
                select contact_id, campaign_id, channel, area_id, bucket, seq, phone, now(), now() from one
                returning *
                """,
                [NUMBER],
            )
        ).fetchone()
        dialer = await (await conn.execute("select id from dialers order by heartbeat_at desc")).fetchone()
    assert row is not None
    assert dialer is not None
    task = DialTask(
        contact_id=row["contact_id"],
        campaign_id=row["campaign_id"],
        phone_number=NUMBER,
        metadata={},
        attempts=0,
        timestamp=utc_now(),
        claim_id=row["claim_id"],
        not_after=None,
    )
    released.append(await begin_attempt(pool, task, Permit(dialer["id"], "trunk", 1), utc_now()))


def test_somebody_whom_every_rule_lets_call_is_said_to_be_next(outdial: Command, arrange: Arrange) -> None:
    running(arrange)

    answer = outdial("campaign", "explain", "spring_appeal", "--contact", NUMBER)[1]

    assert answer["mayBeCalledNow"] is True
    assert (answer["next"]["group"], answer["next"]["reason"]) == ("now", "can_be_called")
    assert [verdict["allows"] for verdict in answer["verdicts"]] == [True] * 11


def test_why_somebody_was_called_and_when_they_are_called_again(outdial: Command, arrange: Arrange) -> None:
    """From the call's own record, and the rule by which the campaign repeats it."""
    running(arrange, busy_once, retry={"busy": {"delaySeconds": 1800}})

    answer = outdial("campaign", "explain", "spring_appeal", "--contact", NUMBER)[1]

    (attempt,) = answer["attempts"]
    assert (attempt["disposition"], attempt["trunk"], attempt["counted"]) == ("busy", "trunk", True)
    assert attempt["followed"] == "to be called again: not before 30 min 00 s after"
    assert answer["next"]["reason"] == "retry"
    assert answer["next"]["text"] == "next try is not due, after: busy"
    due = datetime.fromisoformat(attempt["endedAt"]) + timedelta(seconds=1800)
    assert datetime.fromisoformat(answer["next"]["at"]) == due
    assert [call["campaign"] for call in answer["recentCalls"]] == ["spring_appeal"]
    assert answer["person"]["attempts"] == 1


async def busy_once(pool: Pool, campaign: Campaign) -> None:
    begun: list[Any] = []
    await begin_into(pool, begun)
    await settle(pool, [CallOutcome(begun[0].call_id, Disposition.BUSY, utc_now())])


def test_lists_are_shown_whether_they_hold_here_or_not(outdial: Command, arrange: Arrange) -> None:
    async def change(pool: Pool, campaign: Campaign) -> None:
        other = await given.a_campaign(pool, utc_now(), name="Another")
        async with pool.connection() as conn:
            await conn.execute("insert into registries (name) values ('us-dnc')")
            await add_listings(
                conn,
                [
                    Listing("+1202555", "premium", "manager", "Ann", is_prefix=True),
                    Listing(NUMBER, "asked", "by phone", "Ben", other.id),
                    Listing(NUMBER, "registered", "registry", "Cy", registry="us-dnc"),
                ],
                utc_now(),
            )

    running(arrange, change)

    answer = outdial("campaign", "explain", "spring_appeal", "--contact", NUMBER)[1]

    assert {(entry["where"], entry["holds"], entry["listedBy"]) for entry in answer["listings"]} == {
        ("on the list for all campaigns, by the prefix +1202555", True, "Ann"),
        ("on the list of campaign another only", False, "Ben"),
        ("on registry us-dnc, which this campaign does not require", False, "Cy"),
    }
    assert answer["next"]["text"] == "on the list for all campaigns, by the prefix +1202555"


def test_a_number_is_shown_in_full_to_who_gave_it_and_masked_to_who_gave_an_id(
    outdial: Command, arrange: Arrange, capfd: pytest.CaptureFixture[str]
) -> None:
    running(arrange)
    contact_id = outdial("campaign", "explain", "spring_appeal", "--contact", NUMBER)[1]["person"][
        "contactId"
    ]

    assert run(["campaign", "explain", "spring_appeal", "--contact", NUMBER]) == 0
    assert NUMBER in capfd.readouterr().out
    assert run(["campaign", "explain", "spring_appeal", "--contact", contact_id]) == 0
    by_id = capfd.readouterr().out
    assert UUID(contact_id)
    assert NUMBER not in by_id
    assert "+120******00 in spring_appeal" in by_id


def test_where_somebody_came_from_is_said(outdial: Command, arrange: Arrange, tmp_path: Any) -> None:
    running(arrange)
    file = tmp_path / "friends.csv"
    file.write_text("phone\n+12125550143\n")
    assert outdial("contacts", "import", file, "--campaign", "spring_appeal")[0] == 0

    answer = outdial("campaign", "explain", "spring_appeal", "--contact", "+1 (212) 555-0143")[1]

    assert answer["person"]["number"] == "+12125550143"
    assert answer["person"]["sources"] == ["file friends.csv"]


@pytest.mark.parametrize(
    ("who", "complaint"),
    [
        ("+12025550199", "+12025550199 is no contact of campaign spring_appeal"),
        ("Jane", "--contact 'Jane' is neither the id of a contact in campaign spring_appeal nor a number"),
        ("+12025550123", "the data of +12025550123 was erased on"),
    ],
)
def test_whoever_is_not_there_is_one_sentence(
    outdial: Command, arrange: Arrange, who: str, complaint: str
) -> None:
    running(arrange, sql("insert into erased_numbers values (number_digest('+12025550123'), now(), 'me')"))

    code, answer, said = outdial("campaign", "explain", "spring_appeal", "--contact", who)

    assert (code, len(answer["errors"])) == (1, 1)
    assert complaint in said


def test_a_run_that_is_done_leaves_nobody_to_explain(outdial: Command, arrange: Arrange) -> None:
    async def change(pool: Pool, campaign: Campaign) -> None:
        await everybody_reached(pool, campaign)
        assert await finish_run_if_done(pool, campaign.id, given.RUN, utc_now()) == "completed"

    running(arrange, change)

    assert outdial("campaign", "explain", "spring_appeal")[1]["stoppedBy"] == "status"
