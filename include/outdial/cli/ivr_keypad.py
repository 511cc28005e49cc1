"""The keyboard as keypad for `outdial ivr try`: key by key in a terminal, line by line from a pipe."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from outdial.domain.ivr.flow import KEYS

ALL_KEYS = KEYS
YES_OR_NO = "yn"
SILENCE = "\n"
KEYS_AT = f"{'':16} > "
_HANG_UP = frozenset("hqHQ\x03\x04")
_ENTER = frozenset("\r\n")


class HungUp(Exception):
    """The person at the keyboard put the telephone down."""


class Keypad(Protocol):
    """Where keys come from. Both kinds raise HungUp."""

    def next_prompt(self) -> None:
        """Another prompt begins: what was done at the last one is over."""

    def end_prompt(self) -> None:
        """No more keys are taken at this prompt."""

    def key(self, accepted: str, timeout_s: float) -> str | None:
        """The next key of `accepted`; None for silence, which may also be `timeout_s` long."""


@dataclass
class Terminal:
    """Key by key, as they are pressed. Enter is silence; in real time silence comes by itself."""

    descriptor: int
    real_time: bool

    def next_prompt(self) -> None:
        """Say that keys are taken."""
        _echo(KEYS_AT)

    def end_prompt(self) -> None:
        """End the line of keys."""
        _echo("\n")

    def key(self, accepted: str, timeout_s: float) -> str | None:
        """The next key that counts; others are not heard."""
        ends_at = time.monotonic() + timeout_s
        while True:
            left_s = max(ends_at - time.monotonic(), 0) if self.real_time else None
            ready, _, _ = select.select([self.descriptor], [], [], left_s)
            pressed = os.read(self.descriptor, 1).decode("ascii", "replace") if ready else SILENCE
            if not pressed or pressed in _HANG_UP:
                raise HungUp
            if pressed in _ENTER:
                return None
            if pressed in accepted:
                _echo(pressed)
                return pressed


@dataclass
class Lines:
    """A line for each prompt, with the keys pressed at it; `hangup` hangs up. After the last, silence."""

    lines: Iterator[str]
    _left: str = field(default="", init=False)

    def next_prompt(self) -> None:
        """Read the line of this prompt."""
        line = next(self.lines, "").strip()
        if line.lower() == "hangup":
            raise HungUp
        self._left = line

    def end_prompt(self) -> None:
        """What was not heard is lost."""
        self._left = ""

    def key(self, accepted: str, timeout_s: float) -> str | None:  # noqa: ARG002 - nobody waits for a pipe
        """The next key of the line that counts."""
        while self._left:
            pressed, self._left = self._left[0], self._left[1:]
            if pressed in accepted:
                return pressed
        return None


@contextmanager
def open_keypad(*, real_time: bool) -> Generator[Keypad]:
    """The terminal, its keys one by one, until the block ends; or standard input where that is a pipe."""
    if not sys.stdin.isatty():
        yield Lines(iter(sys.stdin))
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield Terminal(descriptor, real_time)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _echo(text: str) -> None:
    """Beside the answer, which programs read."""
    print(text, end="", file=sys.stderr, flush=True)
