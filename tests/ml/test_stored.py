"""Models in files come back the same; what was changed, is foreign or newer is refused in one sentence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from skops.io import dump

from ml.columns import Unusable
from ml.model import fit
from ml.stored import METADATA, MODEL, data_sha256, describe, load_model, save_model
from tests.ml.histories import contacts, history

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
ON = date(2026, 1, 29)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    attempts = history()
    model = fit(attempts, seed=1)
    save_model(model, describe(model, attempts, seed=1, trained_at=NOON), tmp_path / "model")
    return tmp_path / "model"


def test_a_model_with_trees_comes_back_the_same(tmp_path: Path):
    attempts = history(attempts=21_000)
    model = fit(attempts, seed=1)
    save_model(model, describe(model, attempts, seed=1, trained_at=NOON), tmp_path)
    read, metadata = load_model(tmp_path)
    assert np.array_equal(
        read.probabilities(contacts(), attempts, ON), model.probabilities(contacts(), attempts, ON)
    )
    assert (metadata["attempts"], metadata["kind"]) == (21_000, "tables and trees")
    assert (metadata["from"], metadata["until"]) == ("2026-01-01", "2026-01-28")


def replaced_metadata(folder: Path, **changes: object) -> None:
    metadata = json.loads((folder / METADATA).read_text("utf-8"))
    (folder / METADATA).write_text(json.dumps(metadata | changes), "utf-8")


def swap_model(folder: Path, content: object) -> None:
    """What somebody who can write both files would do."""
    dump(content, folder / MODEL)
    replaced_metadata(folder, model_sha256=hashlib.sha256((folder / MODEL).read_bytes()).hexdigest())


def cut(folder: Path) -> None:
    content = (folder / MODEL).read_bytes()[:2000]
    (folder / MODEL).write_bytes(content)
    replaced_metadata(folder, model_sha256=hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (lambda folder: (folder / MODEL).write_bytes(b"other"), "is not the file model.json was written for"),
        (lambda folder: (folder / MODEL).unlink(), "does not exist"),
        (lambda folder: (folder / METADATA).unlink(), "does not exist"),
        (lambda folder: (folder / METADATA).write_text("{"), "cannot be read as JSON"),
        (lambda folder: replaced_metadata(folder, format=99), "is of format 99"),
        (lambda folder: replaced_metadata(folder, libraries={"scikit-learn": "0.1"}), "scikit-learn 0.1"),
        (cut, "cannot be opened as a model"),
        (lambda folder: swap_model(folder, {"hello": 1}), "is no call-hour model"),
        (lambda folder: swap_model(folder, partial(print, "gotcha")), "which no model of ours does"),
    ],
)
def test_what_is_not_our_model_is_refused(folder: Path, harm: Callable[[Path], object], problem: str):
    harm(folder)
    with pytest.raises(Unusable, match=problem):
        load_model(folder)


def test_the_data_checksum_knows_content_not_order():
    attempts = history(attempts=300)
    shuffled = attempts.select(np.random.default_rng(1).permutation(300))
    assert data_sha256(attempts) == data_sha256(shuffled)
    assert data_sha256(attempts) != data_sha256(attempts.select(slice(1, None)))
