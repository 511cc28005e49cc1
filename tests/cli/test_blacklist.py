"""The blacklist as people work with it: files in and out, registries, the audit, erasure."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from outdial.domain.clock import utc_now
from tests.cli.conftest import Command

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "include" / "outdial" / "standalone" / "sample"
TODAY = utc_now().date()


def a_list(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_check_says_which_entries_of_which_lists_hold(outdial: Command) -> None:
    outdial("campaign", "create", SAMPLE / "campaign.yaml")
    outdial("blacklist", "add", "+12125550143", "--campaign", "spring_appeal", "--reason", "complained")
    outdial("blacklist", "add", "+1212", "--prefix", "--by", "boss", "--until", "2099-01-01")
    _, found, _ = outdial("blacklist", "check", "+12125550143")
    assert found["listed"] is True
    assert [(one["campaign"], one["is_prefix"], one["reason"], one["holds"]) for one in found["entries"]] == [
        ("spring_appeal", False, "complained", False),
        (None, True, "asked not to be called", True),
    ]
    assert found["entries"][1]["listed_by"] == "boss"
    outdial("blacklist", "remove", "+1212", "--prefix")
    assert outdial("blacklist", "check", "+12125550143")[1]["listed"] is False
    _, found, _ = outdial("blacklist", "check", "+12125550143", "--campaign", "spring_appeal")
    assert (found["listed"], found["entries"][0]["holds"]) == (True, True)


def test_a_list_comes_in_with_every_row_accounted_for_and_again_without_a_change(
    outdial: Command, tmp_path: Path
) -> None:
    file = a_list(
        tmp_path / "stop.csv",
        "name;mobile",
        "Ada;+1 (212) 555-0143",
        "Ben;12",
        "Cy;+12125550143",
        "Dee;+447700900123",
    )
    code, summary, _ = outdial("blacklist", "import", file, "--reason", "asked", "--by", "ops")
    assert (code, summary["rows"], summary["entries"], summary["repeated"], summary["rejected"]) == (
        0,
        4,
        2,
        1,
        1,
    )
    assert (summary["listed"], summary["unchanged"]) == (2, 0)
    with Path(summary["rejects_file"]).open(encoding="utf-8-sig", newline="") as opened:
        assert [row["row"] for row in csv.DictReader(opened)] == ["3"]
    code, again, _ = outdial("blacklist", "import", file)
    assert (code, again["listed"], again["renewed"], again["unchanged"]) == (0, 0, 0, 2)
    assert [entry["reason"] for entry in outdial("blacklist", "list")[1]] == ["asked", "asked"]


def test_a_plain_list_and_an_area_code_in_a_column_of_its_own_are_read(
    outdial: Command, tmp_path: Path
) -> None:
    plain = a_list(tmp_path / "plain.txt", "2125550143", "2125550144")
    assert outdial("blacklist", "import", plain, "--region", "US")[1]["listed"] == 2
    parts = a_list(tmp_path / "parts.csv", "212,5550145", "212,5550146")
    code, summary, _ = outdial(
        "blacklist", "import", parts, "--region", "US", "--column", "column 1+column 2"
    )
    assert (code, summary["listed"]) == (0, 2)
    assert {entry["number"] for entry in outdial("blacklist", "list")[1]} == {
        f"+1212555014{n}" for n in (3, 4, 5, 6)
    }


def test_an_end_at_the_end_of_the_calendar_is_none(outdial: Command, tmp_path: Path) -> None:
    never = a_list(tmp_path / "never.csv", "number,until", "+12125550143,9999-12-31T23:00:00-05:00")
    assert outdial("blacklist", "import", never)[1]["listed"] == 1
    assert [entry["until"] for entry in outdial("blacklist", "list")[1]] == [None]
    code, _, said = outdial("blacklist", "add", "+12125550144", "--until", "9999-12-31T23:00:00-05:00")
    assert (code, "write a year from 2000 to 2999" in said) == (1, True)


def test_what_is_exported_comes_back_as_it_was_and_runs_no_formula(outdial: Command, tmp_path: Path) -> None:
    outdial("blacklist", "add", "+12125550143", "--reason", "=cmd()", "--by", "ops", "--source", "letter")
    outdial("blacklist", "add", "+1900", "--prefix", "--until", "2099-01-01T00:00:00+00:00", "--by", "ops")
    code, answer, _ = outdial("blacklist", "export", tmp_path / "out.csv")
    assert (code, answer["entries"]) == (0, 2)
    text = (tmp_path / "out.csv").read_text("utf-8")
    assert "'=cmd()" in text
    assert ",=cmd()" not in text
    before = outdial("blacklist", "list")[1]
    outdial("blacklist", "remove", "+12125550143")
    outdial("blacklist", "remove", "+1900", "--prefix")
    assert outdial("blacklist", "import", tmp_path / "out.csv")[1]["listed"] == 2
    told = ("number", "is_prefix", "reason", "source", "listed_by", "until")
    after = outdial("blacklist", "list")[1]
    assert sorted([entry[name] for name in told] for entry in after) == sorted(
        [entry[name] for name in told] for entry in before
    )


def test_a_registry_is_its_newest_whole_copy(outdial: Command, tmp_path: Path) -> None:
    first = a_list(tmp_path / "a.csv", "phone", "+12125550143", "+12125550144")
    second = a_list(tmp_path / "b.csv", "phone", "+12125550144", "+12125550145")
    older, newer = str(TODAY - timedelta(days=9)), str(TODAY - timedelta(days=2))
    assert outdial("blacklist", "import", first, "--registry", "us-dnc", "--as-of", older)[1]["listed"] == 2
    _, summary, _ = outdial("blacklist", "import", second, "--registry", "us-dnc", "--as-of", newer)
    assert (summary["listed"], summary["unchanged"], summary["unlisted"]) == (1, 1, 1)
    (ours,) = outdial("blacklist", "registries")[1]
    assert (ours["name"], ours["as_of"], ours["age_days"], ours["numbers"]) == ("us-dnc", newer, 2, 2)
    code, _, said = outdial("blacklist", "import", first, "--registry", "us-dnc", "--as-of", older)
    assert (code, said.count("\n"), "is older than ours" in said) == (1, 1, True)
    done = [entry["action"] for entry in outdial("blacklist", "history", "+12125550143")[1]]
    assert done == ["listed", "unlisted"]
    # It holds only for campaigns that require it.
    assert outdial("blacklist", "check", "+12125550144")[1]["listed"] is False


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["--registry", "us-dnc"], "--as-of is missing"),
        (["--registry", "us-dnc", "--as-of", "soon"], "is no day"),
        (["--registry", "us-dnc", "--as-of", "2099-01-01"], "is still to come"),
        (["--registry", "US DNC", "--as-of", str(TODAY)], "small letters, digits and hyphens"),
        (["--registry", "us-dnc", "--as-of", str(TODAY), "--campaign", "x"], "leave out --campaign"),
        (["--as-of", str(TODAY)], "name it with --registry"),
        (["--column", "price"], "price"),
    ],
)
def test_an_import_that_cannot_be_meant_is_refused_in_one_line(
    outdial: Command, tmp_path: Path, args: list[str], complaint: str
) -> None:
    file = a_list(tmp_path / "list.csv", "phone", "+12125550143")
    code, _, said = outdial("blacklist", "import", file, *args)
    assert (code, said.count("\n")) == (1, 1)
    assert complaint in said
    assert outdial("blacklist", "list")[1] == []


def test_a_registry_copy_that_is_cut_short_or_unreadable_changes_nothing(
    outdial: Command, tmp_path: Path
) -> None:
    whole = a_list(tmp_path / "whole.csv", "phone", *(f"+1212555{n:04d}" for n in range(100)))
    day = str(TODAY - timedelta(days=1))
    outdial("blacklist", "import", whole, "--registry", "us-dnc", "--as-of", day)
    short = a_list(tmp_path / "short.csv", "phone", "+12125550000")
    unreadable = a_list(
        tmp_path / "bad.csv", "phone", *(f"+1212555{n:04d}" for n in range(98)), "oops", "oops"
    )
    for file, complaint in ((short, "--accept-smaller"), (unreadable, "2 of 100 rows hold no number")):
        code, _, said = outdial("blacklist", "import", file, "--registry", "us-dnc", "--as-of", str(TODAY))
        assert (code, complaint in said) == (1, True)
        (ours,) = outdial("blacklist", "registries")[1]
        assert (ours["as_of"], ours["numbers"]) == (day, 100)
    taken = outdial(
        "blacklist", "import", short, "--registry", "us-dnc", "--as-of", str(TODAY), "--accept-smaller"
    )
    assert taken[1]["unlisted"] == 99


def test_an_erased_number_is_gone_from_sight_and_stays_listed(outdial: Command, tmp_path: Path) -> None:
    outdial("campaign", "create", SAMPLE / "campaign.yaml")
    people = a_list(tmp_path / "people.csv", "name,phone", "Ada,+12125550143", "Ben,+12125550144")
    outdial("contacts", "import", people, "--campaign", "spring_appeal")
    outdial("blacklist", "add", "+12125550143")
    code, answer, _ = outdial("blacklist", "erase", "+12125550143", "--by", "dpo")
    assert code == 0
    assert answer["erased"] == {
        "contacts": 1,
        "calls": 0,
        "recordings": 0,
        "texts": 0,
        "replies": 0,
        "listings": 1,
        "history_entries": 1,
    }
    assert any("backups" in rest for rest in answer["not_erased"])
    _, found, _ = outdial("blacklist", "check", "+12125550143")
    assert (found["listed"], found["entries"], found["erased"]["erased_by"]) == (True, [], "dpo")
    assert outdial("blacklist", "list")[1] == []
    assert outdial("blacklist", "history", "+12125550143")[1] == []
    again = a_list(tmp_path / "again.csv", "phone", "+12125550143", "+12125550199")
    assert outdial("blacklist", "import", again)[1]["listed"] == 1
    outdial("blacklist", "export", tmp_path / "out.csv")
    assert "5550143" not in (tmp_path / "out.csv").read_text("utf-8")
    assert outdial("campaign", "show", "spring_appeal")[1]["progress"]["total"] == 2
