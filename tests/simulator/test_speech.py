"""What is made of what the called side says: as Asterisk 22 was seen to decide, and when."""

from __future__ import annotations

import pytest

from outdial.simulator.speech import Speech, Thresholds, greeting, hello, judge, silent_at_ms

USUAL = Thresholds()
WORDS = Speech(tuple((0.2 + 0.3 * nth, 0.35 + 0.3 * nth) for nth in range(9)))


@pytest.mark.parametrize(
    ("speech", "thresholds", "verdict"),
    [
        (hello(0.4, 0.7), USUAL, ("HUMAN", "HUMAN-800-800", 1900)),
        (greeting(0.2, 7, 0.5, 0.3), USUAL, ("MACHINE", "LONGGREETING-1500-1500", 1700)),
        (hello(0, 0), USUAL, ("MACHINE", "INITIALSILENCE-2500-2500", 2500)),
        (hello(0, 0), Thresholds(initial_silence_ms=9000), ("NOTSURE", "TOOLONG-5000", 5000)),
        (WORDS, USUAL, ("MACHINE", "MAXWORDS-3-2", 900)),
        (
            hello(0, 5),
            Thresholds(greeting_ms=4000, maximum_word_ms=600),
            ("MACHINE", "MAXWORDLENGTH-600", 600),
        ),
        (hello(0.2, 0.06), USUAL, ("MACHINE", "INITIALSILENCE-2500-2500", 2760)),
    ],
)
def test_the_verdict_follows_from_voice_and_silence(speech, thresholds, verdict) -> None:
    found = judge(speech, thresholds)
    assert (found.status, found.cause, found.at_ms) == verdict


def test_silence_is_waited_for_past_the_pause_before_the_beep() -> None:
    machine = greeting(0.2, 2.8, 0.5, 0.3)
    assert silent_at_ms(machine, 1500, 400) == 3400
    assert silent_at_ms(machine, 1500, 1000) == 4800
    assert silent_at_ms(machine, 9000, 1000) == 10_000


def test_arguments_left_out_keep_the_usual_thresholds() -> None:
    assert Thresholds.from_arguments(["", "1200", "x"]) == Thresholds(greeting_ms=1200)
