"""`outdial model train` and `score` on files, as an analyst runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.csv
import pytest
from pyarrow import parquet

from ml.attempts import write_attempts, write_contacts
from outdial.cli.main import run
from tests.ml.histories import contacts, history


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write_attempts(history(), tmp_path / "attempts.csv")
    write_contacts(contacts(), tmp_path / "contacts.csv")
    return tmp_path


def train(folder: Path, *more: str) -> int:
    return run(["model", "train", "--attempts", f"{folder}/attempts.csv", "--out", f"{folder}/model", *more])


def score(folder: Path, out: str, *more: str, people: str = "contacts.csv", on: str = "2026-01-29") -> int:
    asked = {"model": "model", "contacts": people, "attempts": "attempts.csv", "out": out}
    options = [text for name, value in asked.items() for text in (f"--{name}", f"{folder}/{value}")]
    return run(["model", "score", *options, "--on", on, *more])


def test_scores_have_every_contact_in_order_and_every_hour(files: Path, capsys: pytest.CaptureFixture[str]):
    assert train(files) == 0
    assert "Trained on 6,000 attempts" in capsys.readouterr().out
    assert score(files, "scores.csv") == 0
    table = pyarrow.csv.read_csv(files / "scores.csv")
    assert table.column_names == ["contact_id", *(f"p{hour:02d}" for hour in range(24))]
    assert table.column("contact_id").to_pylist() == contacts().ids.tolist()
    assert all(0 < value < 1 for name in table.column_names[1:] for value in table.column(name).to_pylist())
    assert score(files, "scores.parquet") == 0
    assert parquet.read_table(files / "scores.parquet").equals(table)


def test_contacts_nobody_has_met_are_scored_and_missing_columns_are_said(
    files: Path, capsys: pytest.CaptureFixture[str]
):
    (files / "bare.csv").write_text("contact_id\nnobody\nc00001\nnobody\n", "utf-8")
    assert train(files) == 0
    capsys.readouterr()
    assert score(files, "scores.csv", "--json", people="bare.csv") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["contacts"], said["with_history"]) == (3, 1)
    assert said["missing_traits"] == ["age", "area"]
    assert pyarrow.csv.read_csv(files / "scores.csv").num_rows == 3


def test_mistakes_get_one_sentence(files: Path, capsys: pytest.CaptureFixture[str]):
    assert score(files, "scores.csv") == 1
    assert "name the folder a model was trained into" in capsys.readouterr().err
    assert train(files) == 0
    assert score(files, "scores.csv", on="tomorrow") == 1
    assert "--on tomorrow is no date" in capsys.readouterr().err
    (files / "attempts.csv").write_text("contact_id,timezone\n1,UTC\n", "utf-8")
    assert train(files) == 1
    assert "has no column attempted_at" in capsys.readouterr().err
