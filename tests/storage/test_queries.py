"""Statements and the code that names them agree, statement by statement."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import outdial.storage
from outdial.storage.queries import load_queries

FOLDER = Path(outdial.storage.__file__).parent
NOUNS = sorted(path.stem for path in FOLDER.glob("*.sql"))


@pytest.mark.parametrize("noun", NOUNS)
def test_every_statement_has_a_name_a_sentence_and_a_user(noun: str):
    queries = load_queries(noun)
    quoted = set(re.findall(r'"([a-z_]+)"', (FOLDER / f"{noun}.py").read_text("utf-8")))

    assert set(queries) <= quoted
    assert all(body.startswith("-- ") for body in queries.values())
