"""How long calls wait in a dialer: said every minute and at its end, for operators and for benchmarks."""

from __future__ import annotations

import asyncio
from collections import Counter
from enum import StrEnum
from math import ceil

from outdial.storage.cancellation import raise_if_cancelled
from outdial.telemetry.logs import get_logger

SAY_EVERY_S = 60.0

log = get_logger(__name__)


class Wait(StrEnum):
    """Between which two moments."""

    SLOT_TO_ORIGINATE = "slotToOriginate"
    RECEIPT_TO_ORIGINATE = "receiptToOriginate"
    """From SQS's answer to the originate: the wait for the pace is in it."""
    SESSION_TO_PROMPT = "sessionToPrompt"
    """From Asterisk's FastAGI connection, which follows the answer, to the first prompt we ask it for."""


class Timings:
    """Waits of one dialer, in whole milliseconds, rounded up."""

    def __init__(self) -> None:
        """Nothing has waited yet."""
        self._latest = _no_waits()
        self._all = _no_waits()

    def note(self, wait: Wait, seconds: float) -> None:
        """Something waited so long; what came too early did not wait."""
        milliseconds = ceil(max(seconds, 0) * 1000)
        self._latest[wait][milliseconds] += 1
        self._all[wait][milliseconds] += 1

    async def run(self) -> None:
        """Say every minute how long calls have waited in it; endless, cancelled by its owner."""
        while True:
            raise_if_cancelled()
            await asyncio.sleep(SAY_EVERY_S)
            _say("waits of the last minute", self._latest)
            self._latest = _no_waits()

    def say_all(self) -> None:
        """Say how long calls have waited since the dialer began."""
        _say("waits in all", self._all)


def _no_waits() -> dict[Wait, Counter[int]]:
    return {wait: Counter() for wait in Wait}


def _say(event: str, waits: dict[Wait, Counter[int]]) -> None:
    if any(waits.values()):
        log.info(event, **{wait.value: _spread(counts) for wait, counts in waits.items() if counts})


def _spread(counts: Counter[int]) -> dict[str, int]:
    return {
        "n": counts.total(),
        "p50Ms": _quantile(counts, 0.5),
        "p99Ms": _quantile(counts, 0.99),
        "maxMs": max(counts),
    }


def _quantile(counts: Counter[int], share: float) -> int:
    """The least wait that at least this share of all waits does not exceed."""
    wanted, seen = ceil(share * counts.total()), 0
    for milliseconds in sorted(counts):
        seen += counts[milliseconds]
        if seen >= wanted:
            return milliseconds
    return 0
