"""An import that was killed goes on after its last committed row; its summary is the whole list's."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from outdial.campaigns.lists import import_contacts as room
from outdial.campaigns.lists.import_batches import ImportSummary
from outdial.campaigns.lists.import_contacts import ImportOptions, import_contacts
from outdial.domain.errors import InvalidInput
from outdial.storage.pool import Pool
from tests.given import a_campaign

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROWS = 20_000


class Killed(Exception):
    """Stands for whatever ends an import in its middle."""


@pytest.fixture
def long_list(tmp_path: Path) -> Path:
    path = tmp_path / "long.csv"
    lines = (f"Person {n},{'12345' if n % 10 == 0 else f'+1212{2_000_000 + n}'}" for n in range(ROWS))
    path.write_text("name,phone\n" + "\n".join(lines) + "\n", "utf-8")
    return path


def stop_after(rows: int) -> ImportOptions:
    def tell(summary: ImportSummary, _share: float | None) -> None:
        if summary.rows >= rows:
            raise Killed

    return ImportOptions(on_progress=tell)


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def lines_of(path: Path) -> list[str]:
    return path.read_text("utf-8-sig").splitlines()


@pytest.fixture
def command(database_dsn: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`outdial contacts import` as a process on the test's database."""
    parts = urlsplit(database_dsn)
    values = (parts.hostname, parts.port, parts.path[1:], parts.username, parts.password)
    for name, value in zip(("HOST", "PORT", "NAME", "USER", "PASSWORD"), values, strict=True):
        monkeypatch.setenv(f"DB_{name}", str(value))
    return [str(Path(sys.executable).with_name("outdial")), "contacts", "import"]


def committed_rows(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute("select coalesce(max(rows), 0) from imports").fetchone()
        assert row
        return row[0]


async def test_a_killed_process_goes_on_when_it_is_started_again(
    pool: Pool, database_dsn: str, long_list: Path, command: list[str]
) -> None:
    campaign = await a_campaign(pool, NOW)
    given = [*command, str(long_list), "--campaign", campaign.slug, "--json"]
    process = await asyncio.create_subprocess_exec(*given, stdout=subprocess.DEVNULL)
    while not 0 < await asyncio.to_thread(committed_rows, database_dsn) < ROWS:
        assert process.returncode is None
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
    done = await asyncio.to_thread(committed_rows, database_dsn)
    assert 0 < done < ROWS

    again = await asyncio.to_thread(subprocess.run, given, capture_output=True, text=True, check=True)
    facts = json.loads(again.stdout)
    assert facts["resumed_at"] >= done
    counted = (facts["rows"], facts["imported"], facts["duplicates"], facts["rejected"])
    assert counted == (ROWS, ROWS * 9 // 10, 0, ROWS // 10)
    assert [int(line.split(",")[0]) for line in lines_of(Path(facts["rejects_file"]))[1:]] == [
        n + 2 for n in range(0, ROWS, 10)
    ]
    async with pool.connection() as conn:
        row = await (
            await conn.execute("select count(*), count(distinct phone) as n from contacts")
        ).fetchone()
        left = await (await conn.execute("select count(*) as n from import_rejects")).fetchone()
    assert row
    assert row["count"] == row["n"] == ROWS * 9 // 10
    assert left == {"n": 0}


async def test_again_starts_from_the_first_row(
    pool: Pool, long_list: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "BATCH_ROWS", 1000)
    campaign = await a_campaign(pool, NOW)
    with pytest.raises(Killed):
        await import_contacts(pool, campaign.id, long_list, NOW, stop_after(5000))
    summary = await import_contacts(pool, campaign.id, long_list, NOW, ImportOptions(again=True))
    assert (summary.resumed_at, summary.rows, summary.duplicates) == (0, ROWS, 4500)


@pytest.mark.parametrize("change", ["content", "mapping"])
async def test_another_list_or_another_mapping_is_another_import(
    pool: Pool, long_list: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(room, "BATCH_ROWS", 1000)
    campaign = await a_campaign(pool, NOW)
    with pytest.raises(Killed):
        await import_contacts(pool, campaign.id, long_list, NOW, stop_after(5000))
    options = ImportOptions()
    if change == "content":
        append(long_list, "One more,+12129999999\n")
    else:
        options = ImportOptions(mapping={"who": "name"})
    summary = await import_contacts(pool, campaign.id, long_list, NOW, options)
    assert (summary.resumed_at, summary.rows) == (0, ROWS + (change == "content"))


async def test_of_two_imports_of_one_list_at_once_each_row_is_counted_once(
    pool: Pool, long_list: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "BATCH_ROWS", 1000)
    campaign = await a_campaign(pool, NOW)
    with pytest.raises(Killed):
        await import_contacts(pool, campaign.id, long_list, NOW, stop_after(2000))
    options = [ImportOptions(rejects_path=long_list.with_name(f"{n}.csv")) for n in (1, 2)]
    done: list[ImportSummary] = []
    refused: list[InvalidInput] = []

    async def one(option: ImportOptions) -> None:
        try:
            done.append(await import_contacts(pool, campaign.id, long_list, NOW, option))
        except InvalidInput as error:
            refused.append(error)

    async with asyncio.TaskGroup() as tasks:
        for option in options:
            tasks.create_task(one(option))
    assert len(done) == len(refused) == 1
    assert "another process is importing this list" in str(refused[0])
    assert (done[0].rows, done[0].imported, done[0].duplicates) == (ROWS, ROWS * 9 // 10, 0)
