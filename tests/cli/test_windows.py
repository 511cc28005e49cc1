"""`outdial windows` says open or closed, why, and when next, on the contact's own clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outdial.cli.main import run

WEEK = [{"dayOfWeek": [0, 1, 2, 3, 4], "startHour": 9, "endHour": 20, "endMinute": 30}]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of windows: Sunday to Thursday, 9:00 to 20:30."""
    path = tmp_path / "windows.json"
    path.write_text(json.dumps({"callingWindows": WEEK}))
    return path


def ask(capsys: pytest.CaptureFixture[str], file: Path, at: str, zone: str = "Asia/Jerusalem") -> Any:
    assert run(["windows", str(file), "--at", at, "--timezone", zone, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("at", "is_open", "next_open"),
    [
        ("2026-03-01T09:00:00+02:00", True, "2026-03-01T09:00:00+02:00"),
        ("2026-03-01T20:29:59+02:00", True, "2026-03-01T20:29:59+02:00"),
        ("2026-03-01T20:30:00+02:00", False, "2026-03-02T09:00:00+02:00"),
        ("2026-03-05T20:30:00+02:00", False, "2026-03-08T09:00:00+02:00"),
        ("2026-03-27T12:00:00", False, "2026-03-29T09:00:00+03:00"),  # clocks go forward in between
        ("2026-03-01T06:59:00Z", False, "2026-03-01T09:00:00+02:00"),
    ],
)
def test_open_or_closed_and_when_next(
    capsys: pytest.CaptureFixture[str], file: Path, at: str, is_open: bool, next_open: str
) -> None:
    answer = ask(capsys, file, at)
    assert (answer["open"], answer["next_open"]) == (is_open, next_open)


def test_the_rule_is_the_window_or_the_want_of_one(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    assert ask(capsys, file, "2026-03-01T10:00")["rule"] == "Sun, Mon, Tue, Wed, Thu 09:00-20:30"
    assert ask(capsys, file, "2026-03-06T10:00")["rule"] == "no window covers Fri 10:00"


@pytest.mark.parametrize(
    ("written", "args", "complaint"),
    [
        ({"callingWindows": WEEK}, [], "--timezone is missing"),
        ({"callingWindows": WEEK}, ["--timezone", "Mars/Base"], "'Mars/Base' is no IANA time zone"),
        ({"callingWindows": WEEK}, ["--timezone", "UTC", "--at", "noon"], "--at 'noon' is no ISO 8601"),
        ({"name": "x"}, ["--timezone", "UTC"], "callingWindows: missing"),
        (
            [{"dayOfWeek": [7], "startHour": 1, "endHour": 2}],
            ["--timezone", "UTC"],
            "callingWindows.0: dayOfWeek",
        ),
    ],
)
def test_what_cannot_be_asked_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, written: Any, args: list[str], complaint: str
) -> None:
    path = tmp_path / "windows.json"
    path.write_text(json.dumps(written))
    assert run(["windows", str(path), *args]) == 1
    assert complaint in capsys.readouterr().err
