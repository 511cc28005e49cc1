"""What the documents tell a newcomer to write and to type works."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from outdial.campaigns.create import create_campaign
from outdial.campaigns.lists.import_contacts import import_contacts
from outdial.campaigns.validate import campaign_problems
from outdial.cli.main import run
from outdial.domain.campaign import read_campaign
from outdial.domain.clock import utc_now
from outdial.domain.ivr.checks import flow_problems
from outdial.settings import Settings
from outdial.storage.carriers import note_carrier
from outdial.storage.pool import Pool, open_pool

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
COMMANDS = sorted(set(re.findall(r"(?:^|`)outdial ([a-z]+(?: [a-z]+)?)(?= |`|$)", README, re.MULTILINE)))


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


async def test_the_campaign_and_the_list_of_the_readme_go_in_as_it_says(
    database_dsn: str, tmp_path: Path
) -> None:
    spec = read_campaign(yaml.safe_load(blocks("yaml")[0]))
    people = tmp_path / "people.csv"
    people.write_text(*blocks("csv"), "utf-8")

    async with open_pool(database_dsn) as pool:
        campaign_id = await create_campaign(pool, spec, utc_now())
        summary = await import_contacts(pool, campaign_id, people, utc_now())

    assert f"campaign__{spec.slug}" in README
    assert spec.config.ivr_flow
    assert flow_problems(spec.config.ivr_flow) == []
    assert (summary.rows, summary.imported, summary.duplicates, summary.rejected) == (4, 2, 1, 1)


async def test_the_campaign_of_texts_of_the_readme_texts_mobiles_and_calls_landlines(
    pool: Pool, tmp_path: Path
) -> None:
    _, written = blocks("yaml")
    people = tmp_path / "people.csv"
    people.write_text(*blocks("csv"), "utf-8")
    campaign_id = await create_campaign(pool, read_campaign(yaml.safe_load(written)), utc_now())
    await import_contacts(pool, campaign_id, people, utc_now())
    async with pool.connection() as conn:
        await note_carrier(conn, "smpp", 20, 0, utc_now())
        problems = await campaign_problems(conn, campaign_id, utc_now(), "", sms_sender="+12025550199")
        channels = await conn.execute("select channel from contacts order by seq")
        found = [row["channel"] for row in await channels.fetchall()]

    assert problems == []
    assert found == ["sms", "voice"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_the_readme_exists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_commands_were_found() -> None:
    assert {"campaign create", "contacts import", "blacklist add", "windows", "doctor"} <= set(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_points_at_exists(document: Path) -> None:
    text = document.read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    settings = {field.alias or name.upper() for name, field in Settings.model_fields.items()}
    # The script that configures Asterisk lists its own variables at its head.
    script = (ROOT / "include" / "asterisk" / "configure").read_text("utf-8").partition("set -eu")[0]
    settings |= set(re.findall(r"[A-Z]+_[A-Z_]+", script))

    assert links
    assert [link for link in links if not (document.parent / link).exists()] == []
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)) <= targets
    assert set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", text)) <= settings


def test_the_map_shows_every_room() -> None:
    rooms = {
        path.name for path in (ROOT / "include" / "outdial").iterdir() if (path / "__init__.py").exists()
    }

    assert {name for name in rooms if f"\n  {name}/ " not in README} == set()


def test_the_drawing_is_well_formed() -> None:
    drawing = ET.parse(ROOT / "docs" / "way-of-a-contact.svg").getroot()

    assert drawing.find("{http://www.w3.org/2000/svg}title") is not None
