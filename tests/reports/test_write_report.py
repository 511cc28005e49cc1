"""A report is three files that say the same, are safe to open, and are in the place they were asked for."""

from __future__ import annotations

import asyncio
import csv
import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from upath import UPath

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.messaging.aws_clients import open_client
from outdial.reports.figures import Report
from outdial.reports.write import ReportFiles, write_report
from outdial.standalone.aws import REGION
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Pool
from outdial.storage.report import count_calls, open_snapshot
from tests import given
from tests.reports.history import Person, make_history, store_history
from tests.reports.text_history import TextedPerson, make_text_history, store_text_history

NOW = datetime(2026, 11, 20, 18, 5, tzinfo=UTC)
BEGINS = NOW - timedelta(hours=4)
RUN = "manual__2026-11-20T14:00:00+00:00"
ANNOYANCES = ['=HYPERLINK("http://x","y")', "+1-2", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


class Page(HTMLParser):
    """The tags, addresses and visible words of a page."""

    def __init__(self, text: str) -> None:
        """Parse `text` at once."""
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.text = text
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect a tag and what it points at."""
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href"}]

    def handle_data(self, data: str) -> None:
        """Collect words."""
        self.words += data


def page_of(files: ReportFiles) -> Page:
    """The page, parsed."""
    return Page(Path(files.html).read_text("utf-8"))


def figures_in(files: ReportFiles) -> dict[str, Any]:
    """`report.json`, parsed."""
    return json.loads(Path(files.json).read_text("utf-8"))


def files_below(folder: Path) -> list[Path]:
    """Every file in `folder`, at any depth."""
    return [path for path in folder.rglob("*") if path.is_file()]


def calls_in(files: ReportFiles) -> list[dict[str, str]]:
    """The list of calls as a spreadsheet reads it."""
    return lines_of(files.csv)


def lines_of(path: str) -> list[dict[str, str]]:
    """A CSV file as a spreadsheet reads it."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


async def a_past(pool: Pool, name: str = "Spring appeal") -> tuple[Campaign, list[Person]]:
    """A campaign with a history."""
    campaign = await given.a_campaign(pool, NOW, name=name)
    history = make_history(1, 80, BEGINS)
    await store_history(pool, campaign, history, NOW)
    return campaign, history


async def test_the_three_files_say_the_same(pool: Pool, tmp_path: Path) -> None:
    campaign, history = await a_past(pool)

    files = await write_report(pool, campaign.id, tmp_path.as_uri(), NOW, RUN)

    assert {Path(path).parent for path in (files.json, files.csv, files.html)} == {
        tmp_path / "reports" / "spring_appeal" / "manual__2026-11-20T14-00-00-00-00"
    }
    written = figures_in(files)
    assert Report.model_validate(written).totals == files.totals
    assert written["totals"]["calls"]["byDisposition"]["no_answer"] > 0
    assert written["runId"] == RUN
    calls = sorted((person.phone, call.attempt_no) for person in history for call in person.calls)
    assert sorted((line["phoneNumber"], int(line["attemptNo"])) for line in calls_in(files)) == calls
    assert f"{len(calls)} calls, each with one outcome" in page_of(files).words


async def test_every_call_is_listed_with_its_times_on_both_clocks(pool: Pool, tmp_path: Path) -> None:
    campaign, history = await a_past(pool)
    by_call = {(person.phone, call.attempt_no): call for person in history for call in person.calls}

    listed = calls_in(await write_report(pool, campaign.id, tmp_path.as_uri(), NOW))

    assert len(listed) == len(by_call)
    for line in listed:
        call = by_call[line["phoneNumber"], int(line["attemptNo"])]
        for name in ("begun", "ringing", "answered", "ended"):
            at: datetime | None = getattr(call, f"{name}_at")
            own, utc = line[f"{name}At"], line[f"{name}AtUtc"]
            assert (own, utc) == ("", "") if at is None else own and utc
            if at is not None:
                expected = at.astimezone(ZoneInfo("America/New_York")).isoformat(timespec="milliseconds")
                assert own == expected
                assert datetime.fromisoformat(utc) == datetime.fromisoformat(own)
        assert line["disposition"] == (call.disposition or "")
        assert line["converted"] == str(call.converted).lower()


async def a_past_of_texts(pool: Pool, **kind: Any) -> tuple[Campaign, list[TextedPerson]]:
    """A campaign that texts, with a history."""
    wished = {"name": "Autumn texts", "type": "sms", "smsTemplate": "Hello"} | kind
    campaign = await given.a_campaign(pool, NOW, **wished)
    history = make_text_history(1, 80, BEGINS, campaign.reach)
    await store_text_history(pool, campaign, history, NOW)
    return campaign, history


async def test_every_text_is_listed_without_its_words(pool: Pool, tmp_path: Path) -> None:
    campaign, history = await a_past_of_texts(pool)
    texts = [(person, text) for person in history for text in person.texts]

    files = await write_report(pool, campaign.id, tmp_path.as_uri(), NOW, RUN)

    assert files.texts_csv is not None
    assert files.by_kind["textsCsv"] == files.texts_csv
    listed = lines_of(files.texts_csv)
    assert sorted(
        (line["phoneNumber"], line["state"], line["parts"], line["replies"]) for line in listed
    ) == (sorted((p.phone, text.state, str(text.parts), str(text.replies)) for p, text in texts))
    assert sum(int(line["clicks"]) for line in listed) == sum(
        visitors.count("person") for _, text in texts for visitors in text.links
    )
    assert sum(int(line["links"]) for line in listed) == sum(len(text.links) for _, text in texts)
    for line in listed:
        assert datetime.fromisoformat(line["begunAtUtc"]) == datetime.fromisoformat(line["begunAt"])
        assert not any("Hello" in cell for cell in line.values())
    assert Report.model_validate(figures_in(files)).totals == files.totals


async def test_a_page_shows_only_the_channels_of_its_campaign(pool: Pool, tmp_path: Path) -> None:
    of_calls = ("Calls by outcome", "Answer rate", "report.csv", "Time and pace")
    of_texts = ("Texts by outcome", "Delivery rate", "texts.csv", "Parts and cost", "By carrier and sender")
    fallback = "TTS fallback delivered"
    pages: dict[str, str] = {}
    for kind, (campaign, _) in {
        "voice": await a_past(pool),
        "sms": await a_past_of_texts(pool),
        "hybrid": await a_past_of_texts(pool, name="Both", type="hybrid"),
    }.items():
        pages[kind] = page_of(await write_report(pool, campaign.id, tmp_path.as_uri(), NOW)).words

    for kind, shown, hidden in (
        ("voice", of_calls, (*of_texts, fallback)),
        ("sms", of_texts, (*of_calls, fallback)),
        ("hybrid", (*of_calls, *of_texts, fallback), ()),
    ):
        assert [words for words in shown if words not in pages[kind]] == []
        assert [words for words in hidden if words in pages[kind]] == []


async def test_a_campaign_that_only_calls_has_no_list_of_texts(pool: Pool, tmp_path: Path) -> None:
    campaign, _ = await a_past(pool)

    files = await write_report(pool, campaign.id, tmp_path.as_uri(), NOW)

    assert files.texts_csv is None
    assert files.by_kind.keys() == {"html", "csv", "json"}
    assert {path.name for path in files_below(tmp_path)} == {"report.html", "report.csv", "report.json"}


async def test_a_second_report_of_a_run_replaces_the_first(pool: Pool, tmp_path: Path) -> None:
    campaign, _ = await a_past(pool)
    first = await write_report(pool, campaign.id, tmp_path.as_uri(), NOW, RUN)
    async with pool.connection() as conn:
        await conn.execute("update campaigns set status = 'completed'")

    second = await write_report(pool, campaign.id, tmp_path.as_uri(), NOW + timedelta(minutes=1), RUN)

    assert (second.json, second.csv, second.html) == (first.json, first.csv, first.html)
    assert len(files_below(tmp_path)) == 3
    assert figures_in(second)["campaign"]["status"] == "completed"


async def test_no_cell_is_a_formula_and_numbers_stay_numbers(pool: Pool, tmp_path: Path) -> None:
    campaign, _ = await a_past(pool)
    async with pool.connection() as conn:
        for number, text in enumerate(ANNOYANCES):
            await conn.execute(
                "update call_records set annotation = %(text)s, tech_cause = %(text)s, trunk = %(text)s,"
                " ivr_path = jsonb_build_array(%(text)s::text) where call_id ="
                " (select call_id from call_records order by call_id offset %(number)s limit 1)",
                {"text": text, "number": number},
            )

    listed = calls_in(await write_report(pool, campaign.id, tmp_path.as_uri(), NOW))

    dangerous = [
        (name, cell)
        for line in listed
        for name, cell in line.items()
        if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and name != "phoneNumber"
    ]
    assert dangerous == []
    assert {line["annotation"] for line in listed} == {"", *(f"'{text}" for text in ANNOYANCES)}
    assert all(line["phoneNumber"].startswith("+1202555") for line in listed)


async def test_what_people_wrote_is_text_on_the_page(pool: Pool, tmp_path: Path) -> None:
    name, failure = "<script>alert(1)</script>", '"><img src=x onerror=alert(2)>'
    campaign, _ = await a_past(pool, name)

    page = page_of(
        await write_report(pool, campaign.id, tmp_path.as_uri(), NOW, f"{RUN}<iframe>", failure=failure)
    )

    assert not {"script", "img", "iframe", "link"} & set(page.tags)
    assert name in page.words
    assert failure in page.words


async def test_the_page_needs_nothing_from_elsewhere(pool: Pool, tmp_path: Path) -> None:
    campaign, _ = await a_past(pool)

    files = await write_report(pool, campaign.id, tmp_path.as_uri(), NOW)

    assert page_of(files).addresses == ["report.csv", "report.json"]
    assert "url(" not in page_of(files).text


async def test_figures_that_do_not_add_up_are_said_first(pool: Pool, tmp_path: Path) -> None:
    campaign, _ = await a_past(pool)
    sound = page_of(await write_report(pool, campaign.id, tmp_path.as_uri(), NOW, "sound"))
    async with pool.connection() as conn:
        await conn.execute("delete from ready_contacts")

    files = await write_report(pool, campaign.id, tmp_path.as_uri(), NOW, "damaged")

    assert "do not add up" not in sound.words
    assert 0 < page_of(files).words.index("do not add up") < page_of(files).words.index("Answer rate")
    assert figures_in(files)["totals"]["reconciliation"]["holds"] is False


async def test_a_failed_campaign_says_why_once(pool: Pool, tmp_path: Path) -> None:
    campaign, _ = await a_past(pool)
    why = "config.audioFileUrl: the address answers 404"
    async with pool.connection() as conn:
        await conn.execute("update campaigns set status = 'failed', failure_reasons = %s", [[why]])

    files = await write_report(pool, campaign.id, tmp_path.as_uri(), NOW, failure=why)

    assert figures_in(files)["failureReasons"] == [why]
    assert page_of(files).words.count(why) == 1


async def test_an_empty_campaign_has_a_report(pool: Pool, tmp_path: Path) -> None:
    campaign = await given.a_campaign(pool, NOW, name="קמפיין חנוכה")

    files = await write_report(pool, campaign.id, tmp_path.as_uri(), NOW)

    assert calls_in(files) == []
    assert "No call was placed." in page_of(files).words
    assert "קמפיין חנוכה" in page_of(files).words
    assert Path(files.html).parent.name == "20261120T180500Z"


@pytest.fixture
async def bucket(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an S3 bucket; processes find its endpoint as they do in a deployment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    async with open_client("s3", REGION, aws_endpoint) as s3:
        await s3.create_bucket(Bucket="outdial-reports")
    return "s3://outdial-reports/outdial"


async def test_reports_go_to_a_bucket(pool: Pool, bucket: str) -> None:
    campaign, _ = await a_past(pool)

    files = await write_report(pool, campaign.id, bucket, NOW, RUN)

    assert files.html.startswith("s3://outdial-reports/outdial/reports/spring_appeal/")
    written = await asyncio.to_thread(UPath(files.json).read_text)
    assert Report.model_validate_json(written).totals == files.totals


async def test_a_bucket_that_does_not_exist_is_named_in_a_sentence(pool: Pool, bucket: str) -> None:
    campaign = await given.a_campaign(pool, NOW)

    with pytest.raises(Unavailable, match=r"s3://no-such-bucket/.* check STORAGE_URL"):
        await write_report(pool, campaign.id, "s3://no-such-bucket", NOW)


@pytest.mark.parametrize("run_id", ["../../../escape", "a/b", "..", "x" * 300])
async def test_no_run_leads_out_of_the_reports_folder(pool: Pool, tmp_path: Path, run_id: str) -> None:
    campaign = await given.a_campaign(pool, NOW)

    files = await write_report(pool, campaign.id, (tmp_path / "storage").as_uri(), NOW, run_id)

    assert Path(files.html).parent.parent == tmp_path / "storage" / "reports" / "spring_appeal"


async def test_storage_that_cannot_be_used_is_named_in_a_sentence(pool: Pool, tmp_path: Path) -> None:
    campaign = await given.a_campaign(pool, NOW)
    (tmp_path / "reports").write_text("in the way")

    with pytest.raises(Unavailable, match="cannot be written to"):
        await write_report(pool, campaign.id, tmp_path.as_uri(), NOW)
    with pytest.raises(InvalidInput, match="STORAGE_URL 'ftpx://somewhere'"):
        await write_report(pool, campaign.id, "ftpx://somewhere", NOW)
    with pytest.raises(InvalidInput, match="no campaign"):
        await write_report(pool, UUID(int=0), tmp_path.as_uri(), NOW)


async def test_one_report_sees_one_moment(pool: Pool) -> None:
    campaign, _ = await a_past(pool)

    async with open_snapshot(pool) as conn:
        before = await count_calls(conn, campaign.id)
        async with pool.connection() as other:
            await other.execute("delete from call_records")
        after = await count_calls(conn, campaign.id)

    assert after == before
    assert before.originates > 0
