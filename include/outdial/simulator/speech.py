"""What the called side says on picking up, and what Asterisk's AMD() makes of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

FRAME_MS = 20


@dataclass(frozen=True, slots=True)
class Speech:
    """Stretches of sound, (begin, end) in seconds after the answer; all else is silence."""

    stretches: tuple[tuple[float, float], ...] = ()

    def sounds_at(self, ms: int) -> bool:
        """Is there sound so long after the answer?"""
        return any(begin * 1000 <= ms < end * 1000 for begin, end in self.stretches)


def hello(after_s: float, length_s: float) -> Speech:
    """A person, who may say nothing and wait."""
    return Speech(((after_s, after_s + length_s),) if length_s else ())


def greeting(after_s: float, length_s: float, pause_s: float, beep_s: float) -> Speech:
    """A machine: its greeting in one breath, a pause, its beep."""
    ends_at = after_s + length_s
    beeps_at = ends_at + pause_s
    return Speech(((after_s, ends_at), (beeps_at, beeps_at + beep_s)))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """AMD()'s arguments in their order, as they are where neither call nor amd.conf says otherwise."""

    initial_silence_ms: int = 2500
    greeting_ms: int = 1500
    after_greeting_silence_ms: int = 800
    total_analysis_ms: int = 5000
    minimum_word_ms: int = 100
    between_words_silence_ms: int = 50
    maximum_words: int = 2
    silence_threshold: int = 256
    maximum_word_ms: int = 5000

    @classmethod
    def from_arguments(cls, arguments: list[str]) -> Self:
        """Those that are numbers; the others keep their values."""
        names = [field.name for field in fields(cls)]
        given = zip(names, arguments, strict=False)
        return cls(**{name: int(text) for name, text in given if text.strip().isdecimal()})


@dataclass(frozen=True, slots=True)
class Verdict:
    """AMDSTATUS, AMDCAUSE, and how long after the answer AMD() has them."""

    status: str
    cause: str
    at_ms: int


def judge(speech: Speech, thresholds: Thresholds) -> Verdict:
    """What AMD() says of a call it hears from the answer on, frame by frame."""
    ear = _Ear(thresholds)
    for at_ms in range(FRAME_MS, thresholds.total_analysis_ms, FRAME_MS):
        sounds = speech.sounds_at(at_ms - FRAME_MS)
        found = ear.hear_sound() if sounds else ear.hear_silence()
        if found is not None:
            return Verdict(*found, at_ms)
    return Verdict("NOTSURE", f"TOOLONG-{thresholds.total_analysis_ms}", thresholds.total_analysis_ms)


def silent_at_ms(speech: Speech, from_ms: int, silence_ms: int) -> int:
    """When, after the answer, there has been `silence_ms` of silence for one who listens from `from_ms`."""
    at_ms, silence = from_ms, 0
    while silence < silence_ms:
        silence = 0 if speech.sounds_at(at_ms) else silence + FRAME_MS
        at_ms += FRAME_MS
    return at_ms


class _Ear:
    """Adds up sound and silence. AMD() begins as if in a word, which it does not count."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._of = thresholds
        self._silence = self._word = self._sound = self._words = 0
        self._is_in_word = True
        self._was_greeted = False

    def hear_silence(self) -> tuple[str, str] | None:
        self._silence += FRAME_MS
        if self._silence >= self._of.between_words_silence_ms:
            self._is_in_word, self._word = False, 0
        if not self._was_greeted and self._silence >= self._of.initial_silence_ms:
            return "MACHINE", f"INITIALSILENCE-{self._silence}-{self._of.initial_silence_ms}"
        if self._was_greeted and self._silence >= self._of.after_greeting_silence_ms:
            return "HUMAN", f"HUMAN-{self._silence}-{self._of.after_greeting_silence_ms}"
        return None

    def hear_sound(self) -> tuple[str, str] | None:
        self._silence = 0
        self._word += FRAME_MS
        self._sound += FRAME_MS
        is_word = self._word >= self._of.minimum_word_ms
        if is_word and not self._is_in_word:
            self._words += 1
            self._is_in_word = True
        if self._word >= self._of.maximum_word_ms:
            return "MACHINE", f"MAXWORDLENGTH-{self._word}"
        if self._words > self._of.maximum_words:
            return "MACHINE", f"MAXWORDS-{self._words}-{self._of.maximum_words}"
        if self._was_greeted and self._sound >= self._of.greeting_ms:
            return "MACHINE", f"LONGGREETING-{self._sound}-{self._of.greeting_ms}"
        self._was_greeted = self._was_greeted or is_word
        return None
