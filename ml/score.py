"""Scores a file of contacts for a date; `outdial model score` calls it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.attempts import HOURS, Contacts, codes_in, read_attempts, read_contacts, with_zones_of
from ml.columns import write_table
from ml.stored import load_model

LEAST = 1e-6
"""Nobody is certain not to answer, nor to answer."""


@dataclass(frozen=True)
class Scored:
    """How many contacts, how many of them had a past, and which traits of the model their file lacks."""

    contacts: int
    with_history: int
    missing_traits: tuple[str, ...]


def score_files(folder: Path, contacts_file: Path, attempts_file: Path, on: date, out: Path) -> Scored:
    """Write `contact_id, p00 … p23` for that local date, in the order of the contacts. Raises Unusable.

    Only attempts before that date count. An hour the clocks skip that day gets a value like any other:
    whether it exists is not the model's to say.
    """
    model, _ = load_model(folder)
    contacts, attempts = read_contacts(contacts_file), read_attempts(attempts_file)
    contacts = with_zones_of(contacts, attempts)
    write_table(_as_table(contacts, model.probabilities(contacts, attempts, on)), out)
    before = attempts.local_day < on.toordinal() - date(1970, 1, 1).toordinal()
    known = codes_in(attempts.contact_ids[np.unique(attempts.contact[before])], contacts.ids) >= 0
    there = {*contacts.segments, "timezone"}
    missing = sorted({trait.name for trait in model.traits} - there)
    return Scored(len(contacts), int(known.sum()), tuple(missing))


def _as_table(contacts: Contacts, probabilities: NDArray[np.float32]) -> pa.Table:
    rounded = np.clip(probabilities.astype(np.float64), LEAST, 1 - LEAST).round(6)
    hours = {f"p{hour:02d}": pa.array(rounded[:, hour]) for hour in range(HOURS)}
    return pa.table({"contact_id": pa.array(contacts.ids, pa.string()), **hours})
