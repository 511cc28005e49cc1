"""`outdial bench dialer` measures what it says it measures."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from outdial.bench.figures import NOTHING, Spread, spread_of

OUTDIAL = str(Path(sys.executable).with_name("outdial"))


@pytest.mark.timeout(120)
async def test_every_call_of_a_rate_is_placed_by_the_dialer_and_by_the_bare_client():
    process = await asyncio.create_subprocess_exec(
        OUTDIAL,
        *("bench", "dialer", "--telephony", "simulator", "--cps", "4", "--seconds", "5", "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    [measured] = [json.loads(line) for line in out.splitlines()]
    assert (measured["calls"], measured["endings"], measured["failed"]) == (20, {"answered": 20}, 0)
    for wait in ("slot_to_originate", "receipt_to_originate", "session_to_prompt"):
        assert measured[wait]["n"] == 20
    assert measured["receipt_to_originate"]["p50_ms"] >= measured["slot_to_originate"]["p50_ms"]
    assert set(measured["cpu"]) == {"postgres", "valkey", "aws", "simulator", "dialer"}
    assert (measured["bare"]["calls"], measured["bare"]["ended"]) == (20, 20)


def test_quantiles_are_by_nearest_rank():
    assert spread_of([]) == NOTHING
    assert spread_of([n / 8 for n in range(200, 0, -1)]) == Spread(200, 12_500, 24_750, 25_000)
