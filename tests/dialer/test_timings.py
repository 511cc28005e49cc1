"""What operators and benchmarks learn about waits."""

from __future__ import annotations

import structlog

from outdial.dialer.timings import Timings, Wait


def test_a_quantile_is_the_least_wait_that_its_share_of_calls_does_not_exceed():
    timings = Timings()
    for milliseconds in range(1, 201):
        timings.note(Wait.SLOT_TO_ORIGINATE, milliseconds / 1000)
    timings.note(Wait.RECEIPT_TO_ORIGINATE, -0.004)
    with structlog.testing.capture_logs() as logs:
        timings.say_all()
    [said] = logs
    assert said["slotToOriginate"] == {"n": 200, "p50Ms": 100, "p99Ms": 198, "maxMs": 200}
    assert said["receiptToOriginate"] == {"n": 1, "p50Ms": 0, "p99Ms": 0, "maxMs": 0}
    assert "sessionToPrompt" not in said


def test_a_dialer_that_placed_no_call_says_nothing_of_waits():
    with structlog.testing.capture_logs() as logs:
        Timings().say_all()
    assert logs == []
