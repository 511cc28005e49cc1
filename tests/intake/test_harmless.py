"""Values shaped like attacks are text: in the database, the dial task, the rejects file and the reports."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from upath import UPath

from outdial.campaigns.lists.import_contacts import ImportOptions, import_contacts
from outdial.domain.dial_task import DialTask
from outdial.domain.plain_text import as_it_was, as_plain_text
from outdial.reports.write import write_report
from outdial.storage.pool import Pool
from tests.given import a_campaign

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ATTACKS = [
    "'; drop table contacts; --",
    "%s %(campaign_id)s {0} ${HOME} {{ 7*7 }}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "Bob\r\nAction: Originate\r\nChannel: Local/1\r\n\r\n",
    'Bob" "EXEC System rm\n200 result=0',
    "=cmd|'/C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+9)",
    "\t=1+1",
    " =1+1",
    "\u200b=1+1",
    "\u00a0=1+1",
    "\uff1d1+1",
    "\uff0b1",
    '=HYPERLINK("http://example.org/?"&A1)',
    "../../etc/passwd",
    "2026-03-02 level=info msg=forged\n2026-03-02",
    "\x1b[2J\x1b]0;owned\x07",
    "'",
    "'=already escaped",
    "\u202egnp.exe",
]
RUN_AS_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_list(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows(rows)
    return path


def read_list(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.reader(opened))


async def contacts(pool: Pool) -> dict[str, dict[str, Any]]:
    async with pool.connection() as conn:
        rows = await (await conn.execute("select phone, metadata from contacts order by seq")).fetchall()
    return {row["phone"]: row["metadata"] for row in rows}


async def test_names_reach_the_database_and_the_dial_task_byte_for_byte(pool: Pool, tmp_path: Path) -> None:
    campaign = await a_campaign(pool, NOW)
    rows = [[attack, f"+1212555{n:04}", attack] for n, attack in enumerate(ATTACKS)]
    path = write_list(tmp_path / "list.csv", [["name", "phone", "=note"], *rows])
    summary = await import_contacts(pool, campaign.id, path, NOW, ImportOptions(encoding="utf-8"))
    assert (summary.imported, summary.rejected) == (len(ATTACKS), 0)
    for (phone, metadata), attack in zip((await contacts(pool)).items(), ATTACKS, strict=True):
        assert metadata == {"name": attack, "=note": attack}
        task = DialTask.model_validate({
            "contactId": campaign.id,
            "campaignId": campaign.id,
            "phoneNumber": phone,
            "metadata": metadata,
            "attempts": 0,
            "timestamp": NOW,
            "claimId": campaign.id,
            "notAfter": NOW,
        })
        written = task.model_dump_json(by_alias=True)
        assert "\n" not in written
        assert json.loads(written)["metadata"] == metadata


@pytest.mark.parametrize("attack", ATTACKS)
async def test_numbers_of_such_shapes_are_refused(pool: Pool, tmp_path: Path, attack: str) -> None:
    campaign = await a_campaign(pool, NOW, defaultRegion="US")
    path = write_list(tmp_path / "list.csv", [["name", "phone"], ["Ann", "+12125550100"], ["Bob", attack]])
    summary = await import_contacts(pool, campaign.id, path, NOW, ImportOptions(encoding="utf-8"))
    assert (summary.imported, summary.rejected) == (1, 1)


async def test_reports_of_such_a_campaign_show_text(pool: Pool, tmp_path: Path) -> None:
    name = "=1+1 <script>alert(1)</script>"
    campaign = await a_campaign(pool, NOW, name=name)
    rows = [[attack, f"+1212555{n:04}"] for n, attack in enumerate(ATTACKS)]
    path = write_list(tmp_path / "list.csv", [["name", "phone"], *rows])
    await import_contacts(pool, campaign.id, path, NOW, ImportOptions(encoding="utf-8"))
    files = await write_report(pool, campaign.id, f"file://{tmp_path}", NOW)
    html, table = (UPath(file).read_text("utf-8-sig") for file in (files.html, files.csv))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    for row in csv.reader(table.splitlines()):
        assert not any(cell.startswith(RUN_AS_FORMULA) for cell in row)


async def test_rejects_run_no_formula_and_come_back_as_they_were(pool: Pool, tmp_path: Path) -> None:
    campaign = await a_campaign(pool, NOW)
    rows = [[attack, f"+1212555{n:04}x9", "a"] for n, attack in enumerate(ATTACKS)]
    path = write_list(tmp_path / "list.csv", [["name", "phone", "@note"], *rows])
    summary = await import_contacts(pool, campaign.id, path, NOW, ImportOptions(encoding="utf-8"))
    assert summary.rejects_file is not None
    written = read_list(summary.rejects_file)
    for cell in (cell for row in written for cell in row):
        assert not cell.lstrip("\t\r\n \u00a0\u200b").startswith(RUN_AS_FORMULA)
        assert not cell.startswith(("\t", "\r"))
    mended = [[cell.replace("x9", "") for cell in row] for row in written]
    again = await import_contacts(pool, campaign.id, write_list(tmp_path / "mended.csv", mended), NOW)
    assert (again.imported, again.rejected) == (len(ATTACKS), 0)
    expected = {f"+1212555{n:04}": {"name": attack, "@note": "a"} for n, attack in enumerate(ATTACKS)}
    assert await contacts(pool) == expected


@settings(max_examples=1000, deadline=None)
@given(st.text(st.sampled_from("'=+-@\t\r\n \u200b\uff1dab1"), max_size=6))
def test_what_was_written_as_text_is_read_as_it_was(cell: str) -> None:
    assert as_it_was(as_plain_text(cell)) == cell
    assert not as_plain_text(cell).lstrip("\t\r\n \u200b").startswith(RUN_AS_FORMULA)
