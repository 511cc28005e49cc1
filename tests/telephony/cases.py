"""Every way in which a call can end, and what the dialer has to make of it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.telephony.called import (
    ANSWERS,
    EARLY_MEDIA,
    LEAVES,
    LEAVES_WITH_A_REASON,
    RINGS,
    SILENT,
    number,
    refuses,
    rings_and_refuses,
)
from tests.telephony.sides import DEAD_TRUNK, NUMBERS_EACH, TRUNK, VOICELESS


@dataclass(frozen=True)
class Case:
    """A call to the `nth` number that behaves so, over `trunk`, and the disposition it is to get."""

    name: str
    behaviour: str
    disposition: str
    trunk: str = TRUNK
    nth: int = 0
    caller_id: str | None = None

    @property
    def number(self) -> str:
        """Whom to call."""
        return number(self.behaviour, self.nth)


_REFUSALS = {
    402: "refused",
    403: "rejected",
    404: "invalid_number",
    408: "no_answer",
    410: "invalid_number",
    480: "no_answer",
    484: "invalid_number",
    486: "busy",
    487: "cancelled",
    488: "refused",
    500: "congestion",
    502: "congestion",
    503: "congestion",
    504: "congestion",
    600: "busy",
    603: "rejected",
    604: "invalid_number",
    607: "rejected",
    608: "rejected",
}

CASES = (
    Case("the campaign ends the call", ANSWERS, "answered"),
    Case("with a caller id", ANSWERS, "answered", nth=NUMBERS_EACH + 1, caller_id="+12025550100"),
    Case("the person hangs up", LEAVES, "answered"),
    Case("the person hangs up with a Q.850 cause", LEAVES_WITH_A_REASON, "answered"),
    Case("early media", EARLY_MEDIA, "answered"),
    Case("nobody answers", RINGS, "no_answer"),
    Case("the far end never replies", SILENT, "trunk_down"),
    Case("nobody listens at the far end", ANSWERS, "trunk_down", DEAD_TRUNK, nth=1),
    Case("no such endpoint", ANSWERS, "trunk_down", "nowhere", nth=2),
    Case("no audio port left", ANSWERS, "congestion", VOICELESS, nth=NUMBERS_EACH),
    *(Case(f"refused with {code}", refuses(code), ending) for code, ending in _REFUSALS.items()),
    *(
        Case(f"rings, then refused with {code}", rings_and_refuses(code), _REFUSALS[code])
        for code in (480, 486, 503, 603)
    ),
)
