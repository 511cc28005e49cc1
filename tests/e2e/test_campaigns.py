"""Campaigns through the real Airflow: their ends, and the buttons that must stop calls."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
import yaml

from outdial.campaigns.create import create_campaign
from outdial.campaigns.lifecycle import cancel, pause, resume
from outdial.campaigns.lists.import_contacts import ImportOptions, import_contacts
from outdial.domain.campaign import read_campaign as read_campaign_file
from outdial.domain.clock import utc_now
from outdial.domain.ivr.sound import sound_problem
from outdial.storage.campaigns import read_campaign
from tests.e2e.campaign_run import CampaignRun, report_file, start_campaign, trigger_campaign
from tests.e2e.conftest import Stack
from tests.given import OPERATOR, phones

STEPS = ("validate", "dispatch", "monitor", "report", "notify")
SAMPLE = resources.files("outdial.standalone") / "sample"

pytestmark = pytest.mark.timeout(400)


async def start_sample(stack: Stack, rejects: Path) -> CampaignRun:
    """The campaign and the list that `make demo` runs."""
    spec = read_campaign_file(yaml.safe_load((SAMPLE / "campaign.yaml").read_text("utf-8")))
    campaign_id = await create_campaign(stack.pool, spec, utc_now())
    with resources.as_file(SAMPLE / "contacts.csv") as contacts:
        await import_contacts(
            stack.pool, campaign_id, contacts, utc_now(), ImportOptions(rejects_path=rejects)
        )
    async with stack.pool.connection() as conn:
        campaign = await read_campaign(conn, campaign_id)
    return await trigger_campaign(stack, campaign)


async def test_the_sample_campaign_ends_with_the_totals_its_seed_fixes_and_is_never_run_twice(
    stack: Stack, tmp_path: Path
) -> None:
    run = await start_sample(stack, tmp_path / "rejects.csv")
    assert await run.end(timeout_s=330) == "success"
    assert set((await stack.airflow.task_states(run.dag_id, run.run_id)).values()) == {"success"}
    dispatched = await stack.airflow.returned(run.dag_id, run.run_id, "dispatch")
    assert dispatched["needsMoreContacts"] is False
    assert dispatched["contactCount"] >= 722

    told = await stack.inbox.notification_of(run.campaign.id)
    assert (told["event"], told["reportFailed"]) == ("campaign.completed", False)
    totals = json.loads(report_file(told, "json"))["totals"]
    assert totals["contacts"] == {
        "total": 480,
        "completed": 435,
        "pending": 0,
        "inProgress": 0,
        "waiting": 0,
        "failed": 45,
        "blacklisted": 0,
        "failedByReason": {"invalid_number": 24, "attempts_exhausted": 21},
    }
    assert {name: n for name, n in totals["calls"]["byDisposition"].items() if n} == {
        "answered": 435,
        "busy": 85,
        "no_answer": 128,
        "invalid_number": 24,
        "rejected": 31,
        "congestion": 19,
    }
    assert (totals["calls"]["originates"], totals["calls"]["attempts"]) == (722, 703)
    assert (totals["calls"]["converted"], totals["calls"]["optedOut"]) == (255, 60)
    assert totals["reconciliation"]["holds"]
    await run.assert_sound()

    again = await stack.airflow.trigger(run.dag_id)
    assert await stack.airflow.wait_for_end(run.dag_id, again, timeout_s=60) == "success"
    assert await stack.airflow.task_states(run.dag_id, again) == dict.fromkeys(STEPS, "skipped")
    reason = await stack.airflow.returned(run.dag_id, again, "validate", "skipped_because")
    assert "is completed" in reason
    assert await run.calls() == 722


async def test_airflows_pause_toggle_stops_calls_and_a_cancelled_run_is_still_reported(stack: Stack) -> None:
    run = await start_campaign(stack, phones(400, first=5000), name="Paused and cancelled")
    await run.more_calls_begin()
    await stack.airflow.set_paused(run.dag_id, paused=True)
    await run.assert_nothing_begins(await run.lease_ends())
    await stack.airflow.set_paused(run.dag_id, paused=False)
    await run.more_calls_begin()

    await pause(stack.pool, run.campaign.id, OPERATOR, utc_now())
    await run.assert_nothing_begins(utc_now(), for_s=4)
    assert await stack.airflow.run_state(run.dag_id, run.run_id) == "running"
    await resume(stack.pool, run.campaign.id, OPERATOR, utc_now())
    await run.more_calls_begin()

    await cancel(stack.pool, run.campaign.id, OPERATOR, utc_now())
    assert await run.end(timeout_s=90) == "success"
    assert (await run.now()).status == "cancelled"
    told = await stack.inbox.notification_of(run.campaign.id)
    assert (told["event"], told["campaignStatus"]) == ("campaign.cancelled", "cancelled")
    assert "cancelled" in report_file(told, "html")
    assert told["progress"]["live"] == 0
    await run.assert_sound()


async def test_a_cleared_step_calls_nobody_twice_and_a_run_marked_failed_stops_until_it_is_cleared(
    stack: Stack,
) -> None:
    # More than are called while a slow Airflow makes up its mind.
    run = await start_campaign(stack, phones(500, first=6000), name="Cleared", maxAttemptsPerContact=1)
    await run.more_calls_begin()
    # Airflow starts the new trigger in the moment in which it kills the old one: they may overlap.
    await stack.airflow.clear_task(run.dag_id, run.run_id, "dispatch")
    await run.waits_in("dispatch", on_try=2)
    await run.more_calls_begin()

    # Airflow may have the run going again before anybody has seen it stand still.
    await stack.airflow.clear_run(run.dag_id, run.run_id)
    await run.waits_in("dispatch", on_try=3)
    await run.more_calls_begin()

    await stack.airflow.mark_run_failed(run.dag_id, run.run_id)
    await run.assert_nothing_begins(await run.lease_ends())
    assert await run.calls() < 500

    await stack.airflow.clear_run(run.dag_id, run.run_id)
    await run.more_calls_begin()
    await run.go_on_at(cps=50)
    assert await run.end() == "success"
    assert (await run.now()).status == "completed"
    unfinished = await run.fetch(
        "select 1 from contact_states where campaign_id = %(id)s and (status = 'pending' or is_waiting)"
    )
    assert unfinished == []
    await run.assert_sound()


async def test_a_campaign_that_cannot_run_is_red_with_every_reason_reported_and_notified(
    stack: Stack,
) -> None:
    run = await start_campaign(stack, [], name="Impossible", type="sms")
    assert await run.end(timeout_s=90) == "failed"
    states = await stack.airflow.task_states(run.dag_id, run.run_id)
    assert states == {
        "validate": "failed",
        "dispatch": "upstream_failed",
        "monitor": "upstream_failed",
        "report": "success",
        "notify": "failed",
    }
    campaign = await run.now()
    assert campaign.status == "failed"
    told = await stack.inbox.notification_of(run.campaign.id)
    assert told["event"] == "campaign.failed"
    assert told["reasons"] == list(campaign.failure_reasons)
    assert {reason.split(":")[0] for reason in told["reasons"]} == {"config.smsTemplate", "contacts"}
    assert "contacts: the campaign has none" in report_file(told, "html")


async def test_a_trial_calls_no_more_than_its_limit_and_the_campaign_can_go_on(stack: Stack) -> None:
    run = await start_campaign(
        stack, phones(30, first=7000), name="Tried first", maxAttemptsPerContact=1, conf={"contact_limit": 4}
    )
    assert await run.end() == "success"
    assert await run.calls() == 4
    assert (await run.now()).status == "draft"
    assert await stack.airflow.import_errors() == []
    await run.assert_sound()


async def test_a_report_that_cannot_be_written_is_notified_and_does_not_fail_the_run(stack: Stack) -> None:
    in_the_way = Path(stack.settings.storage_url.removeprefix("file://")) / "reports" / "no_place_for_it"
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_text("a file where the folder of the reports ought to be", "utf-8")

    run = await start_campaign(stack, phones(2, first=9000), name="No place for it")

    assert await run.end(timeout_s=180) == "success"
    steps = await stack.airflow.task_states(run.dag_id, run.run_id)
    assert steps == dict.fromkeys(STEPS, "success") | {"report": "failed"}
    told = await stack.inbox.notification_of(run.campaign.id)
    assert (told["event"], told["report"], told["reportFailed"]) == ("campaign.completed", None, True)


async def test_a_campaign_of_texts_is_said_from_validation_to_the_call(stack: Stack) -> None:
    nodes = [
        {"id": "hello", "type": "play_audio", "text": "Hello {{firstName|friend}}.", "nextNodeId": "bye"},
        {"id": "bye", "type": "play_audio", "text": "Goodbye from the spring appeal."},
    ]
    flow = {"startNodeId": "hello", "nodes": nodes}
    run = await start_campaign(
        stack, phones(12, first=9500), name="Said", ivrFlow=flow, audioFileUrl=None, maxAttemptsPerContact=1
    )
    assert await run.end() == "success"
    speech = Path(stack.settings.storage_url.removeprefix("file://")) / "speech"
    (kept,) = speech.iterdir()
    assert sound_problem(kept.name, kept.read_bytes()) is None
    # How many answer depends on the hour; whoever does is walked through the texts.
    paths = await run.fetch(
        "select ivr_path from call_records where campaign_id = %(id)s and disposition = 'answered'"
    )
    assert {row["ivr_path"][0] for row in paths} <= {"hello"}
    await run.assert_sound()
