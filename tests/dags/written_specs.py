"""Specs as the bundle renders them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

EVERY_DAY = {"dayOfWeek": [0, 1, 2, 3, 4, 5, 6], "startHour": 0, "endHour": 24}


def write_spec(folder: Path, slug: str, **changes: Any) -> Path:
    """One good voice campaign that is started by hand, but for `changes`."""
    spec = {
        "id": str(uuid4()),
        "slug": slug,
        "name": slug.replace("_", " ").capitalize(),
        "type": "voice",
        "timezone": "America/New_York",
        "startTime": None,
        "endTime": None,
        "schedule": None,
        "createdAt": "2026-03-01T12:00:00+00:00",
        "callingWindows": [EVERY_DAY],
        "maxConcurrentCalls": 60,
        "maxAttemptsPerContact": 3,
    }
    file = folder / f"{slug}.json"
    file.write_text(json.dumps(spec | changes), "utf-8")
    return file
