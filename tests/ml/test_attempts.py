"""Histories from files: the contact's own clock, and one sentence for what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ml.attempts import read_attempts, read_contacts, with_zones_of, write_attempts, write_contacts
from ml.columns import Unusable, segment
from tests.ml.histories import contacts, history

HEAD = "contact_id,attempted_at,timezone,answered"


def written(folder: Path, *lines: str) -> Path:
    path = folder / "attempts.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_hours_and_days_are_the_contacts_own_through_clock_changes(tmp_path: Path):
    read = read_attempts(
        written(
            tmp_path,
            HEAD,
            "1,2026-03-08T06:59:00Z,America/New_York,0",
            "1,2026-03-08 07:01:00,America/New_York,true",
            "2,2026-03-08T20:31:00+01:00,Asia/Kolkata,no",
        )
    )
    assert read.local_hour.tolist() == [1, 3, 1]  # 02 does not exist in New York that night
    assert (read.local_day - read.local_day[0]).tolist() == [0, 0, 1]
    assert read.local_weekday.tolist() == [6, 6, 0]
    assert read.answered.tolist() == [False, True, False]


@pytest.mark.parametrize("name", ["history.csv", "history.parquet"])
def test_what_is_written_reads_the_same(tmp_path: Path, name: str):
    attempts, people = history(count=40, attempts=300), contacts(40)
    write_attempts(attempts, tmp_path / name)
    write_contacts(people, tmp_path / f"people-{name}")
    read, listed = read_attempts(tmp_path / name), read_contacts(tmp_path / f"people-{name}")
    assert (read.contact == attempts.contact).all()
    assert (read.local_hour == attempts.local_hour).all()
    assert (read.answered == attempts.answered).all()
    assert (read.segments["area"].codes == attempts.segments["area"].codes).all()
    assert read.segments["area"].of_numbers
    assert listed.ids.tolist() == people.ids.tolist()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("1,2026-13-08T06:59:00Z,UTC,0", "line 3: attempted_at is no ISO 8601 moment"),
        ("1,2026-03-08T06:59:00Z,Mars/Base,0", "line 3: timezone Mars/Base is no time zone"),
        ("1,2026-03-08T06:59:00Z,UTC,2", "line 3: answered is neither 0 nor 1"),
        ("1,2026-03-08T06:59:00Z,UTC,", "line 3: answered is empty"),
        (",2026-03-08T06:59:00Z,UTC,1", "line 3: contact_id is empty"),
    ],
)
def test_bad_rows_are_named_in_one_sentence(tmp_path: Path, row: str, problem: str):
    path = written(tmp_path, HEAD, "0,2026-03-08T06:59:00Z,UTC,0", row)
    with pytest.raises(Unusable, match=problem):
        read_attempts(path)


@pytest.mark.parametrize("propensity", ["0", "1.5", "often"])
def test_a_propensity_must_be_a_probability(tmp_path: Path, propensity: str):
    moment = "2026-03-08T06:59:00Z"
    path = written(tmp_path, f"{HEAD},propensity", f"0,{moment},UTC,0,", f"0,{moment},UTC,0,{propensity}")
    with pytest.raises(Unusable, match="line 3: propensity is no probability"):
        read_attempts(path)


def test_unknown_zones_of_contacts_are_those_they_were_last_called_in(tmp_path: Path):
    people = contacts(3)
    blank = tmp_path / "people.csv"
    blank.write_text("contact_id\n" + "\n".join([*people.ids.tolist(), "stranger"]) + "\n", "utf-8")
    filled = with_zones_of(read_contacts(blank), history(count=3, attempts=30))
    texts = np.append(filled.zones.texts(), "")[filled.zones.codes]
    assert texts.tolist() == ["UTC", "UTC", "UTC", ""]


def test_columns_that_say_nothing_are_read_as_unknown():
    assert segment(pa.chunked_array([pa.nulls(3)])).codes.tolist() == [-1, -1, -1]
    assert segment(pa.chunked_array([[float("inf"), float("nan"), 2.0]])).codes.tolist() == [-1, -1, 0]
