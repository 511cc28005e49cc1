"""Trains a call-hour model on a file of attempts; `outdial model train` calls it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from ml.attempts import read_attempts
from ml.model import fit
from ml.stored import describe, save_model


def train_on_file(attempts_file: Path, folder: Path, *, seed: int, trained_at: datetime) -> dict[str, Any]:
    """Learn from the file and write the model into the folder; returns its metadata. Raises Unusable."""
    attempts = read_attempts(attempts_file)
    model = fit(attempts, seed)
    return save_model(model, describe(model, attempts, seed=seed, trained_at=trained_at), folder)
