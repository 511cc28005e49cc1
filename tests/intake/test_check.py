"""`outdial contacts check` says what an import would do, and does nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from outdial.campaigns.lists.check_contacts import CheckedList, ProposedColumn, check_contacts
from outdial.campaigns.lists.contact_columns import ColumnHints
from outdial.campaigns.lists.contact_records import ContactFile
from outdial.campaigns.lists.import_contacts import import_contacts
from outdial.domain.errors import InvalidInput
from outdial.storage.pool import Pool
from tests.given import a_campaign

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROWS = (
    "who,mobile,timezone,state",
    "Ann,(212) 555-0100,,NY",
    "Bob,1.20256E+10,,",
    "Cy,212-555-0100,,",
    "Dee,12345,,",
    "Eve,2125550101,EST,",
    "Flo,2125550102,America/Denver,",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text("\n".join(ROWS) + "\n", "utf-8")
    return path


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def checked(path: Path, **mapping: str) -> CheckedList:
    return check_contacts(ContactFile(path), ColumnHints(mapping, "US"), None, 2026)


def test_columns_are_proposed_with_samples(path: Path) -> None:
    assert checked(path).columns == (
        ProposedColumn("who", "kept as it is", ("Ann", "Bob", "Cy")),
        ProposedColumn("mobile", "phone", ("(212) 555-0100", "1.20256E+10", "212-555-0100")),
        ProposedColumn("timezone", "timezone", ("EST", "America/Denver")),
        ProposedColumn("state", "region", ("NY",)),
    )


def test_reasons_name_the_first_rows(path: Path) -> None:
    found = checked(path)
    assert (found.rows, found.importable, found.duplicates, found.rejected) == (6, 2, 1, 3)
    reasons = {text.split(",")[0]: reason.example_rows for text, reason in found.reasons.items()}
    assert reasons == {
        "mobile: was shortened by a spreadsheet": [3],
        "mobile: too short for a telephone number": [5],
        "'EST' is an abbreviation that may mean several time zones; write one like America/New_York": [6],
    }
    assert [reason.example_rows for reason in found.oddities.values()] == [[7]]


def test_a_mapping_chooses(path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no column 'cell'"):
        checked(path, phone="cell")
    assert checked(path, phone="who").rejected == 6


async def test_an_import_does_what_the_check_said_and_the_check_wrote_nothing(
    pool: Pool, path: Path, tmp_path: Path
) -> None:
    campaign = await a_campaign(pool, NOW, defaultRegion="US")
    said = check_contacts(ContactFile(path), ColumnHints({}, "US"), campaign, NOW.year)
    assert files_in(tmp_path) == [path]
    async with pool.connection() as conn:
        assert await (await conn.execute("select from contacts")).fetchall() == []
        assert await (await conn.execute("select from imports")).fetchall() == []
    done = await import_contacts(pool, campaign.id, path, NOW)
    assert (done.imported, done.duplicates, done.rejected) == (
        said.importable,
        said.duplicates,
        said.rejected,
    )
