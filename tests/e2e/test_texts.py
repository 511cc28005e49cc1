"""A campaign of texts through the real Airflow, from its file's fields to what people wrote back."""

from __future__ import annotations

import csv
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outdial.campaigns.lists.import_contacts import ImportOptions, import_contacts
from outdial.domain.clock import utc_now
from tests import given
from tests.e2e.campaign_run import (
    QUICK_RETRIES,
    CampaignRun,
    report_file,
    seen,
    trigger_campaign,
    until,
)
from tests.e2e.conftest import Stack

MOBILES = [f"+4477009001{n:02d}" for n in range(40)]
LANDLINES = [f"+4420794600{n:02d}" for n in range(3)]
"""Numbers kept for fiction. Who of them stops, clicks or takes no texts is fixed by the scenario's seed."""

TEXT = "Thank you, {{name|friend}}! See what your gift does: https://example.com/spring"
SENDER = "12025550199"

pytestmark = pytest.mark.timeout(300)


async def start_texts(stack: Stack, folder: Path) -> CampaignRun:
    """Texts for everybody on a list, and a call in their place for lines that take none."""
    campaign = await given.a_campaign(
        stack.pool,
        utc_now(),
        name="Thank you",
        type="sms",
        timezone="Europe/London",
        audioFileUrl=None,
        smsTemplate=TEXT,
        fallback="landline",
        sms={"receiptWaitSeconds": 5, "pricePerPart": "0.04", "currency": "GBP"},
        maxAttemptsPerContact=1,
        ringTimeoutSeconds=5,
        retry=QUICK_RETRIES,
    )
    people = folder / "people.csv"
    with people.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("name", "phone"))
        rows.writerows(enumerate([*MOBILES, *LANDLINES]))
    rejects = ImportOptions(rejects_path=folder / "rejects.csv")
    await import_contacts(stack.pool, campaign.id, people, utc_now(), rejects)
    return await trigger_campaign(stack, campaign)


def texts_to_the_list(stack: Stack) -> list[dict[str, Any]]:
    """Every text that the carrier took for somebody on the list, by its own ledger."""
    return [text for text in seen(stack.ledger, "text") if text["to"] in {*MOBILES, *LANDLINES}]


async def is_all_heard(stack: Stack, run: CampaignRun) -> bool:
    """Is everything in our rows that the simulated people did, and answered what must be?"""
    rows = await run.fetch(
        "select (select count(*) from sms_replies where campaign_id = %(id)s) as replies,"
        " (select count(*) from sms_link_visits v join sms_links l on l.id = v.link_id"
        "  join sms_records s on s.id = l.record_id where s.campaign_id = %(id)s) as visits,"
        " (select count(*) from sms_records where state in ('queued', 'submitting', 'sent')) as unsettled"
    )
    own = set(MOBILES)
    replies = [reply for reply in seen(stack.ledger, "reply") if reply["from"] in own]
    visits = [visit for visit in seen(stack.ledger, "link") if visit["to"] in own]
    return rows == [{"replies": len(replies), "visits": len(visits), "unsettled": 0}]


async def test_a_campaign_of_texts_reaches_everybody_once_calls_landlines_and_hears_who_says_stop(
    stack: Stack, tmp_path: Path
) -> None:
    run = await start_texts(stack, tmp_path)
    assert await run.end() == "success"
    assert (await run.now()).status == "completed"
    assert set((await stack.airflow.task_states(run.dag_id, run.run_id)).values()) == {"success"}
    dispatched = await stack.airflow.returned(run.dag_id, run.run_id, "dispatch")
    counts = {"totalContacts": 43, "sentCount": 40, "skippedCount": 3, "failedCount": 0, "errors": []}
    assert ({"campaignId": str(run.campaign.id)} | counts).items() <= dispatched.items()
    told = await stack.inbox.notification_of(run.campaign.id)
    totals = json.loads(report_file(told, "json"))["totals"]
    assert totals["reconciliation"]["holds"]

    await until(lambda: is_all_heard(stack, run), timeout_s=30)
    texts = texts_to_the_list(stack)
    first = [text for text in texts if text["text"].startswith("Thank you, ")]
    assert Counter(text["to"] for text in first) == Counter(MOBILES)
    assert {text["from"] for text in texts} == {SENDER}
    outcomes = Counter(text["outcome"] for text in first)
    assert totals["texts"]["sent"] == 40
    assert totals["texts"]["delivered"] == outcomes["delivered"] > 30
    cost = totals["texts"]["cost"]
    assert cost["total"] == f"{Decimal('0.04') * cost['parts']:.2f}"
    [rows] = await run.fetch("select sum(parts) as parts from sms_records where campaign_id = %(id)s")
    assert rows["parts"] == sum(text["parts"] for text in texts) >= cost["parts"] >= len(first)

    takes_none = {text["to"] for text in first if text["outcome"] == "landline"}
    called = await run.fetch("select distinct phone from call_records where campaign_id = %(id)s")
    assert takes_none
    assert {row["phone"] for row in called} == takes_none | set(LANDLINES)

    await assert_stops_are_kept(stack, run, texts)
    await run.assert_sound()


async def assert_stops_are_kept(stack: Stack, run: CampaignRun, texts: list[dict[str, Any]]) -> None:
    """Who wrote STOP is listed and was told so once; nobody else is listed."""
    stopped = {
        reply["from"]
        for reply in seen(stack.ledger, "reply")
        if reply["from"] in MOBILES and reply["text"] == "STOP"
    }
    listed = await run.fetch(
        "select b.number from blacklist b join contacts c on c.phone = b.number"
        " where c.campaign_id = %(id)s and b.source = 'sms'"
    )
    assert stopped
    assert {row["number"] for row in listed} == stopped
    answers = Counter(text["to"] for text in texts if not text["text"].startswith("Thank you, "))
    assert {phone: answers[phone] for phone in stopped} == dict.fromkeys(stopped, 1)
