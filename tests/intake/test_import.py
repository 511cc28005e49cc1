"""Every row of a list becomes a contact, a duplicate or a reject with its reason, and the counts add up."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from outdial.blacklist.erasing import erase_number
from outdial.campaigns.lifecycle import cancel
from outdial.campaigns.lists import import_contacts as room
from outdial.campaigns.lists.import_batches import ImportSummary
from outdial.campaigns.lists.import_contacts import ImportOptions, import_contacts
from outdial.domain.errors import InvalidInput
from outdial.storage.pool import Pool, open_pool
from tests.given import OPERATOR, a_campaign

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SAMPLE = Path(room.__file__).parents[2] / "standalone" / "sample" / "contacts.csv"


async def imported(pool: Pool, campaign_id: UUID) -> dict[str, dict[str, Any]]:
    """Contacts by number, each with metadata and zones, as it stands ready to be called."""
    async with pool.connection() as conn:
        rows = await (
            await conn.execute(
                "select c.phone, c.metadata, a.zones, c.status from contacts c"
                " join ready_contacts r on r.contact_id = c.id and r.area_id = c.area_id"
                " join areas a on a.id = c.area_id where c.campaign_id = %s order by c.seq",
                [campaign_id],
            )
        ).fetchall()
    return {row["phone"]: row for row in rows}


def a_list(folder: Path, *lines: str) -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def rejects_of(summary: ImportSummary) -> list[list[str]]:
    assert summary.rejects_file is not None
    with summary.rejects_file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.reader(opened))[1:]


def counts(summary: ImportSummary) -> tuple[int, int, int, int]:
    return summary.rows, summary.imported, summary.duplicates, summary.rejected


SPELLINGS = st.sampled_from([
    "+1202555{:04}",
    "(202) 555-{:04}",
    "1-202-555-{:04}",
    "  202.555.{:04} ",
    "001202555{:04}",
])
GOOD = st.builds(
    lambda spelling, n: (spelling.format(n), f"+1202555{n:04}"), SPELLINGS, st.integers(100, 115)
)
BAD = st.sampled_from(["", "n/a", "12345", "+999 1234567", "2.02556E+09", "=1+1"]).map(
    lambda text: (text, None)
)
NOTES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(GOOD | BAD, NOTES), max_size=40),
    policy=st.sampled_from(["first", "last", "merge"]),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
def test_rows_are_imported_or_duplicate_or_rejected(
    rows: Sequence[tuple[tuple[str, str | None], str]],
    policy: Literal["first", "last", "merge"],
    delimiter: str,
    database_dsn: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "BATCH_ROWS", 7)
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(["who", "phone", "note"])
    writer.writerows((f"person {n}", written, note) for n, ((written, _), note) in enumerate(rows))
    path = tmp_path / "list.csv"
    path.write_bytes(buffer.getvalue().encode("utf-8-sig"))

    async def go() -> tuple[ImportSummary, ImportSummary, set[str]]:
        async with open_pool(database_dsn, max_size=2) as pool:
            campaign = await a_campaign(pool, NOW, defaultRegion="US", duplicates=policy)
            summary = await import_contacts(pool, campaign.id, path, NOW)
            again = await import_contacts(pool, campaign.id, path, NOW)
            return summary, again, set(await imported(pool, campaign.id))

    summary, again, phones = asyncio.run(go())
    good = [e164 for (_, e164), _ in rows if e164]
    bad = len(rows) - len(good)
    assert phones == set(good)
    assert counts(summary) == (len(rows), len(phones), len(good) - len(phones), bad)
    assert counts(again) == (len(rows), 0, len(good), bad)
    assert bad == (len(rejects_of(summary)) if bad else 0)


async def test_the_sample_list_has_the_flaws_it_says_it_has(pool: Pool, tmp_path: Path) -> None:
    campaign = await a_campaign(pool, NOW, defaultRegion="US")
    summary = await import_contacts(
        pool, campaign.id, SAMPLE, NOW, ImportOptions(rejects_path=tmp_path / "rejects.csv")
    )
    assert counts(summary) == (500, 480, 11, 9)
    contacts = await imported(pool, campaign.id)
    zones = [contact["zones"] for contact in contacts.values()]
    assert len({zone for (zone, *_) in zones}) > 12
    assert ["Australia/Hobart"] in zones
    reasons = " ".join(row[1] for row in rejects_of(summary))
    for word in ("empty", "shortened by a spreadsheet", "Mars/Olympus_Mons", "too short", "does not exist"):
        assert word in reasons


async def test_rejects_say_row_and_reason_and_run_no_formula(pool: Pool, tmp_path: Path) -> None:
    campaign = await a_campaign(pool, NOW, defaultRegion="US")
    path = a_list(
        tmp_path, "name,phone,note", "Ann,202-555-0101,=1+1", "", 'Bob,12,"=cmd|x"', "Cy,n/a,-1,more"
    )
    summary = await import_contacts(pool, campaign.id, path, NOW)
    assert summary.rejects_file == tmp_path / "list.rejects.csv"
    assert rejects_of(summary) == [
        ["4", "phone: too short for a telephone number", "Bob", "12", "'=cmd|x"],
        ["5", "has 4 cells, the header 3: quote cells that hold the delimiter", "Cy", "n/a", "'-1", "more"],
    ]


async def test_without_rejects_there_is_no_rejects_file(pool: Pool, tmp_path: Path) -> None:
    campaign = await a_campaign(pool, NOW)
    path = a_list(tmp_path, "phone", "+12025550101")
    summary = await import_contacts(pool, campaign.id, path, NOW)
    assert summary.rejects_file is None
    assert not tmp_path.joinpath("list.rejects.csv").exists()
    assert not tmp_path.joinpath("list.rejects.csv.part").exists()


async def test_zones_come_from_the_file_then_the_number_then_the_campaign(pool: Pool, tmp_path: Path) -> None:
    campaign = await a_campaign(pool, NOW, timezone="Asia/Jerusalem")
    path = a_list(
        tmp_path,
        "phone,timezone",
        "+12125550101,america/los_angeles",
        "+12125550102,",
        "+61870100123,",
        "+972501234567,",
        "+12125550103,Mars/Base",
    )
    summary = await import_contacts(pool, campaign.id, path, NOW)
    zones = {phone: row["zones"] for phone, row in (await imported(pool, campaign.id)).items()}
    assert zones == {
        "+12125550101": ["America/Los_Angeles", "America/New_York"],
        "+12125550102": ["America/New_York"],
        "+61870100123": ["Australia/Adelaide", "Australia/Perth"],
        "+972501234567": ["Asia/Jerusalem"],
    }
    assert (summary.rejected, summary.warnings) == (1, 2)


@pytest.mark.parametrize(("strict", "expected"), [(False, (1, 1, 0, 0)), (True, (1, 0, 0, 1))])
async def test_unassigned_numbers_are_kept_unless_the_campaign_is_strict(
    pool: Pool, tmp_path: Path, strict: bool, expected: tuple[int, int, int, int]
) -> None:
    campaign = await a_campaign(pool, NOW, strictNumbers=strict)
    summary = await import_contacts(pool, campaign.id, a_list(tmp_path, "phone", "+972501234567"), NOW)
    assert counts(summary) == expected
    assert summary.warnings == summary.imported


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("first", {"name": "Ann", "city": "Bonn"}),
        ("last", {"name": "Anna", "note": "late"}),
        ("merge", {"name": "Ann", "city": "Bonn", "note": "late"}),
    ],
)
@pytest.mark.parametrize("batch_rows", [1, 100], ids=["across batches", "within one"])
async def test_duplicates_follow_the_campaigns_policy(
    pool: Pool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: str,
    expected: dict[str, str],
    batch_rows: int,
) -> None:
    monkeypatch.setattr(room, "BATCH_ROWS", batch_rows)
    campaign = await a_campaign(pool, NOW, defaultRegion="US", duplicates=policy)
    path = a_list(
        tmp_path,
        "name,phone,city,note",
        "Ann,202-555-0101,Bonn,",
        "Bob,2025550102,,",
        "Anna,(202) 555 0101,,late",
    )
    summary = await import_contacts(pool, campaign.id, path, NOW)
    assert counts(summary) == (3, 2, 1, 0)
    contacts = await imported(pool, campaign.id)
    assert contacts["+12025550101"]["metadata"] == expected
    assert contacts["+12025550102"]["metadata"] == {"name": "Bob"}


async def test_metadata_that_would_not_fit_a_dial_task_is_rejected(pool: Pool, tmp_path: Path) -> None:
    campaign = await a_campaign(pool, NOW)
    path = a_list(tmp_path, "phone,note", f"+12025550101,{'x' * 20_000}", "+12025550102,nul\x00byte")
    summary = await import_contacts(pool, campaign.id, path, NOW, ImportOptions(encoding="utf-8"))
    assert "16 KiB" in rejects_of(summary)[0][1]
    assert (await imported(pool, campaign.id))["+12025550102"]["metadata"] == {"note": "nulbyte"}


async def test_a_cancelled_campaign_takes_no_contacts(pool: Pool, tmp_path: Path) -> None:
    campaign = await a_campaign(pool, NOW)
    await cancel(pool, campaign.id, OPERATOR, NOW)
    with pytest.raises(InvalidInput, match="is cancelled and takes no more contacts"):
        await import_contacts(pool, campaign.id, a_list(tmp_path, "phone", "+12025550101"), NOW)


async def test_a_campaign_cancelled_in_the_middle_takes_no_more(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "BATCH_ROWS", 1)
    campaign = await a_campaign(pool, NOW)

    def cancel_now(_summary: ImportSummary, _share: float | None) -> None:
        asyncio.run(cancel_by_another())

    async def cancel_by_another() -> None:
        async with open_pool(pool.conninfo, max_size=1) as other:
            await cancel(other, campaign.id, OPERATOR, NOW)

    path = a_list(tmp_path, "phone", "+12025550101", "+12025550102")
    options = ImportOptions(on_progress=lambda *told: run_elsewhere(cancel_now, *told))
    with pytest.raises(InvalidInput, match="is cancelled"):
        await import_contacts(pool, campaign.id, path, NOW, options)
    assert set(await imported(pool, campaign.id)) == {"+12025550101"}


def run_elsewhere(function: Any, *arguments: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(1) as threads:
        threads.submit(function, *arguments).result()


async def test_rejects_that_cannot_be_written_stop_the_import_before_its_first_row(
    pool: Pool, tmp_path: Path
) -> None:
    campaign = await a_campaign(pool, NOW)
    path = a_list(tmp_path, "phone", "+12025550101")
    options = ImportOptions(rejects_path=tmp_path / "nowhere" / "rejects.csv")
    with pytest.raises(InvalidInput, match="--rejects PATH"):
        await import_contacts(pool, campaign.id, path, NOW, options)
    with pytest.raises(InvalidInput, match="is the list itself"):
        await import_contacts(pool, campaign.id, path, NOW, ImportOptions(rejects_path=path))
    assert not await imported(pool, campaign.id)


async def test_an_erased_person_is_rejected_and_not_stored_again(pool: Pool, tmp_path: Path) -> None:
    campaign = await a_campaign(pool, NOW, defaultRegion="US")
    await erase_number(pool, "+12025550101", "dpo", NOW)
    path = a_list(tmp_path, "name,phone", "Bob,+12025550100", "Ada,202-555-0101", "Cy,nothing")
    summary = await import_contacts(pool, campaign.id, path, NOW)
    assert counts(summary) == (3, 1, 0, 2)
    assert list(await imported(pool, campaign.id)) == ["+12025550100"]
    (row, reason), *_ = rejects_of(summary)
    assert row == "3"
    assert "was erased" in reason


async def test_a_number_erased_during_an_import_does_not_come_in_after_it(pool: Pool, tmp_path: Path) -> None:
    campaign = await a_campaign(pool, NOW)
    path = a_list(tmp_path, "name,phone", "Ada,+12025550101")
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("select from campaigns for no key update")
        importing = asyncio.create_task(import_contacts(pool, campaign.id, path, NOW))
        await asyncio.sleep(0.2)
        erasing = asyncio.create_task(erase_number(pool, "+12025550101", "dpo", NOW))
        await asyncio.sleep(0.2)
    assert (await importing).imported == 1
    assert len((await erasing).people) == 1
