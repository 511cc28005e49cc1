"""The parts of texts that come in several, until all of one are there; used by `smpp_deliveries`.

Nothing is acknowledged by this: what is in memory alone may be lost, and is brought again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from outdial.sms.carriers.smpp_incoming import IncomingPart

MOST_PARTS = 2000
"""How many are kept in all. A part is about 140 octets, and 65,535 at the very most."""

COMPLETE_WITHIN_S = 120.0
"""Parts of one text come within seconds, unless a network repeats one. Then what is there is passed on."""

REMEMBERED_S = 1800.0
"""For how long a part that was turned away may come again after its text was passed on."""

TextKey = tuple[str, str, int, int]
"""Whose text, to which number of ours, its reference and how many parts it has."""


class Standing(Enum):
    """How it stands with a text after one more part."""

    WAITING = auto()
    """Others are missing."""
    WHOLE = auto()
    """All are there, and are to be passed on."""
    KNOWN = auto()
    """The text was passed on with this very part."""
    LATE = auto()
    """The text was passed on without this part, which is to be passed on alone."""
    NO_ROOM = auto()
    """It was not kept: too much is waiting, or another text of the same reference is."""


@dataclass
class _Text:
    begun_at_s: float
    parts: dict[int, IncomingPart] = field(default_factory=dict[int, IncomingPart])
    passed_on_at_s: float | None = None


def key_of(part: IncomingPart) -> TextKey:
    """Which text a part with a place belongs to."""
    if part.place is None:
        raise ValueError("a part without a place belongs to no text")
    return part.phone, part.sent_to, part.place.reference, part.place.total


class Joining:
    """Texts of which parts have come. Times are any clock's that only goes forward, in seconds."""

    def __init__(self, most_parts: int = MOST_PARTS) -> None:
        self._texts: dict[TextKey, _Text] = {}
        self._most_parts = most_parts

    def add(self, part: IncomingPart, now_s: float) -> Standing:
        """Take in one part; it comes again, and in any order."""
        self._forget(now_s)
        key, number = key_of(part), part.place.number if part.place else 0
        text = self._texts.get(key)
        if text is not None and text.passed_on_at_s is not None:
            if text.parts.get(number) == part:
                return Standing.KNOWN
            if number not in text.parts:
                return Standing.LATE
            # Another text of the same person: telephones count references to 255 and begin anew.
            del self._texts[key]
            text = None
        text = text or _Text(now_s)
        if text.parts.get(number, part) != part or (number not in text.parts and not self._has_room()):
            return Standing.NO_ROOM
        self._texts[key] = text
        text.parts[number] = part
        return Standing.WHOLE if len(text.parts) == key[-1] else Standing.WAITING

    def parts(self, key: TextKey) -> Sequence[IncomingPart]:
        """The parts that are there, in the text's order."""
        parts = self._texts[key].parts
        return [parts[number] for number in sorted(parts)]

    def passed_on(self, key: TextKey, now_s: float, *late: IncomingPart) -> None:
        """Say that a text has been kept elsewhere, with `late` parts where these came after the others."""
        text = self._texts[key]
        text.passed_on_at_s = now_s
        text.parts |= {part.place.number: part for part in late if part.place}

    def overdue(self, now_s: float) -> Sequence[TextKey]:
        """The texts that are to be passed on as they are, since no more of them will come."""
        return [
            key
            for key, text in self._texts.items()
            if text.passed_on_at_s is None and now_s - text.begun_at_s > COMPLETE_WITHIN_S
        ]

    def _has_room(self) -> bool:
        if self._count() >= self._most_parts:
            self._forget_one_passed_on()
        return self._count() < self._most_parts

    def _count(self) -> int:
        return sum(len(text.parts) for text in self._texts.values())

    def _forget(self, now_s: float) -> None:
        for key, text in list(self._texts.items()):
            if text.passed_on_at_s is not None and now_s - text.passed_on_at_s > REMEMBERED_S:
                del self._texts[key]

    def _forget_one_passed_on(self) -> None:
        passed_on = next((key for key, text in self._texts.items() if text.passed_on_at_s is not None), None)
        if passed_on is not None:
            del self._texts[passed_on]
