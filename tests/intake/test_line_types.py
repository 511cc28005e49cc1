"""What is known of a contact's line: by the list, else by the number; and where they begin for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from outdial.campaigns.lists.check_contacts import check_contacts
from outdial.campaigns.lists.contact_columns import ColumnHints
from outdial.campaigns.lists.contact_records import ContactFile
from outdial.campaigns.lists.contact_rows import CALLED_INSTEAD, NOT_REACHED, UNKNOWN_LINE
from outdial.campaigns.lists.import_batches import ImportSummary
from outdial.campaigns.lists.import_contacts import ImportOptions, import_contacts
from outdial.domain.channels import LineType
from outdial.domain.line_types import read_line_type
from outdial.storage.pool import Pool
from tests.given import a_campaign

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AMERICAN, BRITISH_LANDLINE, BRITISH_MOBILE = "+12025550123", "+442079460123", "+447911123456"


def a_list(folder: Path, *lines: str) -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


async def imported(
    pool: Pool, path: Path, mapping: dict[str, str] | None = None, **config: object
) -> ImportSummary:
    campaign = await a_campaign(pool, NOW, smsTemplate="Hello", **config)
    return await import_contacts(pool, campaign.id, path, NOW, ImportOptions(mapping or {}))


async def standing(pool: Pool) -> dict[str, tuple[str, str, str | None, str | None]]:
    """By number: line type, status, why failed, and the channel they stand ready on."""
    async with pool.connection() as conn:
        rows = await (
            await conn.execute(
                "select c.phone, c.line_type, c.status, c.failure_reason, r.channel from contacts c "
                "left join ready_contacts r on r.contact_id = c.id"
            )
        ).fetchall()
    return {
        row["phone"]: (row["line_type"], row["status"], row["failure_reason"], row["channel"]) for row in rows
    }


async def test_a_number_tells_its_line_type_outside_north_america(pool: Pool, tmp_path: Path) -> None:
    path = a_list(tmp_path, "phone", AMERICAN, BRITISH_LANDLINE, BRITISH_MOBILE)
    await imported(pool, path)
    assert {phone: line for phone, (line, *_) in (await standing(pool)).items()} == {
        AMERICAN: "unknown",
        BRITISH_LANDLINE: "landline",
        BRITISH_MOBILE: "mobile",
    }


@pytest.mark.parametrize("heading", ["lineType", "line_type", "Phone Type", "phone_type"])
async def test_the_lists_column_wins_over_the_number(pool: Pool, tmp_path: Path, heading: str) -> None:
    path = a_list(
        tmp_path,
        f"phone,{heading}",
        f"{AMERICAN},Land-Line",
        f"{BRITISH_LANDLINE},cell",
        f"{BRITISH_MOBILE},VoIP",
        "+12025550124,",
        "+442079460124,unknown",
    )
    await imported(pool, path)
    assert [line for line, *_ in (await standing(pool)).values()] == [
        "landline",
        "mobile",
        "unknown",
        "unknown",
        "landline",
    ]


async def test_a_word_for_a_line_that_is_not_known_is_a_warning(pool: Pool, tmp_path: Path) -> None:
    path = a_list(tmp_path, "phone,line_type", f"{BRITISH_LANDLINE},tin can", f"{BRITISH_MOBILE},mobile")
    summary = await imported(pool, path)
    assert (summary.imported, summary.rejected, dict(summary.oddities)) == (2, 0, {UNKNOWN_LINE: 1})
    assert (await standing(pool))[BRITISH_LANDLINE][0] == "landline"


async def test_a_landline_is_called_where_calls_follow_and_else_not_reached(
    pool: Pool, tmp_path: Path
) -> None:
    path = a_list(tmp_path, "phone,line_type", f"{AMERICAN},landline", f"{BRITISH_MOBILE},mobile")
    summary = await imported(pool, path, type="sms", fallback="landline")
    assert dict(summary.oddities) == {CALLED_INSTEAD: 1}
    assert await standing(pool) == {
        AMERICAN: ("landline", "pending", None, "voice"),
        BRITISH_MOBILE: ("mobile", "pending", None, "sms"),
    }


async def test_a_landline_is_not_reached_by_texts_alone(pool: Pool, tmp_path: Path) -> None:
    path = a_list(tmp_path, "phone,line_type", f"{AMERICAN},landline", f"{BRITISH_MOBILE},mobile")
    summary = await imported(pool, path, type="sms")
    assert dict(summary.oddities) == {NOT_REACHED: 1}
    assert (await standing(pool))[AMERICAN] == ("landline", "failed", "landline", None)


async def test_a_column_under_another_heading_is_mapped(pool: Pool, tmp_path: Path) -> None:
    path = a_list(tmp_path, "phone,Anschluss", f"{AMERICAN},Festnetz")
    await imported(pool, path, {"lineType": "Anschluss"})
    assert (await standing(pool))[AMERICAN][0] == "landline"


def test_check_says_what_a_column_is_taken_for(tmp_path: Path) -> None:
    path = a_list(tmp_path, "phone,phone_type,type", f"{AMERICAN},mobile,customer")
    checked = check_contacts(ContactFile(path), ColumnHints(default_region="US"), None, 2026)
    assert [column.taken_for for column in checked.columns] == ["phone", "lineType", "kept as it is"]


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("MOBILE", LineType.MOBILE),
        ("Cell phone", LineType.MOBILE),
        ("Móvil", LineType.MOBILE),
        ("נייד", LineType.MOBILE),
        ("fixed_line", LineType.LANDLINE),
        ("Fixed-Line", LineType.LANDLINE),
        ("nonFixedVoip", LineType.UNKNOWN),
        ("FIXED_LINE_OR_MOBILE", LineType.UNKNOWN),
        ("home", None),
    ],
)
def test_people_and_look_up_services_write_line_types_in_their_own_words(
    written: str, line: LineType | None
) -> None:
    assert read_line_type(written) is line
