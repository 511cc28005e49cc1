"""What a person types, what comes back, and with which exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from outdial.cli.main import COMMANDS, _load, run
from tests.cli.conftest import Command

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "include" / "outdial" / "standalone" / "sample"


def test_a_campaign_from_its_file_to_its_end(outdial: Command, tmp_path: Path) -> None:
    code, created, _ = outdial("campaign", "create", SAMPLE / "campaign.yaml")
    assert (code, created["slug"]) == (0, "spring_appeal")
    code, answer, said = outdial("campaign", "validate", "spring_appeal")
    assert (code, answer["valid"]) == (1, False)
    assert "outdial contacts import FILE --campaign spring_appeal" in said
    code, summary, _ = outdial(
        "contacts",
        "import",
        SAMPLE / "contacts.csv",
        "--campaign",
        created["id"],
        "--rejects",
        tmp_path / "r.csv",
    )
    assert (code, summary) == (
        0,
        {
            "rows": 500,
            "imported": 480,
            "duplicates": 11,
            "rejected": 9,
            "warnings": 106,
            "oddities": {"number is possible but not assigned": 106},
            "notes": [],
            "resumed_at": 0,
            "rejects_file": str(tmp_path / "r.csv"),
        },
    )
    assert outdial("campaign", "validate", "spring_appeal")[:2] == (0, {"valid": True, "problems": []})
    code, shown, _ = outdial("campaign", "show", "spring_appeal")
    assert (shown["progress"]["total"], shown["progress"]["pending"]) == (480, 480)
    code, _, said = outdial("campaign", "pause", "spring_appeal")
    assert (code, said) == (
        1,
        "outdial: campaign spring_appeal is draft; only one that is active can become paused\n",
    )
    assert outdial("campaign", "cancel", created["id"])[1]["status"] == "cancelled"
    assert [campaign["status"] for campaign in outdial("campaign", "list")[1]] == ["cancelled"]
    code, files, _ = outdial("campaign", "report", "spring_appeal")
    assert (code, [Path(file).exists() for file in files.values()]) == (0, [True, True, True])


def test_every_wrong_field_has_a_line_of_its_own(outdial: Command, tmp_path: Path) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text(yaml.safe_dump({"name": "", "type": "fax", "timezone": "Mars/Base", "config": {}}))
    code, answer, said = outdial("campaign", "create", file)
    assert code == 1
    assert [line.split(":")[1].strip() for line in said.splitlines()] == [
        "name",
        "type",
        "timezone",
        "config.callingWindows",
    ]
    assert [f"outdial: {error}" for error in answer["errors"]] == said.splitlines()


def test_a_file_that_is_no_yaml_is_refused_at_its_line(outdial: Command, tmp_path: Path) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text("name: x\ntype: [voice\n")
    code, _, said = outdial("campaign", "create", file)
    assert (code, said.count("\n")) == (1, 1)
    assert f"{file} line 3, column 1" in said


def test_a_campaign_nobody_knows_is_said(outdial: Command) -> None:
    code, answer, _ = outdial("campaign", "show", "nobody")
    assert code == 1
    assert answer == {"errors": ["there is no campaign nobody; `outdial campaign list` shows all"]}


def test_a_list_of_which_no_row_can_be_called_is_a_failure(outdial: Command, tmp_path: Path) -> None:
    outdial("campaign", "create", SAMPLE / "campaign.yaml")
    file = tmp_path / "list.csv"
    file.write_text("phone\n12\n13\n")
    code, summary, _ = outdial("contacts", "import", file, "--campaign", "spring_appeal")
    assert (code, summary["rejected"]) == (1, 2)


def test_a_number_is_listed_checked_and_removed(outdial: Command) -> None:
    assert outdial("blacklist", "add", "(212) 555-0143", "--region", "US", "--reason", "asked")[0] == 0
    assert outdial("blacklist", "add", "+1900", "--prefix")[0] == 0
    assert outdial("blacklist", "check", "+12125550143")[1]["listed"] is True
    assert outdial("blacklist", "check", "+19005550143")[1]["listed"] is True
    assert [row["number"] for row in outdial("blacklist", "list")[1]] == ["+1900", "+12125550143"]
    assert outdial("blacklist", "remove", "+12125550143")[0] == 0
    assert outdial("blacklist", "check", "+12125550143")[1]["listed"] is False
    code, _, said = outdial("blacklist", "remove", "+12125550143")
    assert (code, "is not on the list" in said) == (1, True)


def test_a_number_listed_in_one_campaign_may_be_called_in_others(outdial: Command) -> None:
    outdial("campaign", "create", SAMPLE / "campaign.yaml")
    outdial("campaign", "create", SAMPLE / "campaign.yaml")
    assert outdial("blacklist", "add", "+12125550143", "--campaign", "spring_appeal")[0] == 0
    assert outdial("blacklist", "check", "+12125550143", "--campaign", "spring_appeal")[1]["listed"] is True
    assert (
        outdial("blacklist", "check", "+12125550143", "--campaign", "spring_appeal_2")[1]["listed"] is False
    )


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["blacklist", "add", "12345"], "has no country code"),
        (["blacklist", "add", "1900", "--prefix"], "is no prefix"),
        (["blacklist", "add", "+12125550143", "--until", "2020-01-01"], "has passed"),
        (["blacklist", "add", "+12125550143", "--until", "never"], "no ISO 8601 time"),
    ],
)
def test_a_listing_that_cannot_be_meant_is_refused(outdial: Command, args: list[str], complaint: str) -> None:
    code, _, said = outdial(*args)
    assert (code, complaint in said) == (1, True)
    assert outdial("blacklist", "list")[1] == []


def test_a_database_that_does_not_answer_is_one_line(
    outdial: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PORT", "1")
    code, answer, said = outdial("campaign", "list")
    assert (code, said.count("\n"), len(answer["errors"])) == (1, 1, 1)
    assert said.startswith("outdial: PostgreSQL at 127.0.0.1:1 does not answer")


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["campain"], "Did you mean 'campaign'"),
        (["campaign", "crate"], "No such command 'crate'"),
        (["contacts", "import", "x.csv"], "Missing option '--campaign'"),
        (["campaign", "list", "--jason"], "No such option: --jason"),
    ],
)
def test_what_was_asked_for_wrongly_exits_2(
    args: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(args) == 2
    assert hint in capsys.readouterr().err


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    script = (
        "import sys; from outdial.cli.main import run; run(['--help']);"
        "heavy = {'psycopg', 'pydantic', 'phonenumbers', 'aiobotocore', 'airflow'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert [name for name in COMMANDS if name not in shown.stdout] == []


def test_no_expected_fault_shows_a_traceback(tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("outdial"), "campaign", "create", tmp_path / "absent.yaml"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr == f"outdial: {tmp_path}/absent.yaml: No such file or directory\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_json(name: str) -> None:
    command = _load(name)

    for leaf in getattr(command, "commands", {name: command}).values():
        assert "--json" in [option for parameter in leaf.params for option in parameter.opts], leaf.name


def test_a_list_is_looked_at_before_it_is_imported(outdial: Command, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("who;cell\nAnn;2125550100\nBob;1.2E+10\n", "utf-8")
    code, checked, _ = outdial("contacts", "check", file, "--region", "us")
    assert (code, checked["importable"], checked["rejected"]) == (0, 1, 1)
    assert [column["taken_for"] for column in checked["columns"]] == ["kept as it is", "phone"]
    code, _, said = outdial("contacts", "check", file, "--region", "America")
    assert (code, "write a country's two letters" in said) == (1, True)
    assert outdial("contacts", "check", file)[0] == 1
    assert not file.with_name("people.rejects.csv").exists()
