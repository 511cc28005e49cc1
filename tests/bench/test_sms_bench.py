"""`outdial bench sms` measures what it says it measures."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

OUTDIAL = str(Path(sys.executable).with_name("outdial"))

pytestmark = pytest.mark.timeout(150)


async def bench_sms(*words: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        OUTDIAL,
        *("bench", "sms", "--json", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return json.loads(out)


async def test_every_text_goes_through_the_gateway_and_the_bare_client_has_the_same_carrier():
    measured = await bench_sms("--texts", "100", "--seconds", "1", "--per-second", "10")
    assert (measured["texts"], measured["states"]) == (100, {"delivered": 100})
    assert measured["waits"]["n"] == 10
    assert measured["receipts"]["given"] == measured["receipts"]["kept"] >= 10
    assert measured["receipts"]["of_nobody"] == 0
    # All receipts of the bare client have come too, those of texts on their way and second copies with them.
    assert measured["bare"]["texts"] == 1000
    assert measured["bare"]["receipts"] >= 1000
    assert measured["ratio"] == pytest.approx(measured["per_second"] / measured["bare"]["texts_per_second"])
    assert set(measured["cpu"]) == {"postgres", "valkey", "aws", "carrier", "gateway"}
