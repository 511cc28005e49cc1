"""Calls by trunk and by the number they came from: what a manager sees of a number that is burnt."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from outdial.domain.dispositions import Disposition
from outdial.reports.write import write_report
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Pool
from tests import given
from tests.reports.history import Call, make_history, store_history

NOW = datetime(2026, 11, 20, 18, 5, tzinfo=UTC)
NUMBERS = ("+12125550100", "+12125550101", None)
TRUNKS = ("carrier", "spare")


def text_of(file: str) -> str:
    return Path(file).read_text("utf-8")


async def a_past_over(
    pool: Pool, trunks: tuple[str, ...], numbers: tuple[str | None, ...]
) -> tuple[Campaign, list[tuple[str, str | None, Call]]]:
    """A campaign whose calls went over these trunks and from these numbers in turn."""
    campaign = await given.a_campaign(pool, NOW)
    history = make_history(7, 80, NOW)
    await store_history(pool, campaign, history, NOW)
    calls = sorted((call for person in history for call in person.calls), key=lambda call: call.begun_at)
    lines = [(trunks[n % len(trunks)], numbers[n % len(numbers)], call) for n, call in enumerate(calls)]
    async with pool.connection() as conn:
        for trunk, number, call in lines:
            await conn.execute(
                "update call_records set trunk = %s, caller_id = %s where begun_at = %s",
                [trunk, number, call.begun_at],
            )
    return campaign, lines


async def test_each_trunk_and_each_number_has_its_calls_and_its_answer_rate(pool: Pool, tmp_path: Path):
    campaign, lines = await a_past_over(pool, TRUNKS, NUMBERS)

    files = await write_report(pool, campaign.id, tmp_path.as_uri(), NOW)

    totals = json.loads(text_of(files.json))["totals"]
    for which, found in ((0, totals["byTrunk"]), (1, totals["byCallerId"])):
        by_name = {row["name"]: row for row in found}
        assert {name: row["originates"] for name, row in by_name.items()} == Counter(
            line[which] for line in lines
        )
        for name, row in by_name.items():
            calls = [call for *line, call in lines if line[which] == name]
            answered = sum(call.disposition is Disposition.ANSWERED for call in calls)
            assert row["answered"] == answered
            assert row["answerRate"] == answered / sum(call.counted is True for call in calls)
            assert row["unreached"] == sum(call.disposition is Disposition.CONGESTION for call in calls)
    page = text_of(files.html)
    assert all(name in page for name in ("By trunk", "spare", "+12125550101", "Not connected"))


async def test_a_campaign_with_one_trunk_and_no_numbers_is_not_bothered_with_them(pool: Pool, tmp_path: Path):
    campaign, _ = await a_past_over(pool, ("trunk",), (None,))

    files = await write_report(pool, campaign.id, tmp_path.as_uri(), NOW)

    assert "By trunk" not in text_of(files.html)
