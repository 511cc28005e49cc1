"""Where somebody may be: by the list's columns, by the number, and by what the campaign wants of doubt."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from outdial.campaigns.lists.contact_zones import CONTRADICTS, LIST_IS_BELIEVED, NO_ZONE
from outdial.campaigns.lists.import_batches import ImportSummary
from outdial.campaigns.lists.import_contacts import ImportOptions, import_contacts
from outdial.campaigns.lists.zone_texts import NotAZone, read_zone
from outdial.storage.pool import Pool
from tests.given import a_campaign

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TWO_ZONES = "+61870100123"
ONE_ZONE = "+12125550123"
NOWHERE = "+881612345678"


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("America/New_York", "America/New_York"),
        (" america/los angeles ", "America/Los_Angeles"),
        ("US/Eastern", "US/Eastern"),
        ("Eastern Standard Time", "America/New_York"),
        ("israel standard time", "Asia/Jerusalem"),
        ("UTC", "UTC"),
        ("Japan", "Japan"),
    ],
)
def test_zones_that_can_mean_only_one_are_understood(written: str, zone: str) -> None:
    assert read_zone(written) == zone


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        *(
            (text, "abbreviation that may mean several")
            for text in ("EST", "IST", "CST", "MST", "PST", "BST")
        ),
        *(
            (text, "says nothing about summer time")
            for text in ("+02:00", "UTC+2", "GMT-5", "Etc/GMT+5", "-5")
        ),
        ("Mars/Olympus", "is no time zone"),
        ("Eastern", "is no time zone"),
    ],
)
def test_zones_that_may_mean_several_are_refused(written: str, reason: str) -> None:
    zone = read_zone(written)
    assert isinstance(zone, NotAZone)
    assert reason in zone.reason


async def areas(pool: Pool) -> dict[str, tuple[list[str], list[str]]]:
    async with pool.connection() as conn:
        rows = await (
            await conn.execute(
                "select c.phone, a.zones, a.regions from contacts c join areas a on a.id = c.area_id"
            )
        ).fetchall()
    return {row["phone"]: (row["zones"], row["regions"]) for row in rows}


async def imported(pool: Pool, folder: Path, rows: list[str], **config: str) -> ImportSummary:
    campaign = await a_campaign(pool, NOW, timezone="America/Chicago", **config)
    path = folder / "list.csv"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return await import_contacts(pool, campaign.id, path, NOW, ImportOptions())


@pytest.mark.parametrize(
    ("unknown_zones", "expected", "oddities", "rejected"),
    [
        (
            "strictest",
            {
                TWO_ZONES: ["Australia/Adelaide", "Australia/Perth"],
                ONE_ZONE: ["America/New_York"],
                NOWHERE: ["America/Chicago"],
            },
            {NO_ZONE: 1},
            0,
        ),
        (
            "campaign",
            {
                TWO_ZONES: ["America/Chicago"],
                ONE_ZONE: ["America/New_York"],
                NOWHERE: ["America/Chicago"],
            },
            {NO_ZONE: 2},
            0,
        ),
        ("skip", {ONE_ZONE: ["America/New_York"]}, {}, 2),
    ],
)
async def test_numbers_of_unknown_zone_follow_the_campaigns_wish(
    pool: Pool,
    tmp_path: Path,
    unknown_zones: str,
    expected: dict[str, list[str]],
    oddities: dict[str, int],
    rejected: int,
) -> None:
    rows = ["phone", TWO_ZONES, ONE_ZONE, NOWHERE]
    summary = await imported(pool, tmp_path, rows, unknownZones=unknown_zones)
    assert {phone: zones for phone, (zones, _) in (await areas(pool)).items()} == expected
    assert {text: n for text, n in summary.oddities.items() if "zone" in text} == oddities
    assert summary.rejected == rejected


@pytest.mark.parametrize(
    ("unknown_zones", "expected", "oddity"),
    [
        ("strictest", ["America/Los_Angeles", "America/New_York"], CONTRADICTS),
        ("campaign", ["America/Los_Angeles"], LIST_IS_BELIEVED),
        ("skip", ["America/Los_Angeles"], LIST_IS_BELIEVED),
    ],
)
async def test_a_zone_that_contradicts_the_number_is_flagged(
    pool: Pool, tmp_path: Path, unknown_zones: str, expected: list[str], oddity: str
) -> None:
    rows = ["phone,timezone", f"{ONE_ZONE},America/Los_Angeles", "+12125550124,America/Detroit"]
    summary = await imported(pool, tmp_path, rows, unknownZones=unknown_zones)
    found = await areas(pool)
    assert found[ONE_ZONE][0] == expected
    assert found["+12125550124"][0] == ["America/Detroit"]
    assert summary.oddities == {oddity: 1}


async def test_the_lists_region_and_the_numbers_both_hold(pool: Pool, tmp_path: Path) -> None:
    rows = [
        "phone,State",
        "+13055550123,FL",
        "+13055550124,California",
        "+12125550125,US-TX",
        "+12125550126,",
        "+12125550127,Atlantis",
        "+442079460018,",
        "+18005550123,Florida",
    ]
    summary = await imported(pool, tmp_path, rows)
    assert {phone: regions for phone, (_, regions) in (await areas(pool)).items()} == {
        "+13055550123": ["US-FL"],
        "+13055550124": ["US-CA", "US-FL"],
        "+12125550125": ["US-NY", "US-TX"],
        "+12125550126": ["US-NY"],
        "+12125550127": ["US-NY"],
        "+442079460018": ["GB"],
        "+18005550123": ["US-FL"],
    }
    assert summary.oddities["region not understood, the number's is used"] == 1
