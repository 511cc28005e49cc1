"""`outdial sms` tells managers what a text costs and why, and how a reply will be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outdial.cli.main import run

Ask = Callable[..., Any]
APPEAL = (
    "Don\u2019t miss our appeal, {{firstName|friend}}: every gift is doubled until Sunday night. "
    "Give at https://give.example/2026 or answer this text. Thank you."
)


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """The answer to `outdial sms …` as a program reads it."""

    def answer(*words: str) -> Any:
        code = run(["sms", *words, "--json"])
        return json.loads(capsys.readouterr().out) | {"exit": code}

    return answer


def test_parts_and_what_makes_them_more(ask: Ask) -> None:
    answer = ask("parts", APPEAL)
    assert (answer["encoding"], answer["part_count"], answer["part_count_without"]) == ("UCS-2", 3, 1)
    assert [len(part) for part in answer["parts"]] == [67, 67, 4]
    assert answer["forced_by"] == [
        {"position": 4, "character": "\u2019", "name": "U+2019 RIGHT SINGLE QUOTATION MARK", "plain": "'"}
    ]
    assert (answer["part_count_plain"], answer["replaced"]) == (1, [])


def test_nothing_is_replaced_but_where_it_is_asked_for_and_then_it_is_told(ask: Ask) -> None:
    answer = ask("parts", APPEAL, "--plain")
    assert answer["parts"] == [APPEAL.replace("\u2019", "'").replace("{{firstName|friend}}", "friend")]
    assert [each["position"] for each in answer["replaced"]] == [4]
    assert ask("parts", "It\u2019s", "--plain")["parts"] == ["It\u2019s"]


def test_what_it_costs(ask: Ask) -> None:
    answer = ask("parts", "a" * 161, "--price", "0.0079", "--people", "12000")
    assert (answer["cost"], answer["all_parts"], answer["all_cost"]) == ("0.0158", 24000, "189.6000")


def test_a_file_is_read_without_its_last_line_end(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_bytes("\ufeffשבת {{name}}\nנא\n".encode())
    assert ask("parts", "--file", str(file), "--with", "name=דנה")["parts"] == ["שבת דנה\nנא"]


def test_people_read_what_a_manager_asks_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sms", "parts", APPEAL, "--price", "0.05", "--people", "1000"]) == 0
    assert capsys.readouterr().out.splitlines()[:6] == [
        "3 parts in UCS-2: 138 characters as networks count them, room for 63 more",
        "  forced   by \u2019 at position 4, U+2019 RIGHT SINGLE QUOTATION MARK",
        "           which makes this 3 parts instead of 1",
        "           --plain makes it 1 part",
        "  cost     0.15 a person, at 0.05 a part",
        "  in all   3000 parts to 1000 people, 150.00",
    ]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["parts"], "give either a text or --file, one of them"),
        (["parts", " "], "the text is empty; write what is to be sent"),
        (
            ["parts", "Hello {{name}}"],
            'the contact has no "name", and the text has no default for it; add --with',
        ),
        (["parts", "Hello {{name"], "the text has a {{ or }} without its other half"),
        (["parts", "a" * 50_000], "the text makes 327 parts, and a text has at most 255; shorten it"),
        (["parts", "Hello", "--price", "cheap"], "--price 'cheap' is no price; write one like 0.0079"),
        (["parts", "Hello", "--price", "nan"], "--price 'nan' is no price; write one like 0.0079"),
        (["reply", "go", "--start", "cancel"], 'start: "cancel" means STOP for everybody'),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_sentence(ask: Ask, words: list[str], problem: str) -> None:
    answer = ask(*words)
    assert answer["exit"] == 1
    assert answer["errors"][0].startswith(problem)


def test_how_a_reply_is_read(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    read = {"kind": "stop", "found": "arret", "language": "fr", "silences": True, "exit": 0}
    assert ask("reply", "Arrêt svp") == read
    assert ask("reply", "yes", "--start", "yes")["kind"] == "start"
    assert run(["sms", "reply", "I'll stop by tomorrow"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "unclear: may want no more; a person has to read it, and until then nothing may be sent",
        '  found    "stop" (en)',
    ]
